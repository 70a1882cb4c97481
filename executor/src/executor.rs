use crate::{
    ConfigError, ExecutorConfig, HostFault, HostServices, Limits, ModuleFacts, Refusal, Resources, Run, RunEnd,
    RunResult, WorkerFacts,
    cache::{Cache, Translation},
    check,
    egress::Egress,
    limits::in_memory,
    local_cache::LocalCache,
    pool::Pool,
    run::{Frame, drive},
};
use phat_protocol::{CodeHash, Outcome};
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
    pub(crate) pool: Pool<Box<Frame>>,
    pub(crate) worker: Arc<WorkerFacts>,
    /// What contracts keep beside their storage.
    pub(crate) local_cache: Arc<LocalCache>,
    /// The same, of simulations.
    pub(crate) simulated_cache: Arc<LocalCache>,
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
        let pool = Pool::new(threads(resources), config.limits.fuel_slice)
            .map_err(|error| vec![ConfigError::Threads(error)])?;
        let limits = Arc::new(config.limits.clone());
        let cache = Cache::new(
            Arc::clone(&limits),
            in_memory(resources.cached_modules),
            in_memory(resources.cached_code_bytes),
        );
        let permits = Semaphore::new(in_memory(resources.concurrent_runs).min(Semaphore::MAX_PERMITS));
        let kept = || Arc::new(LocalCache::new(limits.cache.clone(), in_memory(resources.contract_cache_bytes)));
        let (local_cache, simulated_cache) = (kept(), kept());
        let worker = Arc::new(host.worker.clone());
        let parts = Parts { limits, host, egress, pool, worker, local_cache, simulated_cache, cache, permits };
        Ok(Self { parts: Arc::new(parts) })
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
        match self.parts.translated(run.code_hash, Arc::clone(&run.code)).await? {
            Ok(translated) => drive(&self.parts, translated, run).await,
            Err(refusals) => {
                let reasons: Vec<_> = refusals.iter().map(ToString::to_string).collect();
                Ok(unstarted(reasons.join("; ")))
            }
        }
    }
}

impl Parts {
    /// The module of this code, or why there is none.
    ///
    /// # Errors
    /// When the code is not that of the hash, or the translation was lost.
    pub(crate) async fn translated(&self, hash: CodeHash, code: Arc<[u8]>) -> Result<Translation, HostFault> {
        self.cache.get(hash, code).await
    }
}

fn zeroes(config: &ExecutorConfig, resources: &Resources) -> Vec<ConfigError> {
    let limits = &config.limits;
    [
        ("limits.fuel", limits.fuel == 0),
        ("limits.fuel_slice", limits.fuel_slice == 0),
        ("limits.memory_pages", limits.memory_pages == 0),
        ("limits.calls.memory_pages", limits.calls.memory_pages == 0),
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
