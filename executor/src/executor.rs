use crate::{
    ConfigError, ContractShare, ExecutorConfig, HostFault, HostServices, Limits, ModuleFacts, Refusal, Resources, Run,
    RunEnd, RunResult,
    admission::Admission,
    cache::{Cache, Translation},
    check,
    egress::Egress,
    limits::in_memory,
    local_cache::LocalCache,
    places::Places,
    pool::{Pool, Share},
    run::{Opening, Services, Step, drive},
};
use futures_util::FutureExt;
use phat_protocol::{CodeHash, ContractId, Outcome};
use std::{collections::BTreeMap, num::NonZeroUsize, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::Instant};

/// Runs Phat Contracts. Clones share everything.
#[derive(Clone)]
pub struct Executor {
    parts: Arc<Parts>,
}

/// What all runs share.
pub(crate) struct Parts {
    pub(crate) services: Arc<Services>,
    pub(crate) egress: Egress,
    pub(crate) pool: Pool<Step>,
    /// The JavaScript contract.
    pub(crate) javascript: Option<(CodeHash, Arc<[u8]>)>,
    limits: Arc<Limits>,
    /// Of contracts that have other limits.
    special: BTreeMap<ContractId, Arc<Limits>>,
    /// Runs of one contract at once.
    contract_runs: u32,
    shares: BTreeMap<ContractId, ContractShare>,
    cache: Cache,
    places: Arc<Places>,
    permits: Semaphore,
}

impl Executor {
    /// Starts the guest threads and builds the HTTP clients.
    ///
    /// # Errors
    /// Every setting that can't be put into effect.
    pub fn new(config: &ExecutorConfig, resources: &Resources, host: HostServices) -> Result<Self, Vec<ConfigError>> {
        let mut errors = judge(config, resources);
        let connections = Admission::new(in_memory(resources.connections), in_memory(resources.contract_connections));
        let egress = Egress::new(&config.egress, &config.limits.http, connections, &host);
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
        let special = config.contracts.iter().map(|(contract, limits)| (*contract, Arc::new(limits.clone()))).collect();
        let cache = Cache::new(
            Arc::clone(&limits),
            in_memory(resources.cached_modules),
            in_memory(resources.cached_code_bytes),
        );
        let kept = || {
            let special = config.contracts.iter().map(|(contract, limits)| (*contract, limits.cache.clone())).collect();
            LocalCache::new(limits.cache.clone(), special, in_memory(resources.contract_cache_bytes))
        };
        let services = Services {
            clock: host.clock,
            randomness: host.randomness,
            worker: host.worker,
            cache: kept(),
            simulated_cache: kept(),
        };
        let parts = Parts {
            javascript: host.javascript.map(|code| (phat_protocol::code_hash(&code), code)),
            services: Arc::new(services),
            egress,
            pool,
            special,
            contract_runs: resources.contract_runs,
            shares: resources.shares.clone(),
            cache,
            places: Places::new(resources.memory_pages, resources.contract_memory_pages),
            permits: Semaphore::new(in_memory(resources.concurrent_runs).min(Semaphore::MAX_PERMITS)),
            limits,
        };
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

    /// The limits in force for contracts that have no others.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.parts.limits
    }

    /// Runs until the end, and holds no thread while the guest waits. Dropping the future ends the
    /// run at its next slice. It needs a tokio runtime with time and IO.
    ///
    /// # Errors
    /// When the host, not the guest, is at fault: there is no outcome then. Where too much is asked for
    /// at once ([`HostFault::is_busy`]), that is said at once for the runs of one contract; for all of
    /// them together a run waits its turn.
    pub fn run(&self, run: Run) -> impl Future<Output = Result<RunResult, HostFault>> + Send {
        // Large as it is, it is moved but once.
        let run = Box::new(run);
        // A panic between the slices is the host's bug as one in them is: it ends that run, and not its caller.
        AssertUnwindSafe(self.run_admitted(run)).catch_unwind().map(|end| {
            let end = end.unwrap_or_else(|_| {
                tracing::error!("the host panicked between the slices of a run");
                Err(HostFault::Internal)
            });
            end.map(|result| *result)
        })
    }

