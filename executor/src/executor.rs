use crate::{
    ConfigError, ExecutorConfig, HostFault, HostServices, Limits, ModuleFacts, Refusal, Resources, Run, RunEnd,
    RunResult, cache::Cache, check, egress::Egress, limits::in_memory, pool::Pool, run::drive,
};
use phat_protocol::Outcome;
use std::{num::NonZeroUsize, sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Runs Phat Contracts. Clones share everything.
#[derive(Clone)]
pub struct Executor {
    parts: Arc<Parts>,
}

/// What all runs share.
pub(crate) struct Parts {
    pub(crate) limits: Arc<Limits>,
    pub(crate) host: HostServices,
    pub(crate) egress: Egress,
    pub(crate) pool: Pool,
    cache: Cache,
    permits: Semaphore,
}

impl Executor {
    /// Starts the guest threads and builds the HTTP clients.
    ///
    /// # Errors
    /// Every setting that can't be put into effect.
    pub fn new(config: &ExecutorConfig, resources: &Resources, host: HostServices) -> Result<Self, Vec<ConfigError>> {
        let mut errors = zeroes(config, resources);
        if config.limits.grace >= config.limits.wall_time {
            errors.push(ConfigError::Grace);
        }
        let egress = Egress::new(&config.egress, &config.limits.http, resources.connections, &host);
        let egress = match egress {
            Ok(egress) if errors.is_empty() => egress,
            Ok(_) => return Err(errors),
            Err(wrong) => {
                errors.extend(wrong.into_iter().map(ConfigError::Egress));
                return Err(errors);
            }
        };
        let pool = Pool::new(threads(resources)).map_err(|error| vec![ConfigError::Threads(error)])?;
        let limits = Arc::new(config.limits.clone());
        let cache = Cache::new(
            Arc::clone(&limits),
            in_memory(resources.cached_modules),
            in_memory(resources.cached_code_bytes),
        );
        let permits = Semaphore::new(in_memory(resources.concurrent_runs).min(Semaphore::MAX_PERMITS));
        Ok(Self { parts: Arc::new(Parts { limits, host, egress, pool, cache, permits }) })
    }

    /// Reads a module and says what is in it. It takes time in proportion to the module, so an async
    /// caller gives it a blocking thread.
    ///
    /// # Errors
    /// Every reason for which it can't become a contract.
    pub fn check(&self, wasm: &[u8]) -> Result<ModuleFacts, Vec<Refusal>> {
        check(wasm, &self.parts.limits)
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.parts.limits
    }

    /// Runs until the end, and holds no thread while the guest waits. Dropping the future ends the
    /// run at its next slice. It needs a tokio runtime with time and IO.
    ///
    /// # Errors
    /// When the host, not the guest, is at fault: there is no outcome then.
    pub async fn run(&self, run: Run) -> Result<RunResult, HostFault> {
        let _permit = self.parts.permits.acquire().await.map_err(|_| HostFault::Internal)?;
        if run.input.len() > in_memory(self.parts.limits.input_bytes) {
            let limit = self.parts.limits.input_bytes;
            return Ok(unstarted(format!("an input of {} bytes, and the limit is {limit}", run.input.len())));
        }
        match self.parts.cache.get(run.code_hash, Arc::clone(&run.code)).await? {
            Ok(translated) => drive(&self.parts, translated, run).await,
            Err(refusals) => {
                let reasons: Vec<_> = refusals.iter().map(ToString::to_string).collect();
                Ok(unstarted(reasons.join("; ")))
            }
        }
    }
}

fn zeroes(config: &ExecutorConfig, resources: &Resources) -> Vec<ConfigError> {
    let limits = &config.limits;
    [
        ("limits.fuel", limits.fuel == 0),
        ("limits.fuel_slice", limits.fuel_slice == 0),
        ("limits.memory_pages", limits.memory_pages == 0),
        ("resources.concurrent_runs", resources.concurrent_runs == 0),
        ("resources.cached_modules", resources.cached_modules == 0),
        ("resources.cached_code_bytes", resources.cached_code_bytes == 0),
        ("resources.connections", resources.connections == 0),
    ]
    .into_iter()
    .filter(|(_, zero)| *zero)
    .map(|(key, _)| ConfigError::Zero(key))
    .collect()
}

fn threads(resources: &Resources) -> NonZeroUsize {
    NonZeroUsize::new(in_memory(resources.threads))
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

fn unstarted(reason: String) -> RunResult {
    RunResult {
        end: RunEnd::Failed { outcome: Outcome::BadContract, reason },
        changes: std::collections::BTreeMap::new(),
        instantiated: Vec::new(),
        logs: Vec::new(),
        events: Vec::new(),
        dropped_records: 0,
        fuel_used: 0,
        elapsed: Duration::ZERO,
        http: Vec::new(),
        last_http_denied: false,
    }
}
