//! Stage `execute`: has requests answered by the enclave, and stores the signed reports before
//! anything is sent.

use super::{ChainEnd, Progress, RetrySettings, Stage, StageError, observe, resolve::Resolver};
use crate::{
    clock::{Millis, SharedClock},
    request::IgnoreReason,
    store::{ExecuteStore, Lease, LeaseToken, Leased, Postponed, SettleStore, StoreError, Suspect},
};
use async_trait::async_trait;
use phat_connector::OnChainState;
use phat_enclave_api::{Enclave, EnclaveError, Execute, Refusal};
use phat_protocol::{ContractId, OracleChain, RequestId};
use rand::{RngCore, rngs::OsRng};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Semaphore, task::JoinSet};
use tracing::Instrument;

/// How often contracts that requests are ignored for want of are looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How many of them are looked for at once. Anybody can ask for contracts that there aren't.
const LOOKED_FOR: u32 = 100;

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct ExecuteSettings {
    /// The most runs that are asked of the enclave at once, for each chain; at least 1.
    pub concurrency: u32,
    /// Half the time after which another replica may take a request over: longer than a run. A
    /// request waits for one run at most before its own.
    pub lease: Duration,
    /// The bounds of the wait before a request is tried again.
    pub retry: RetrySettings,
}

/// Has one chain's requests answered.
pub struct ExecuteStage {
    runs: Arc<Runs>,
    resolver: Resolver,
    settings: ExecuteSettings,
    /// Requests that run, and as many that wait for their turn, so that the enclave never waits for
    /// a lease.
    running: JoinSet<()>,
    turns: Arc<Turns>,
    /// When missing contracts were looked for last.
    looked_at: Option<Millis>,
    /// The last one that was looked for, where there are more.
    looked_for: Option<ContractId>,
}

/// Who may run, and how many are left.
struct Turns {
    free: Semaphore,
    left: AtomicUsize,
}

/// What a run needs.
struct Runs {
    chain: ChainEnd,
    store: Arc<dyn ExecuteStore>,
    enclave: Arc<dyn Enclave>,
    clock: SharedClock,
    retry: RetrySettings,
}