    async fn run_admitted(&self, run: Box<Run>) -> Result<Box<RunResult>, HostFault> {
        let parts = &*self.parts;
        let contract = run.contract;
        let share = parts.shares.get(&contract).copied().unwrap_or_default();
        let limit = share.concurrent_runs.unwrap_or(parts.contract_runs);
        let mut place = parts.places.take(contract, limit).ok_or(HostFault::ContractBusy { contract, limit })?;
        let _permit = match parts.permits.try_acquire() {
            Ok(permit) => permit,
            Err(_) => parts.permits.acquire().await.map_err(|_| HostFault::Internal)?,
        };
        let limits = parts.special.get(&contract).unwrap_or(&parts.limits);
        if run.input.len() > in_memory(limits.input_bytes) {
            let limit = limits.input_bytes;
            return Ok(unstarted(format!("an input of {} bytes, and the limit is {limit}", run.input.len())));
        }
        match parts.translated(run.code_hash, &run.code).await? {
            Ok(translated) => {
                // More than the run may have is refused where its memory is made.
                let begins_with = translated.initial_pages().min(limits.calls.memory_pages);
                if !place.begin(begins_with).await {
                    return Err(HostFault::MemoryBusy(contract));
                }
                let share = Share { contract, weight: share.weight };
                let (limits, services) = (Arc::clone(limits), Arc::clone(&parts.services));
                let opening = Opening { run, limits, place, translated, services, started: Instant::now() };
                drive(parts, share, opening).await
            }
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
    pub(crate) async fn translated(&self, hash: CodeHash, code: &Arc<[u8]>) -> Result<Translation, HostFault> {
        self.cache.get(hash, code).await
    }
}

/// Every setting that can't be put into effect, but for the egress policy's.
fn judge(config: &ExecutorConfig, resources: &Resources) -> Vec<ConfigError> {
    let mut errors = judge_limits(&config.limits);
    let zeroes = [
        ("resources.concurrent_runs", resources.concurrent_runs),
        ("resources.contract_runs", resources.contract_runs),
        ("resources.cached_modules", resources.cached_modules),
        ("resources.cached_code_bytes", resources.cached_code_bytes),
        ("resources.connections", resources.connections),
        ("resources.contract_connections", resources.contract_connections),
    ];
    errors.extend(zeroes.into_iter().filter(|(_, value)| *value == 0).map(|(key, _)| ConfigError::Zero(key)));
    let of_contracts = config.contracts.values().map(|limits| limits.calls.memory_pages);
    let of_a_run = of_contracts.fold(config.limits.calls.memory_pages, u32::max);
    let memory = [
        ("resources.memory_pages", resources.memory_pages),
        ("resources.contract_memory_pages", resources.contract_memory_pages),
    ];
    let too_little = memory.into_iter().filter(|(_, pages)| *pages < of_a_run);
    errors.extend(too_little.map(|(key, _)| ConfigError::MemoryPages(key)));
    for (contract, limits) in &config.contracts {
        let of_contract = |error| ConfigError::Contract { contract: *contract, error: Box::new(error) };
        errors.extend(judge_limits(limits).into_iter().map(of_contract));
    }
    for (contract, share) in &resources.shares {
        if !(1..=ContractShare::MAX_WEIGHT).contains(&share.weight) {
            errors.push(ConfigError::Weight(*contract));
        }
        if share.concurrent_runs == Some(0) {
            errors.push(ConfigError::NoRuns(*contract));
        }
    }
    errors
}

fn judge_limits(limits: &Limits) -> Vec<ConfigError> {
    let zeroes = [
        ("limits.fuel", limits.fuel == 0),
        ("limits.fuel_slice", limits.fuel_slice == 0),
        ("limits.memory_pages", limits.memory_pages == 0),
        ("limits.calls.memory_pages", limits.calls.memory_pages == 0),
    ];
    let mut errors: Vec<_> =
        zeroes.into_iter().filter(|(_, zero)| *zero).map(|(key, _)| ConfigError::Zero(key)).collect();
    if limits.grace >= limits.wall_time {
        errors.push(ConfigError::Grace);
    }
    errors
}

fn threads(resources: &Resources) -> NonZeroUsize {
    NonZeroUsize::new(in_memory(resources.threads))
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

fn unstarted(reason: String) -> Box<RunResult> {
    Box::new(RunResult {
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
    })
}
