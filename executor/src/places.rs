//! How many runs each contract has under way, and what memory all of them have.

use crate::limits::{PAGE_BYTES, in_memory};
use phat_protocol::ContractId;
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places that contracts have taken for their runs.
#[derive(Debug, Default)]
pub(crate) struct Places {
    taken: Mutex<HashMap<ContractId, u32>>,
}

/// A run's place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    places: &'a Places,
    contract: ContractId,
}

impl Places {
    /// Takes a place unless the contract has as many as it may.
    pub(crate) fn take(&self, contract: ContractId, most: u32) -> Option<Place<'_>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_contract = taken.get(&contract).copied().unwrap_or(0);
        if of_contract >= most {
            return None;
        }
        taken.insert(contract, of_contract + 1);
        Some(Place { places: self, contract })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        leave(&mut self.places.taken.lock().unwrap_or_else(PoisonError::into_inner), self.contract, 1);
    }
}

/// The linear memory that there is for all guests, in pages of 64 KiB.
#[derive(Debug)]
pub(crate) struct GuestMemory {
    pages: Arc<Semaphore>,
    /// The most that the runs of one contract have together.
    of_a_contract: u32,
    taken: Mutex<HashMap<ContractId, u32>>,
}

/// What a run has of it, until it is dropped. It only grows: what a frame leaves is there for the
/// next one of the same run.
#[derive(Debug)]
pub(crate) struct MemoryShare {
    all: Arc<GuestMemory>,
    contract: ContractId,
    pages: u32,
    held: Option<OwnedSemaphorePermit>,
}

impl GuestMemory {
    pub(crate) fn new(pages: u32, of_a_contract: u32) -> Arc<Self> {
        let pages = Arc::new(Semaphore::new(in_memory(pages).min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { pages, of_a_contract, taken: Mutex::default() })
    }

    /// Waits, first come, first served, for so many pages, which are no more than there are; nothing, at
    /// once, where the contract would have more than it may.
    pub(crate) async fn take(self: &Arc<Self>, contract: ContractId, pages: u32) -> Option<MemoryShare> {
        let mut share = MemoryShare { all: Arc::clone(self), contract, pages: 0, held: None };
        if !share.count(pages) {
            return None;
        }
        share.held = Some(Arc::clone(&self.pages).acquire_many_owned(pages).await.ok()?);
        Some(share)
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<ContractId, u32>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryShare {
    /// Has the run hold at least so many bytes, where there are as many; at once, or not at all.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let pages = u32::try_from(bytes.div_ceil(in_memory(PAGE_BYTES))).unwrap_or(u32::MAX);
        let more = pages.saturating_sub(self.pages);
        if more == 0 {
            return true;
        }
        let Ok(pages) = Arc::clone(&self.all.pages).try_acquire_many_owned(more) else { return false };
        if !self.count(more) {
            return false;
        }
        match &mut self.held {
            Some(held) => held.merge(pages),
            None => self.held = Some(pages),
        }
        true
    }

    /// Counts pages as the contract's, unless it would have more than it may.
    fn count(&mut self, more: u32) -> bool {
        let mut taken = self.all.taken();
        let of_contract = taken.get(&self.contract).copied().unwrap_or(0).saturating_add(more);
        let fits = of_contract <= self.all.of_a_contract;
        if fits && more > 0 {
            taken.insert(self.contract, of_contract);
            self.pages = self.pages.saturating_add(more);
        }
        fits
    }
}

impl Drop for MemoryShare {
    fn drop(&mut self) {
        leave(&mut self.all.taken(), self.contract, self.pages);
    }
}

/// Takes so much off what a contract has, which is forgotten when that is all.
fn leave(taken: &mut HashMap<ContractId, u32>, contract: ContractId, less: u32) {
    if let Entry::Occupied(mut entry) = taken.entry(contract) {
        *entry.get_mut() = entry.get().saturating_sub(less);
        if *entry.get() == 0 {
            entry.remove();
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

    #[test]
    fn a_contract_has_as_many_places_as_it_may_and_others_have_theirs() {
        let places = Places::default();
        let held = [places.take(A, 2), places.take(A, 2)];
        assert!(held.iter().all(Option::is_some));
        assert!(places.take(A, 2).is_none());
        assert!(places.take(B, 2).is_some());
        drop(held);
        assert!(places.taken.lock().unwrap().is_empty());
        assert!(places.take(A, 1).is_some());
    }

    #[test]
    fn memory_grows_as_far_as_there_is_some_and_is_given_back() {
        let memory = GuestMemory::new(4, 4);
        let take = |contract, pages| memory.take(contract, pages).now_or_never().flatten();
        let mut first = take(A, 2).unwrap();
        let second = take(B, 1).unwrap();
        assert!(first.grow(PAGE), "it has as much");
        assert!(first.grow(2 * PAGE + 1), "there is one more");
        assert!(!first.grow(4 * PAGE), "that one is another's");
        assert!(take(B, 1).is_none());
        drop(second);
        assert!(first.grow(4 * PAGE));
        drop(first);
        assert!(take(B, 4).is_some());
        assert!(memory.taken().is_empty());
    }

    #[test]
    fn a_contract_leaves_memory_to_others() {
        let memory = GuestMemory::new(4, 2);
        let take = |contract, pages| memory.take(contract, pages).now_or_never();
        let mut first = take(A, 1).unwrap().unwrap();
        assert!(take(A, 2).unwrap().is_none(), "at once");
        let second = take(A, 1).unwrap().unwrap();
        assert!(!first.grow(2 * PAGE));
        drop(second);
        assert!(first.grow(2 * PAGE));
        let others = take(B, 2).unwrap();
        assert!(others.is_some());
        assert!(take(ContractId([3; 32]), 1).is_none(), "it waits");
        drop((first, others));
        assert!(memory.taken().is_empty());
        assert!(take(A, 2).unwrap().is_some());
    }
}