impl ExecuteStage {
    /// A stage for `chain`.
    #[must_use]
    pub fn new<Store: ExecuteStore + SettleStore + 'static>(
        chain: ChainEnd,
        store: Arc<Store>,
        enclave: Arc<dyn Enclave>,
        clock: SharedClock,
        settings: ExecuteSettings,
    ) -> Self {
        let resolver = Resolver { chain: chain.clone(), store: store.clone(), clock: clock.clone() };
        let runs = Runs { chain, store, enclave, clock, retry: settings.retry };
        let settings = ExecuteSettings { concurrency: settings.concurrency.max(1), ..settings };
        let turns = Arc::new(Turns { free: Semaphore::new(concurrency(settings)), left: AtomicUsize::new(0) });
        Self {
            runs: Arc::new(runs),
            resolver,
            settings,
            running: JoinSet::new(),
            turns,
            looked_at: None,
            looked_for: None,
        }
    }

    /// How many requests to lease: none while as many wait as may run.
    fn wanted(&mut self) -> usize {
        while let Some(ended) = self.running.try_join_next() {
            if let Err(error) = ended
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        let (left, concurrency) = (self.turns.left.load(Ordering::Acquire), concurrency(self.settings));
        if left > concurrency { 0 } else { concurrency.saturating_mul(2).saturating_sub(left) }
    }

    /// Runs the request when its turn comes.
    fn start(&mut self, request: Leased, lease: Lease) {
        let (runs, turns) = (self.runs.clone(), self.turns.clone());
        let concurrency = concurrency(self.settings);
        self.turns.left.fetch_add(1, Ordering::AcqRel);
        self.running.spawn(async move {
            // The semaphore is never closed.
            let turn = turns.free.acquire().await;
            let span = observe::span(observe::Work::Execute, &runs.chain.name, request.id);
            runs.run(request, lease).instrument(span).await;
            drop(turn);
            // One ring for many runs: when those that wait are as many as may run.
            if turns.left.fetch_sub(1, Ordering::AcqRel) == concurrency + 1 {
                runs.chain.doorbells.execute.notify_one();
            }
        });
    }

    /// Parts the requests that wait for an answer on chain from those that don't.
    async fn part(&self, leased: Vec<Leased>, token: LeaseToken) -> Result<(Vec<Leased>, Vec<Leased>), StageError> {
        let ids: Vec<RequestId> = leased.iter().map(|request| request.id).collect();
        let states = match self.runs.chain.status.states(&ids, None).await {
            Ok(states) => states,
            Err(error) => {
                let wait = error.retry_after().unwrap_or(self.settings.retry.initial);
                self.give_back(&leased, token, &error.to_string(), |_| wait).await?;
                return Err(error.into());
            }
        };
        let (mut pending, mut over) = (Vec::new(), Vec::new());
        for (request, state) in leased.into_iter().zip(states) {
            if state == OnChainState::Pending { pending.push(request) } else { over.push(request) }
        }
        Ok((pending, over))
    }

    /// Concludes what isn't pending any more; until the chain's word on it is final it is given back.
    async fn conclude(&self, over: &[Leased], token: LeaseToken) -> Result<(), StageError> {
        if over.is_empty() {
            return Ok(());
        }
        let retry = self.settings.retry;
        self.give_back(over, token, "not pending on chain", |request| retry.after_tries(request.tries)).await?;
        let head = self.runs.chain.source.head().await?;
        let suspects: Vec<Suspect> = over
            .iter()
            .map(|request| Suspect {
                id: request.id,
                block: request.block.number,
                expires_at: request.request.expires_at(),
            })
            .collect();
        self.resolver.resolve(&suspects, &head).await
    }

    /// Contracts may come to the enclave by other ways than this relayer's API, or come just as a
    /// request is ignored for want of them. Nothing else waits for it to succeed.
    async fn look_for_contracts(&mut self, now: Millis) {
        if self.looked_at.is_some_and(|at| at.after(LOOK_AGAIN) > now) {
            return;
        }
        self.looked_at = Some(now);
        if let Err(error) = self.reconsider_wanted(now).await {
            observe::look_failed(&self.runs.chain.name, &error, LOOK_AGAIN);
        }
    }

    async fn reconsider_wanted(&mut self, now: Millis) -> Result<(), StageError> {
        let after = self.looked_for.take();
        let wanted = self.runs.store.wanted(&self.runs.chain.name, after, LOOKED_FOR, now).await?;
        for contract in &wanted {
            if self.runs.enclave.contract(*contract).await?.is_some() {
                self.runs.store.reconsider(*contract, now).await?;
            }
        }
        let is_all = u32::try_from(wanted.len()).is_ok_and(|looked_for| looked_for < LOOKED_FOR);
        self.looked_for = if is_all { None } else { wanted.last().copied() };
        Ok(())
    }

    async fn give_back(
        &self,
        requests: &[Leased],
        token: LeaseToken,
        why: &str,
        wait: impl Fn(&Leased) -> Duration + Send,
    ) -> Result<(), StoreError> {
        let now = Millis::now(&*self.runs.clock);
        let postponed: Vec<Postponed> = requests
            .iter()
            .map(|request| Postponed { id: request.id, why: why.to_owned(), next_try_at: now.after(wait(request)) })
            .collect();
        self.runs.store.give_back(&postponed, token).await
    }
}

