//! What a contract has stored, and what a run would change.

use phat_protocol::ContractId;
use std::{collections::BTreeMap, sync::Arc};

/// A contract's committed storage.
pub type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a run wrote to a contract's storage: a value, or none where a key was removed. Only keys that
/// the run touched are in it.
pub type StateChanges = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The writes of a run go beyond its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the run's writes exceed {limit} bytes")]
pub(crate) struct OverlayFull {
    pub(crate) limit: usize,
}

/// Committed state with a run's writes over it.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    committed: BTreeMap<ContractId, Arc<State>>,
    changes: BTreeMap<ContractId, StateChanges>,
    bytes: usize,
    limit: usize,
}

impl Overlay {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Makes a contract's committed state readable.
    pub(crate) fn load(&mut self, contract: ContractId, state: Arc<State>) {
        self.committed.insert(contract, state);
    }

    pub(crate) fn get(&self, contract: &ContractId, key: &[u8]) -> Option<&[u8]> {
        match self.changes.get(contract).and_then(|changes| changes.get(key)) {
            Some(written) => written.as_deref(),
            None => self.committed.get(contract)?.get(key).map(Vec::as_slice),
        }
    }

    /// Writes or removes, and tells the length of what was there before.
    pub(crate) fn set(
        &mut self,
        contract: ContractId,
        key: Vec<u8>,
        value: Option<Vec<u8>>,
    ) -> Result<Option<usize>, OverlayFull> {
        let before = self.get(&contract, &key).map(<[u8]>::len);
        let changes = self.changes.entry(contract).or_default();
        let replaced = changes.get(&key).map_or(0, |old| size(&key, old.as_deref()));
        let bytes = self.bytes.saturating_sub(replaced).saturating_add(size(&key, value.as_deref()));
        if bytes > self.limit {
            return Err(OverlayFull { limit: self.limit });
        }
        self.bytes = bytes;
        changes.insert(key, value);
        Ok(before)
    }

    pub(crate) fn into_changes(self) -> BTreeMap<ContractId, StateChanges> {
        self.changes
    }
}

/// What an entry counts beside its key and value, in bytes: somewhat more than it takes in memory
/// (two allocations with their headers, and a place in a tree's node).
const ENTRY_BYTES: usize = 128;

fn size(key: &[u8], value: Option<&[u8]>) -> usize {
    ENTRY_BYTES.saturating_add(key.len()).saturating_add(value.map_or(0, <[u8]>::len))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: ContractId = ContractId([1; 32]);
    const OTHER: ContractId = ContractId([2; 32]);

    fn overlay() -> Overlay {
        let mut overlay = Overlay::new(ENTRY_BYTES + 16);
        overlay.load(CONTRACT, Arc::new(State::from([(b"a".to_vec(), b"old".to_vec())])));
        overlay
    }

    #[test]
    fn a_write_hides_the_committed_value_and_a_removal_too() {
        let mut overlay = overlay();
        assert_eq!(overlay.set(CONTRACT, b"a".to_vec(), Some(b"new".to_vec())), Ok(Some(3)));
        assert_eq!(overlay.get(&CONTRACT, b"a"), Some(&b"new"[..]));
        assert_eq!(overlay.set(CONTRACT, b"a".to_vec(), None), Ok(Some(3)));
        assert_eq!(overlay.get(&CONTRACT, b"a"), None);
        assert_eq!(overlay.into_changes()[&CONTRACT][&b"a"[..]], None);
    }

    #[test]
    fn contracts_do_not_see_each_other() {
        let mut overlay = overlay();
        overlay.set(OTHER, b"a".to_vec(), Some(b"x".to_vec())).unwrap();
        assert_eq!(overlay.get(&CONTRACT, b"a"), Some(&b"old"[..]));
    }

    #[test]
    fn entries_of_next_to_nothing_fill_the_overlay_too() {
        let mut overlay = Overlay::new(100 * (ENTRY_BYTES + 1));
        for key in 0..100u8 {
            overlay.set(CONTRACT, vec![key], None).unwrap();
        }
        let full = overlay.set(CONTRACT, vec![100], None);
        assert_eq!(full, Err(OverlayFull { limit: 100 * (ENTRY_BYTES + 1) }));
    }

    #[test]
    fn overwriting_does_not_fill_the_overlay_and_one_byte_too_many_does() {
        let mut overlay = overlay();
        for _ in 0..100 {
            overlay.set(CONTRACT, b"k".to_vec(), Some(vec![0; 15])).unwrap();
        }
        assert_eq!(
            overlay.set(CONTRACT, b"k".to_vec(), Some(vec![0; 16])),
            Err(OverlayFull { limit: ENTRY_BYTES + 16 })
        );
        assert_eq!(overlay.set(CONTRACT, b"l".to_vec(), None), Err(OverlayFull { limit: ENTRY_BYTES + 16 }));
    }
}
