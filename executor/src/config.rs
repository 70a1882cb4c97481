use crate::{EgressPolicy, Limits, egress::EgressError};
use phat_protocol::ContractId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All of the executor's settings that can change an answer. What it serialises to belongs to the
/// configuration hash that a worker is registered with; every default is written out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExecutorConfig {
    /// What a run may use.
    pub limits: Limits,
    /// Where it may go.
    pub egress: EgressPolicy,
    /// What runs of these contracts may use instead. What is judged before it is known whose run it is
    /// ([`Limits::code_bytes`], say) is the same for all.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub contracts: BTreeMap<ContractId, Limits>,
}

/// What the executor takes of its machine. No answer depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resources {
    /// Threads that run guests; 0 means one for each processor. Default 0.
    pub threads: u32,
    /// Runs at once; further ones wait their turn. Default 2,048.
    pub concurrent_runs: u32,
    /// Runs of one contract at once; further ones are refused as busy, so that there is a place for
    /// those of others. Default 1,024.
    pub contract_runs: u32,
    /// Linear memory of all guests together, in pages of 64 KiB, also while they wait. A run waits until
    /// there is what it begins with; one for which there is no more when its memory grows ends, and can
    /// be tried again. Default 65,536 (4 GiB).
    pub memory_pages: u32,
    /// The same for the runs of one contract, which are refused as busy beyond it. Default 32,768 (2 GiB).
    pub contract_memory_pages: u32,
    /// Translated modules that are kept. Default 256.
    pub cached_modules: u32,
    /// Their code's bytes altogether; translated it is several times as large. Default 64 MiB.
    pub cached_code_bytes: u32,
    /// HTTP requests of guests that are under way at once; further ones wait, and that counts against
    /// their time-outs. Default 2,048.
    pub connections: u32,
    /// Those of one contract. Default 1,024.
    pub contract_connections: u32,
    /// What contracts keep in their caches, all together, in bytes; simulations have as much of their own.
    /// Contracts whose cache was used longest ago lose it first. Default 64 MiB.
    pub contract_cache_bytes: u32,
    /// Contracts that have another share of all that than others.
    #[serde(skip)]
    pub shares: BTreeMap<ContractId, ContractShare>,
}

/// What one contract has of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractShare {
    /// Its part of the guest threads in relation to those of others, while more than one contract
    /// computes: 1 to 10,000, and 100 for those that have no share of their own. The scale is that of
    /// `cpu.weight` (cgroup v2).
    pub weight: u32,
    /// Runs at once, in place of [`Resources::contract_runs`].
    pub concurrent_runs: Option<u32>,
}

impl ContractShare {
    /// The largest weight.
    pub const MAX_WEIGHT: u32 = 10_000;
}

impl Default for ContractShare {
    fn default() -> Self {
        Self { weight: 100, concurrent_runs: None }
    }
}

impl Default for Resources {
    fn default() -> Self {
        Self {
            threads: 0,
            concurrent_runs: 2048,
            contract_runs: 1024,
            memory_pages: 65_536,
            contract_memory_pages: 32_768,
            cached_modules: 256,
            cached_code_bytes: 64 * 1024 * 1024,
            connections: 2048,
            contract_connections: 1024,
            contract_cache_bytes: 64 * 1024 * 1024,
            shares: BTreeMap::new(),
        }
    }
}

/// The configuration can't be put into effect.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A setting that must be above zero is not.
    #[error("{0}: must be above zero")]
    Zero(&'static str),
    /// The grace leaves nothing of the wall time.
    #[error("limits.grace: must be shorter than limits.wall_time")]
    Grace,
    /// One run may need more memory than there is for all.
    #[error("{0}: must be at least limits.calls.memory_pages, and that of every contract")]
    MemoryPages(&'static str),
    /// A contract's weight is none.
    #[error("the weight of {0}: must be from 1 to {max}", max = ContractShare::MAX_WEIGHT)]
    Weight(ContractId),
    /// A contract may not run at all.
    #[error("concurrent_runs of {0}: must be above zero")]
    NoRuns(ContractId),
    /// The limits of one contract can't be put into effect.
    #[error("{contract}: {error}")]
    Contract {
        /// Whose.
        contract: ContractId,
        /// Why.
        #[source]
        error: Box<ConfigError>,
    },
    /// An egress rule is wrong.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// The threads can't be started.
    #[error("the guest threads can't be started: {0}")]
    Threads(#[source] std::io::Error),
}
