//! What contracts keep beside their storage: forgotten when it is old, when the process ends, or when
//! there is too much of it, and so never to be trusted.

use crate::{
    CacheLimits,
    limits::in_memory,
    secrets::Origins,
    storage::{ENTRY_BYTES, size},
};
use phat_protocol::ContractId;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

/// A value, and where a run may send requests that knows it; anywhere, unless it was kept by one that had
/// read a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) value: Vec<u8>,
    pub(crate) sendable: Option<Origins>,
}

/// The contract's share is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Entries by contract, whoever calls it. Times are unix milliseconds.
#[derive(Debug)]
pub(crate) struct LocalCache {
    limits: CacheLimits,
    /// Of contracts that have other limits.
    special: BTreeMap<ContractId, CacheLimits>,
    /// Of all contracts together, in bytes.
    most_bytes: usize,
    shelves: Mutex<Shelves>,
}

#[derive(Debug, Default)]
struct Shelves {
    by_contract: HashMap<ContractId, Shelf>,
    bytes: usize,
    uses: u64,
}

#[derive(Debug, Default)]
struct Shelf {
    entries: BTreeMap<Vec<u8>, Entry>,
    bytes: usize,
    used: u64,
}

#[derive(Debug)]
struct Entry {
    value: Kept,
    expires_at: u64,
}

impl LocalCache {
    pub(crate) fn new(limits: CacheLimits, special: BTreeMap<ContractId, CacheLimits>, most_bytes: usize) -> Self {
        Self { limits, special, most_bytes, shelves: Mutex::default() }
    }

    /// Keeps a value for the default time. Where the contract's share is full, what has expired goes
    /// first; where all shares together are, the contracts that were used longest ago lose theirs.
    pub(crate) fn set(&self, contract: ContractId, key: Vec<u8>, value: Kept, now: u64) -> Result<(), Full> {
        let bytes = size(&key, Some(&value.value));
        let limits = self.special.get(&contract).unwrap_or(&self.limits);
        let quota = in_memory(limits.contract_bytes).min(self.most_bytes);
        self.on_shelf(contract, |shelf| {
            shelf.remove(&key);
            if shelf.bytes.saturating_add(bytes) > quota {
                shelf.forget_expired(now);
            }
            if shelf.bytes.saturating_add(bytes) > quota {
                return Err(Full);
            }
            let lifetime = u64::try_from(limits.lifetime.as_millis()).unwrap_or(u64::MAX);
            shelf.entries.insert(key, Entry { value, expires_at: now.saturating_add(lifetime) });
            shelf.bytes += bytes;
            Ok(())
        })
    }

    /// Has a value expire in so many seconds; at once with none. What has expired stays so.
    pub(crate) fn set_expiration(&self, contract: ContractId, key: &[u8], seconds: u64, now: u64) {
        self.on_shelf(contract, |shelf| {
            if let Some(entry) = shelf.entries.get_mut(key).filter(|entry| entry.expires_at > now) {
                entry.expires_at = now.saturating_add(seconds.saturating_mul(1000));
            }
        });
    }

    pub(crate) fn get(&self, contract: ContractId, key: &[u8], now: u64) -> Option<Kept> {
        self.on_shelf(contract, |shelf| {
            shelf.entries.get(key).filter(|entry| entry.expires_at > now).map(|entry| entry.value.clone())
        })
    }

    /// Removes a value and gives it, unless it has expired.
    pub(crate) fn remove(&self, contract: ContractId, key: &[u8], now: u64) -> Option<Kept> {
        let entry = self.on_shelf(contract, |shelf| shelf.remove(key))?;
        (entry.expires_at > now).then_some(entry.value)
    }

    /// Does what a transaction put off.
    pub(crate) fn apply(&self, deferred: Deferred, now: u64) {
        for (contract, change) in deferred.changes {
            match change {
                Change::Set { key, value } => {
                    // The share may be full by now: that is no fault of a transaction that has ended.
                    let _ = self.set(contract, key, Kept { value, sendable: None }, now);
                }
                Change::SetExpiration { key, seconds } => self.set_expiration(contract, &key, seconds, now),
                Change::Remove { key } => {
                    self.remove(contract, &key, now);
                }
            }
        }
    }

    /// Works on a contract's shelf, which is made for that and goes when it is empty.
    fn on_shelf<T>(&self, contract: ContractId, work: impl FnOnce(&mut Shelf) -> T) -> T {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.uses += 1;
        let there = shelves.by_contract.remove(&contract);
        shelves.bytes = shelves.bytes.saturating_sub(there.as_ref().map_or(0, Shelf::taken));
        let mut shelf = there.unwrap_or_default();
        shelf.used = shelves.uses;
        let result = work(&mut shelf);
        if !shelf.entries.is_empty() {
            shelves.make_room(shelf.taken(), self.most_bytes);
            shelves.bytes = shelves.bytes.saturating_add(shelf.taken());
            shelves.by_contract.insert(contract, shelf);
        }
        result
    }
}

impl Shelves {
    fn make_room(&mut self, bytes: usize, most: usize) {
        while self.bytes.saturating_add(bytes) > most {
            let oldest = self.by_contract.iter().min_by_key(|(_, shelf)| shelf.used).map(|(contract, _)| *contract);
            let Some(dropped) = oldest.and_then(|oldest| self.by_contract.remove(&oldest)) else { break };
            self.bytes = self.bytes.saturating_sub(dropped.taken());
        }
    }
}

impl Shelf {
    /// The shelf itself counts as an entry.
    fn taken(&self) -> usize {
        self.bytes.saturating_add(ENTRY_BYTES)
    }

    fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.bytes = self.bytes.saturating_sub(size(key, Some(&entry.value.value)));
        Some(entry)
    }

    fn forget_expired(&mut self, now: u64) {
        let bytes = &mut self.bytes;
        self.entries.retain(|key, entry| {
            let lives = entry.expires_at > now;
            if !lives {
                *bytes = bytes.saturating_sub(size(key, Some(&entry.value.value)));
            }
            lives
        });
    }
}

/// What a transaction, which reads no secrets, would do to the cache.
#[derive(Debug)]
pub(crate) enum Change {
    Set { key: Vec<u8>, value: Vec<u8> },
    SetExpiration { key: Vec<u8>, seconds: u64 },
    Remove { key: Vec<u8> },
}

/// Changes that are put off until a transaction has succeeded.
#[derive(Debug, Default)]
pub(crate) struct Deferred {
    changes: Vec<(ContractId, Change)>,
    bytes: usize,
}

impl Deferred {
    /// Adds a change, unless it makes them more than `most` bytes.
    pub(crate) fn push(&mut self, contract: ContractId, change: Change, most: usize) -> Result<(), Full> {
        let bytes = self.bytes.saturating_add(taken(&change));
        if bytes > most {
            return Err(Full);
        }
        self.bytes = bytes;
        self.changes.push((contract, change));
        Ok(())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.changes.len()
    }

    /// Forgets all but the first `count`.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.changes.truncate(count);
        self.bytes = self.changes.iter().map(|(_, change)| taken(change)).sum();
    }
}

fn taken(change: &Change) -> usize {
    match change {
        Change::Set { key, value } => size(key, Some(value)),
        Change::SetExpiration { key, .. } | Change::Remove { key } => size(key, None),
    }
}

#[cfg(test)]
mod tests;
