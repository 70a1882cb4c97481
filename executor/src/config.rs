use crate::{EgressPolicy, Limits, egress::EgressError};
use serde::{Deserialize, Serialize};

/// All of the executor's settings that can change an answer. What it serialises to belongs to the
/// configuration hash that a worker is registered with; every default is written out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExecutorConfig {
    /// What a run may use.
    pub limits: Limits,
    /// Where it may go.
    pub egress: EgressPolicy,
}

/// What the executor takes of its machine. No answer depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resources {
    /// Threads that run guests; 0 means one for each processor. Default 0.
    pub threads: u32,
    /// Runs at once; further ones wait their turn. A waiting guest holds its memory. Default 1,024.
    pub concurrent_runs: u32,
    /// Translated modules that are kept. Default 256.
    pub cached_modules: u32,
    /// Their code's bytes altogether; translated it is several times as large. Default 64 MiB.
    pub cached_code_bytes: u32,
    /// HTTP requests of guests that are under way at once; further ones wait, and that counts against
    /// their time-outs. Default 1,024.
    pub connections: u32,
    /// What contracts keep in their caches, all together, in bytes; simulations have as much of their own.
    /// Contracts whose cache was used longest ago lose it first. Default 64 MiB.
    pub contract_cache_bytes: u32,
}

impl Default for Resources {
    fn default() -> Self {
        Self {
            threads: 0,
            concurrent_runs: 1024,
            cached_modules: 256,
            cached_code_bytes: 64 * 1024 * 1024,
            connections: 1024,
            contract_cache_bytes: 64 * 1024 * 1024,
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
    /// An egress rule is wrong.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// The threads can't be started.
    #[error("the guest threads can't be started: {0}")]
    Threads(#[source] std::io::Error),
}