fn concurrency(settings: ExecuteSettings) -> usize {
    usize::try_from(settings.concurrency).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

#[async_trait]
impl Stage for ExecuteStage {
    fn name(&self) -> &'static str {
        "execute"
    }

    fn chain(&self) -> &str {
        &self.runs.chain.name
    }

    async fn step(&mut self) -> Result<Progress, StageError> {
        let now = Millis::now(&*self.runs.clock);
        self.look_for_contracts(now).await;
        let wanted = u32::try_from(self.wanted()).unwrap_or(u32::MAX);
        if wanted == 0 {
            return Ok(Progress::Idle);
        }
        let mut token = LeaseToken([0; 16]);
        OsRng.fill_bytes(&mut token.0);
        // A request waits for another's run at most before its own.
        let lease = Lease { token, until: now.after(self.settings.lease.saturating_mul(2)) };
        let leased = self.runs.store.lease(&self.runs.chain.name, lease, wanted, now).await?;
        if leased.is_empty() {
            return Ok(Progress::Idle);
        }
        let (pending, over) = self.part(leased, token).await?;
        for request in pending {
            self.start(request, lease);
        }
        self.conclude(&over, token).await?;
        Ok(Progress::More)
    }

    async fn finish(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

impl Runs {
    async fn run(&self, leased: Leased, lease: Lease) {
        let (id, tries) = (leased.id, leased.tries);
        if let Err(error) = self.answer_unless_paused(leased, lease).await {
            let wait = self.retry.after_tries(tries);
            observe::execution_failed(&self.chain.name, &error, wait);
            let next_try_at = Millis::now(&*self.clock).after(wait);
            let postponed = [Postponed { id, why: error.to_string(), next_try_at }];
            if let Err(error) = self.keep(lease, || self.store.give_back(&postponed, lease.token)).await {
                // The lease runs out.
                observe::lease_kept(&error);
            }
        }
    }

    /// A pause may have come while the request waited for its turn.
    async fn answer_unless_paused(&self, leased: Leased, lease: Lease) -> Result<(), StageError> {
        let token = lease.token;
        if self.store.may_run(leased.id, token).await? {
            self.answer(leased, lease).await
        } else {
            observe::held_back();
            Ok(self.store.release(leased.id, token).await?)
        }
    }

    async fn answer(&self, leased: Leased, lease: Lease) -> Result<(), StageError> {
        let (id, token) = (leased.id, lease.token);
        let message = Execute {
            request: leased.request,
            payload: leased.payload,
            block_hash: leased.block.hash,
            executed_at: Millis::now(&*self.clock).seconds(),
            payee: self.chain.submitters.payee(),
        };
        let answered = self.enclave.execute(&message).await;
        let now = Millis::now(&*self.clock);
        let reason = match answered {
            Ok(execution) if execution.report.request_id == id => {
                self.keep(lease, || self.store.report(id, token, &execution, now)).await?;
                observe::executed(&self.chain.name, &execution);
                self.chain.doorbells.submit.notify_one();
                return Ok(());
            }
            Ok(execution) => {
                let what = format!("asked for {id}, got a report on {}", execution.report.request_id);
                return Err(EnclaveError::Malformed(what).into());
            }
            Err(EnclaveError::Refused(Refusal::UnknownContract { .. })) => IgnoreReason::UnknownContract,
            Err(EnclaveError::Refused(Refusal::StaleRevision { .. })) => IgnoreReason::StaleRevision,
            // The chain's clock, not the enclave's, says when it is over: `settle` looks.
            Err(error @ EnclaveError::Refused(Refusal::Expired { .. })) => return Err(error.into()),
            Err(error) if error.is_transient() => return Err(error.into()),
            Err(error) => IgnoreReason::Refused { why: error.to_string() },
        };
        self.keep(lease, || self.store.ignore(id, token, &reason, now)).await?;
        observe::ignored(&reason);
        Ok(())
    }

    /// Writes what came of a lease. While the disk takes nothing it is tried again for as long as the lease holds:
    /// nobody else would, and when it has run out it is another's to write.
    async fn keep<Written>(&self, lease: Lease, write: impl Fn() -> Written + Send + Sync) -> Result<(), StoreError>
    where
        Written: Future<Output = Result<(), StoreError>> + Send,
    {
        let mut waits = self.retry.waits();
        loop {
            match write().await {
                Err(error) if error.is_disk() && Millis::now(&*self.clock) < lease.until => {
                    tokio::time::sleep(waits.next()).await;
                }
                written => return written,
            }
        }
    }
}
