//! How many runs each contract has under way, and what memory they and all others have.

use crate::{
    keyed::IdMap,
    limits::{PAGE_BYTES, in_memory},
};
use phat_protocol::ContractId;
use std::collections::hash_map::Entry;
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU32, Ordering::Relaxed},
};
use tokio::sync::Semaphore;

/// The places that contracts have for their runs, and the linear memory that there is for all guests, in
/// pages of 64 KiB.
#[derive(Debug)]
pub(crate) struct Places {
    pages: Semaphore,
    /// The most that the runs of one contract have together.
    pages_of_a_contract: u32,
    contracts: Mutex<IdMap<ContractId, Arc<Taken>>>,
}

/// What the runs of one contract have together. It is forgotten when that is nothing.
#[derive(Debug, Default)]
struct Taken {
    /// Grows under the lock of the map that this is in, so that who brings it to nothing and then holds the
    /// lock sees whether it still is.
    runs: AtomicU32,
    pages: AtomicU32,
}

/// A run's place, and what it has of the memory, until it is dropped. That only grows: what a frame leaves is
/// there for the next one of the same run.
#[derive(Debug)]
pub(crate) struct Place {
    all: Arc<Places>,
    contract: ContractId,
    taken: Arc<Taken>,
    /// Pages that count as the contract's.
    counted: u32,
    /// Those of them that were taken of all.
    held: u32,
}

impl Places {
    /// So many pages for all, and at most so many for one contract.
    pub(crate) fn new(pages: u32, pages_of_a_contract: u32) -> Arc<Self> {
        let pages = Semaphore::new(in_memory(pages).min(Semaphore::MAX_PERMITS));
        Arc::new(Self { pages, pages_of_a_contract, contracts: Mutex::default() })
    }

    /// Takes a place unless the contract has as many as it may.
    pub(crate) fn take(self: &Arc<Self>, contract: ContractId, most: u32) -> Option<Place> {
        if most == 0 {
            return None;
        }
        let mut contracts = self.contracts();
        let taken = contracts.entry(contract).or_default();
        if taken.runs.load(Relaxed) >= most {
            return None;
        }
        taken.runs.fetch_add(1, Relaxed);
        let taken = Arc::clone(taken);
        drop(contracts);
        Some(Place { all: Arc::clone(self), contract, taken, counted: 0, held: 0 })
    }

    fn contracts(&self) -> MutexGuard<'_, IdMap<ContractId, Arc<Taken>>> {
        self.contracts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits, first come, first served, for so many pages, which are no more than there are; false, at once,
    /// where the contract would have more than it may.
    pub(crate) async fn begin(&mut self, pages: u32) -> bool {
        if !self.count(pages) {
            return false;
        }
        let permits = match self.all.pages.try_acquire_many(pages) {
            Ok(permits) => Ok(permits),
            Err(_) => self.all.pages.acquire_many(pages).await,
        };
        let Ok(permits) = permits else { return false };
        permits.forget();
        self.held = self.held.saturating_add(pages);
        true
    }

    /// Has the run hold at least so many bytes, where there are as many; at once, or not at all.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let pages = u32::try_from(bytes.div_ceil(in_memory(PAGE_BYTES))).unwrap_or(u32::MAX);
        let more = pages.saturating_sub(self.held);
        if more == 0 {
            return true;
        }
        let all = Arc::clone(&self.all);
        let Ok(permits) = all.pages.try_acquire_many(more) else { return false };
        if !self.count(more) {
            return false;
        }
        permits.forget();
        self.held = self.held.saturating_add(more);
        true
    }

    /// Counts pages as the contract's, unless it would have more than it may.
    fn count(&mut self, more: u32) -> bool {
        let most = self.all.pages_of_a_contract;
        let fits = |pages: u32| pages.checked_add(more).filter(|pages| *pages <= most);
        let fits = self.taken.pages.fetch_update(Relaxed, Relaxed, fits).is_ok();
        if fits {
            self.counted = self.counted.saturating_add(more);
        }
        fits
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.pages.fetch_sub(self.counted, Relaxed);
        self.all.pages.add_permits(in_memory(self.held));
        if self.taken.runs.fetch_sub(1, Relaxed) == 1 {
            let mut contracts = self.all.contracts();
            // Another run may have come meanwhile, and gone, and yet another be in an entry of its own.
            if let Entry::Occupied(entry) = contracts.entry(self.contract)
                && Arc::ptr_eq(entry.get(), &self.taken)
                && entry.get().runs.load(Relaxed) == 0
            {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const A: ContractId = ContractId([1; 32]);
    const B: ContractId = ContractId([2; 32]);
    const PAGE: usize = 64 * 1024;

    /// A run of the contract that has so many pages; none where it waits for them, or may not have them.
    fn begin(places: &Arc<Places>, contract: ContractId, pages: u32) -> Option<Option<Place>> {
        let mut place = places.take(contract, u32::MAX).unwrap();
        let begun = place.begin(pages).now_or_never()?;
        Some(begun.then_some(place))
    }

    #[test]
    fn a_contract_has_as_many_places_as_it_may_and_others_have_theirs() {
        let places = Places::new(1, 1);
        let held = [places.take(A, 2), places.take(A, 2)];
        assert!(held.iter().all(Option::is_some));
        assert!(places.take(A, 2).is_none());
        assert!(places.take(B, 2).is_some());
        drop(held);
        assert!(places.contracts().is_empty());
        assert!(places.take(A, 1).is_some());
        assert!(places.take(A, 0).is_none());
        assert!(places.contracts().is_empty());
    }

    #[test]
    fn places_that_are_taken_and_left_on_many_threads_are_counted_and_forgotten() {
        let places = Places::new(64, 64);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let Some(place) = places.take(A, 3) else { continue };
                        assert!(place.taken.runs.load(Relaxed) <= 3);
                        // Whoever has a place is found in the map, so that the next one is counted with it.
                        assert!(places.contracts().get(&A).is_some_and(|taken| Arc::ptr_eq(taken, &place.taken)));
                    }
                });
            }
        });
        assert!(places.contracts().is_empty());
    }

    #[test]
    fn memory_grows_as_far_as_there_is_some_and_is_given_back() {
        let places = Places::new(4, 4);
        let mut first = begin(&places, A, 2).flatten().unwrap();
        let second = begin(&places, B, 1).flatten().unwrap();
        assert!(first.grow(PAGE), "it has as much");
        assert!(first.grow(2 * PAGE + 1), "there is one more");
        assert!(!first.grow(4 * PAGE), "that one is another's");
        assert!(begin(&places, B, 1).is_none(), "it waits");
        drop(second);
        assert!(first.grow(4 * PAGE));
        drop(first);
        assert!(begin(&places, B, 4).flatten().is_some());
        assert!(places.contracts().is_empty());
        assert_eq!(places.pages.available_permits(), 4);
    }

    #[test]
    fn a_contract_leaves_memory_to_others() {
        let places = Places::new(4, 2);
        let mut first = begin(&places, A, 1).flatten().unwrap();
        assert!(begin(&places, A, 2).unwrap().is_none(), "at once");
        let second = begin(&places, A, 1).flatten().unwrap();
        assert!(!first.grow(2 * PAGE));
        drop(second);
        assert!(first.grow(2 * PAGE));
        let others = begin(&places, B, 2).flatten();
        assert!(others.is_some());
        assert!(begin(&places, ContractId([3; 32]), 1).is_none(), "it waits");
        drop((first, others));
        assert!(places.contracts().is_empty());
        assert_eq!(places.pages.available_permits(), 4);
        assert!(begin(&places, A, 2).flatten().is_some());
    }
}
