//! The runtimes that a chain has had while we looked, by their versions.

use crate::runtime::Runtime;
use phat_protocol::{BlockHash, GenesisHash};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The most blocks whose runtime is remembered.
const BLOCKS: usize = 64;

/// The runtimes that were met. One is read again only when a block has another version.
#[derive(Debug)]
pub(crate) struct Runtimes {
    pub(crate) genesis: GenesisHash,
    pub(crate) instance: String,
    known: Mutex<Known>,
    /// Held while a runtime is read, which is long and read once.
    pub(crate) reading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    by_version: HashMap<Version, Arc<Runtime>>,
    by_block: HashMap<BlockHash, Arc<Runtime>>,
}

/// What tells one runtime from another, as `state_getRuntimeVersion` answers it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Version {
    pub(crate) spec_name: String,
    pub(crate) spec_version: u32,
    pub(crate) transaction_version: u32,
}

impl Runtimes {
    pub(crate) fn new(genesis: GenesisHash, instance: String) -> Self {
        Self { genesis, instance, known: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }

    /// The runtime whose state a block has, where it is known.
    pub(crate) fn at(&self, block: BlockHash) -> Option<Arc<Runtime>> {
        self.known().by_block.get(&block).cloned()
    }

    /// The runtime of that version, where it is known.
    pub(crate) fn of(&self, version: &Version) -> Option<Arc<Runtime>> {
        self.known().by_version.get(version).cloned()
    }

    /// Notes that a block has this runtime.
    pub(crate) fn note(&self, block: BlockHash, runtime: &Arc<Runtime>) {
        let mut known = self.known();
        if known.by_version.insert(runtime.version.clone(), Arc::clone(runtime)).is_none() {
            let Version { spec_name, spec_version, .. } = &runtime.version;
            tracing::info!(genesis = %self.genesis, spec_name, spec_version, "met a runtime");
        }
        if known.by_block.len() >= BLOCKS {
            known.by_block.clear();
        }
        known.by_block.insert(block, Arc::clone(runtime));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
