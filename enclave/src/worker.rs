//! The worker: what the enclave does for its host, and what it refuses.

mod act;
mod answer;
mod call;
mod deploy;

use crate::{
    admission::Question,
    clock::EnclaveTime,
    commit::Sealing,
    flights::{Flight, Flights},
    keys::Keys,
    lookups::Lookups,
    provider::Provider,
    runs::{Call, NO_CALLER, Runner, kept_logs, reason},
    store::{SealedReport, Store, StoreError},
};
use phat_enclave_api::{
    Contract, Execute, Execution, LogEntry, Problem, Quote, QuoteFor, Refusal, Simulate, Simulation, Status,
};
use phat_executor::{EgressPolicy, Entry, HostFault, Mode};
use phat_protocol::{BlockHash, ContractId, Digest, OracleRequest, RequestId, bounds};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

/// How much the worker does at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Concurrency {
    /// Runs of requests.
    pub(crate) requests: usize,
    /// Simulations.
    pub(crate) simulations: usize,
    /// Calls of messages as queries.
    pub(crate) calls: usize,
    /// Owners' messages and secrets.
    pub(crate) actions: usize,
    /// Deployments and checks of code.
    pub(crate) deployments: usize,
}

/// What a worker is made of.
pub(crate) struct Parts {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) config_hash: Digest,
    /// What is hashed.
    pub(crate) config: serde_json::Value,
    pub(crate) store: Arc<Store>,
    pub(crate) keys: Keys,
    pub(crate) time: Arc<EnclaveTime>,
    pub(crate) runner: Arc<dyn Runner>,
    pub(crate) sealings: mpsc::Sender<Sealing>,
    pub(crate) concurrency: Concurrency,
    /// The most bytes of log text that are sealed with a report.
    pub(crate) log_bytes: u32,
    /// The longest set of secrets, in bytes.
    pub(crate) secrets_bytes: u32,
    /// Where contracts may go.
    pub(crate) egress: EgressPolicy,
}

type Answered = Result<Arc<SealedReport>, Problem>;

/// One worker: it executes requests once each, and signs what came of them.
pub(crate) struct Worker {
    parts: Parts,
    flights: Arc<Flights<Answered>>,
    /// Answers that could not be sealed: they wait for the disk, so that their runs are not repeated.
    unsealed: Mutex<HashMap<RequestId, SealedReport>>,
    requests: Semaphore,
    simulations: Semaphore,
    calls: Semaphore,
    actions: Semaphore,
    deployments: Semaphore,
    lookups: Arc<Lookups>,
    running: Arc<AtomicU64>,
    executions: AtomicU64,
    tasks: TaskTracker,
    /// Cancelled when runs may no longer be waited for.
    abandon: CancellationToken,
}

