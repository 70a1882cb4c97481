//! What contracts have stored, and what a run would change.

use crate::{Instantiated, KnownContract};
use phat_protocol::{CodeHash, ContractId};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

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

/// What a run leaves of an overlay.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Writes {
    pub(crate) changes: BTreeMap<ContractId, StateChanges>,
    pub(crate) instantiated: Vec<Instantiated>,
}

/// What one frame changed, and those that it called and that returned.
#[derive(Debug, Default)]
struct Layer {
    writes: Writes,
    /// Contracts that run other code from now on.
    code: BTreeMap<ContractId, CodeHash>,
    bytes: usize,
}

/// The contracts of a run. Most runs have one: it takes no tree.
#[derive(Debug, Default)]
struct Known {
    first: Option<(ContractId, KnownContract)>,
    others: BTreeMap<ContractId, KnownContract>,
}

impl Known {
    fn get(&self, id: &ContractId) -> Option<&KnownContract> {
        match &self.first {
            Some((first, known)) if first == id => Some(known),
            Some(_) | None => self.others.get(id),
        }
    }

    fn insert(&mut self, id: ContractId, known: KnownContract) {
        match &mut self.first {
            None => self.first = Some((id, known)),
            Some((first, kept)) if *first == id => *kept = known,
            Some(_) => {
                self.others.insert(id, known);
            }
        }
    }

    /// Forgets a contract other than the first.
    fn remove(&mut self, id: &ContractId) {
        self.others.remove(id);
    }

    fn len(&self) -> usize {
        self.others.len().saturating_add(usize::from(self.first.is_some()))
    }
}

/// Committed state of all contracts of a run with the run's writes over it, in a layer for each frame:
/// a layer joins the one below it when its frame returns, and goes when the frame fails.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    known: Known,
    codes: BTreeMap<CodeHash, Arc<[u8]>>,
    below: Vec<Layer>,
    top: Layer,
    /// Of the layers below, in bytes.
    bytes_below: usize,
    limit: usize,
}

impl Overlay {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Makes a contract and its committed state known to the run.
    pub(crate) fn load(&mut self, contract: ContractId, known: KnownContract) {
        self.known.insert(contract, known);
    }

    /// Makes code known to the run.
    pub(crate) fn load_code(&mut self, hash: CodeHash, code: Arc<[u8]>) {
        self.codes.insert(hash, code);
    }

    /// Contracts and pieces of code that were looked up or made.
    pub(crate) fn loaded(&self) -> usize {
        self.known.len().saturating_add(self.codes.len())
    }

    pub(crate) fn known(&self, contract: &ContractId) -> Option<&KnownContract> {
        self.known.get(contract)
    }

    pub(crate) fn code(&self, hash: &CodeHash) -> Option<&Arc<[u8]>> {
        self.codes.get(hash)
    }

    /// The code that a known contract runs now.
    pub(crate) fn code_hash(&self, contract: &ContractId) -> Option<CodeHash> {
        let set = self.layers().find_map(|layer| layer.code.get(contract).copied());
        set.or_else(|| self.known.get(contract).map(|known| known.code_hash))
    }

    /// Has a contract run other code for the rest of the run.
    pub(crate) fn set_code_hash(&mut self, contract: ContractId, hash: CodeHash) {
        self.top.code.insert(contract, hash);
    }

    pub(crate) fn get(&self, contract: &ContractId, key: &[u8]) -> Option<&[u8]> {
        let written = self.layers().find_map(|layer| layer.writes.changes.get(contract)?.get(key));
        match written {
            Some(written) => written.as_deref(),
            None => self.known.get(contract)?.state.get(key).map(Vec::as_slice),
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
        let replaced = self.top.writes.changes.get(&contract).and_then(|changes| changes.get(&key));
        let replaced = replaced.map_or(0, |old| size(&key, old.as_deref()));
        let bytes = self.top.bytes.saturating_sub(replaced).saturating_add(size(&key, value.as_deref()));
        self.take(bytes)?;
        self.top.writes.changes.entry(contract).or_default().insert(key, value);
        Ok(before)
    }

    /// Adds a contract that a guest makes, with nothing in its storage.
    pub(crate) fn instantiate(&mut self, made: Instantiated, code: Arc<[u8]>) -> Result<(), OverlayFull> {
        self.take(self.top.bytes.saturating_add(size(&made.init_data, None)))?;
        let Instantiated { contract_id, code_hash, owner, .. } = made;
        self.known.insert(
            contract_id,
            KnownContract { code_hash, code, owner, state: Arc::default(), secrets: Arc::default() },
        );
        self.top.writes.instantiated.push(made);
        Ok(())
    }

    /// Has the top layer take `bytes`, if all layers together may.
    fn take(&mut self, bytes: usize) -> Result<(), OverlayFull> {
        if self.bytes_below.saturating_add(bytes) > self.limit {
            return Err(OverlayFull { limit: self.limit });
        }
        self.top.bytes = bytes;
        Ok(())
    }

    /// Begins a layer.
    pub(crate) fn open(&mut self) {
        self.bytes_below = self.bytes_below.saturating_add(self.top.bytes);
        self.below.push(std::mem::take(&mut self.top));
    }

    /// Ends the layer that was begun last, and keeps what is in it.
    pub(crate) fn keep(&mut self) {
        let Some(mut lower) = self.reopen() else { return };
        let upper = std::mem::take(&mut self.top);
        lower.bytes = lower.bytes.saturating_add(upper.bytes);
        for (contract, changes) in upper.writes.changes {
            let kept = lower.writes.changes.entry(contract).or_default();
            for (key, value) in changes {
                match kept.entry(key) {
                    Entry::Occupied(mut entry) => {
                        let replaced = size(entry.key(), entry.get().as_deref());
                        lower.bytes = lower.bytes.saturating_sub(replaced);
                        entry.insert(value);
                    }
                    Entry::Vacant(entry) => {
                        entry.insert(value);
                    }
                }
            }
        }
        lower.writes.instantiated.extend(upper.writes.instantiated);
        lower.code.extend(upper.code);
        self.top = lower;
    }

    /// Ends the layer that was begun last, and drops what is in it.
    pub(crate) fn drop_layer(&mut self) {
        let Some(lower) = self.reopen() else { return };
        let upper = std::mem::replace(&mut self.top, lower);
        for made in upper.writes.instantiated {
            self.known.remove(&made.contract_id);
        }
    }

    fn reopen(&mut self) -> Option<Layer> {
        let lower = self.below.pop()?;
        self.bytes_below = self.bytes_below.saturating_sub(lower.bytes);
        Some(lower)
    }

    /// From the top down.
    fn layers(&self) -> impl Iterator<Item = &Layer> {
        std::iter::once(&self.top).chain(self.below.iter().rev())
    }

    /// What a run leaves whose frames have all ended.
    pub(crate) fn take_writes(&mut self) -> Writes {
        std::mem::take(&mut self.top.writes)
    }
}

/// What an entry counts beside its key and value, in bytes: somewhat more than it takes in memory
/// (two allocations with their headers, and a place in a tree's node).
pub(crate) const ENTRY_BYTES: usize = 128;

/// What an entry counts in all.
pub(crate) fn size(key: &[u8], value: Option<&[u8]>) -> usize {
    ENTRY_BYTES.saturating_add(key.len()).saturating_add(value.map_or(0, <[u8]>::len))
}

#[cfg(test)]
mod tests;
