//! What was read of contracts and is kept in memory: their code, and their state and secrets at one
//! revision, unsealed and decoded once and shared by all runs.

use super::records::Committed;
use phat_protocol::{CodeHash, ContractId};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// The most bytes of all code, and as many of all state, that are kept.
const KEPT_BYTES: usize = 64 * 1024 * 1024;
/// The most entries of each, which bounds the search for the oldest.
const KEPT_ENTRIES: usize = 1024;
/// What an entry of a state takes beside its key and value, in bytes, about.
const STATE_ENTRY_BYTES: usize = 128;

/// Code by its hash, and state and secrets by what identifies them: a contract has one of both at a
/// revision, for ever.
#[derive(Debug)]
pub(super) struct Loaded {
    code: Mutex<Recent<CodeHash, Arc<[u8]>>>,
    committed: Mutex<Recent<(ContractId, u64), Committed>>,
}

impl Default for Loaded {
    fn default() -> Self {
        Self { code: Mutex::new(Recent::new(KEPT_BYTES)), committed: Mutex::new(Recent::new(KEPT_BYTES)) }
    }
}

impl Loaded {
    pub(super) fn code(&self, hash: CodeHash) -> Option<Arc<[u8]>> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner).get(&hash)
    }

    pub(super) fn keep_code(&self, hash: CodeHash, code: &Arc<[u8]>) {
        let mut kept = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(hash, Arc::clone(code), code.len());
    }

    pub(super) fn committed(&self, contract: ContractId, revision: u64) -> Option<Committed> {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner).get(&(contract, revision))
    }

    pub(super) fn keep_committed(&self, contract: ContractId, revision: u64, committed: &Committed) {
        let bytes =
            committed.state.iter().map(|(key, value)| STATE_ENTRY_BYTES.saturating_add(key.len() + value.len())).sum();
        let mut kept = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert((contract, revision), committed.clone(), bytes);
    }

    /// Forgets everything: the file may be another one from now on.
    pub(super) fn clear(&self) {
        let Self { code, committed } = self;
        code.lock().unwrap_or_else(PoisonError::into_inner).clear();
        committed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Values that were used last, up to a sum of bytes.
#[derive(Debug)]
struct Recent<K, V> {
    most_bytes: usize,
    bytes: usize,
    uses: u64,
    entries: HashMap<K, Entry<V>>,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    bytes: usize,
    used: u64,
}

impl<K: Copy + Eq + Hash, V: Clone> Recent<K, V> {
    fn new(most_bytes: usize) -> Self {
        Self { most_bytes, bytes: 0, uses: 0, entries: HashMap::new() }
    }

    fn get(&mut self, key: &K) -> Option<V> {
        self.uses += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.uses;
        Some(entry.value.clone())
    }

    /// Keeps the value and lets go of those that were used longest ago. One that is larger than all
    /// that may be kept is not.
    fn insert(&mut self, key: K, value: V, bytes: usize) {
        self.remove(&key);
        if bytes > self.most_bytes {
            return;
        }
        while self.entries.len() >= KEPT_ENTRIES || self.bytes.saturating_add(bytes) > self.most_bytes {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key);
            let Some(oldest) = oldest else { break };
            self.remove(&oldest);
        }
        self.uses += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self.entries.insert(key, Entry { value, bytes, used: self.uses });
    }

    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes = self.bytes.saturating_sub(entry.bytes);
        }
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_goes_first_and_the_bytes_stay_within_their_bound() {
        let mut recent = Recent::new(10);
        recent.insert(1, 'a', 4);
        recent.insert(2, 'b', 4);
        assert_eq!(recent.get(&1), Some('a'));
        recent.insert(3, 'c', 6);
        assert_eq!((recent.get(&1), recent.get(&2), recent.get(&3)), (Some('a'), None, Some('c')));
        recent.insert(3, 'd', 1);
        assert_eq!((recent.bytes, recent.get(&3)), (5, Some('d')));
        recent.insert(4, 'e', 11);
        assert_eq!((recent.bytes, recent.get(&4)), (5, None));
    }

    #[test]
    fn there_are_no_more_entries_than_their_bound() {
        let mut recent = Recent::new(10);
        for key in 0..2 * KEPT_ENTRIES {
            recent.insert(key, (), 0);
        }
        assert_eq!(recent.entries.len(), KEPT_ENTRIES);
        assert!(recent.get(&(2 * KEPT_ENTRIES - 1)).is_some());
    }

    #[test]
    fn a_state_counts_its_entries_too() {
        let loaded = Loaded::default();
        let state = Arc::new((0..=u8::MAX).map(|key| (vec![key], vec![0; 9])).collect());
        loaded.keep_committed(ContractId([1; 32]), 0, &Committed { state, secrets: Arc::default() });
        assert_eq!(loaded.committed.lock().unwrap().bytes, 256 * (STATE_ENTRY_BYTES + 10));
    }
}