impl Worker {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        let Concurrency { requests, simulations, calls, actions, deployments } = parts.concurrency;
        let lookups = Arc::new(Lookups::new(Arc::clone(&parts.store)));
        Arc::new(Self {
            parts,
            flights: Flights::new(),
            unsealed: Mutex::default(),
            requests: Semaphore::new(requests),
            simulations: Semaphore::new(simulations),
            calls: Semaphore::new(calls),
            actions: Semaphore::new(actions),
            deployments: Semaphore::new(deployments),
            lookups,
            running: Arc::default(),
            executions: AtomicU64::new(0),
            tasks: TaskTracker::new(),
            abandon: CancellationToken::new(),
        })
    }

    /// Who the worker is, and whether it can work.
    pub(crate) async fn status(self: &Arc<Self>) -> Result<Status, Problem> {
        let fault = self.parts.store.fault();
        let contracts = match &fault {
            // The store may be closed; the status must not depend on it.
            Some(_) => 0,
            None => self.in_store(Store::contracts).await?,
        };
        Ok(Status {
            attestation: self.parts.provider.attestation(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            keys: self.parts.keys.public(),
            measurement: self.parts.provider.measurement(),
            config_hash: self.parts.config_hash,
            config: self.parts.config.clone(),
            now: self.parts.time.now(),
            contracts,
            running: self.running.load(Ordering::Acquire),
            executions: self.executions.load(Ordering::Acquire),
            fault,
        })
    }

    /// Evidence for a registry.
    pub(crate) fn quote(&self, quote_for: &QuoteFor) -> Result<Quote, Problem> {
        let Parts { provider, keys, config_hash, .. } = &self.parts;
        let keys = keys.public();
        let report_data = match quote_for {
            QuoteFor::Evm(registration) => registration.report_data(&keys, config_hash),
            QuoteFor::Substrate(registration) => registration.report_data(&keys, config_hash),
        };
        let evidence = provider.quote(&report_data).map_err(|error| Problem::Fault(error.to_string()))?;
        Ok(Quote {
            attestation: provider.attestation(),
            keys,
            measurement: provider.measurement(),
            config_hash: *config_hash,
            report_data: report_data.0.to_vec(),
            evidence,
        })
    }

    /// What is known of a contract.
    pub(crate) async fn contract(self: &Arc<Self>, contract_id: ContractId) -> Result<Contract, Problem> {
        let kept = self.in_store(move |store| store.contract(contract_id)).await?;
        kept.map(|record| record.contract()).ok_or(Problem::Refused(Refusal::UnknownContract { contract_id }))
    }

    /// Answers a request once. The caller may go away: the run goes on, and its report is sealed.
    pub(crate) async fn execute(self: &Arc<Self>, execute: Execute) -> Result<Execution, Problem> {
        let question = Question::read(execute).map_err(Problem::Refused)?;
        loop {
            let (follow, led) = match self.flights.join(question.id) {
                Flight::Led(lead, follow) => {
                    let (worker, question) = (Arc::clone(self), question.clone());
                    let answer = async move { lead.land(worker.answer(question).await) };
                    self.tasks.spawn(answer.instrument(tracing::Span::current()));
                    (follow, true)
                }
                Flight::Followed(follow) => (follow, false),
            };
            let lost = || Problem::Fault("the run was lost; the enclave's log says why".to_owned());
            match follow.landed().await.ok_or_else(lost)? {
                Ok(sealed) => return Ok(sealed.execution(self.parts.provider.attestation())),
                // The other call was refused for its own words: this one is judged by its own.
                Err(Problem::Refused(Refusal::ClockSkew { .. } | Refusal::OutOfBounds { .. })) if !led => {}
                Err(problem) => return Err(problem),
            }
        }
    }

    /// Runs a contract as a request would, and signs nothing. Unlike a request's, this run ends with
    /// the call.
    pub(crate) async fn simulate(self: &Arc<Self>, simulate: Simulate) -> Result<Simulation, Problem> {
        let Simulate { contract_id, payload, chain, consumer, max_output } = simulate;
        if max_output > bounds::MAX_OUTPUT {
            let what = format!("max_output is {max_output}, and the most is {}", bounds::MAX_OUTPUT);
            return Err(Problem::Refused(Refusal::OutOfBounds { what }));
        }
        let _permit = self.simulations.try_acquire().map_err(|_| Problem::Busy)?;
        let loaded = self.in_store(move |store| store.load_contract(contract_id)).await?;
        let loaded = loaded.ok_or(Problem::Refused(Refusal::UnknownContract { contract_id }))?;
        // There is no request: its id, its oracle and its block are zero.
        let request = OracleRequest {
            chain,
            oracle: vec![0; 20],
            request_id: RequestId([0; 32]),
            consumer: consumer.0.to_vec(),
            payload,
            expires_at: self.parts.time.now().saturating_add(bounds::LEAST_LIFETIME),
            block_hash: BlockHash([0; 32]),
        };
        let call = Call {
            contract: contract_id,
            entry: Entry::Call,
            mode: Mode::Simulation,
            caller: NO_CALLER,
            input: request.call_input(),
            vrf: None,
        };
        let _running = Running::start(&self.running);
        let result = self.run(call, loaded).await?;
        let answer = result.answer(max_output);
        Ok(Simulation {
            attestation: self.parts.provider.attestation(),
            reason: reason(&result, &answer),
            outcome: answer.outcome,
            output: answer.output,
            logs: kept_logs(&result, u32::MAX)
                .into_iter()
                .map(|(level, message)| LogEntry { level, message })
                .collect(),
            fuel: result.fuel_used,
            elapsed_ms: milliseconds(result.elapsed),
        })
    }

    /// Runs a call to its end, or until the enclave waits no longer.
    async fn run(&self, call: Call, loaded: crate::store::LoadedContract) -> Result<phat_executor::RunResult, Problem> {
        let run = self.parts.runner.run(call.of(loaded, self.parts.keys.contracts(), Arc::clone(&self.lookups) as _));
        tokio::select! {
            result = run => result.map_err(|fault| problem(&fault)),
            () = self.abandon.cancelled() => Err(Problem::Fault("the enclave stops".to_owned())),
        }
    }

    /// Does what blocks on the disk on a thread that may block.
    async fn in_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.lookups.run(work).await
    }

    /// Waits until every run of a request has ended and its report is sealed. New calls are expected
    /// to have stopped.
    pub(crate) async fn drained(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Ends the runs that have not ended; their callers hear of a fault, and nothing is signed.
    pub(crate) fn abandon(&self) {
        self.abandon.cancel();
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Worker").field("keys", &self.parts.keys).finish_non_exhaustive()
    }
}

/// Where too much is asked for at once the log tells whose runs are held back.
fn problem(fault: &HostFault) -> Problem {
    if fault.is_busy() {
        tracing::warn!(reason = %fault, "a run is held back");
        return Problem::Busy;
    }
    Problem::Fault(fault.to_string())
}

/// One in the count of what runs, until it is dropped.
struct Running(Arc<AtomicU64>);

impl Running {
    fn start(count: &Arc<AtomicU64>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
