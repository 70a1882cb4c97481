//! Stage `jobs/run`: has queued runs run by the enclave, at most one of each job at a time.

use super::{JobDoorbells, observe};
use crate::{
    clock::{Millis, SharedClock},
    pipeline::{Progress, RetrySettings, Stage, StageError},
    store::{JobRunStore, Lease, LeaseToken, LeasedRun, Retention, RunEnd, StoreError},
};
use async_trait::async_trait;
use parity_scale_codec::Encode;
use phat_enclave_api::{Call, Enclave, EnclaveError};
use rand::{RngCore, rngs::OsRng};
use std::{num::NonZeroU32, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tracing::Instrument;

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct RunSettings {
    /// The most runs that are asked of the enclave at once, of all jobs.
    pub concurrency: NonZeroU32,
    /// The time after which another replica may take a run over: longer than a run.
    pub lease: Duration,
    /// Which ended runs are kept.
    pub keep: Retention,
    /// The bounds of the wait before a run is tried again.
    pub retry: RetrySettings,
}

/// Has queued runs run by the enclave.
pub struct RunStage {
    runs: Arc<Runs>,
    running: JoinSet<()>,
}

/// What a run needs.
struct Runs {
    store: Arc<dyn JobRunStore>,
    enclave: Arc<dyn Enclave>,
    clock: SharedClock,
    doorbells: JobDoorbells,
    settings: RunSettings,
}

impl RunStage {
    /// A stage for all jobs.
    #[must_use]
    pub fn new(
        store: Arc<dyn JobRunStore>,
        enclave: Arc<dyn Enclave>,
        clock: SharedClock,
        doorbells: JobDoorbells,
        settings: RunSettings,
    ) -> Self {
        Self { runs: Arc::new(Runs { store, enclave, clock, doorbells, settings }), running: JoinSet::new() }
    }

    /// How many more may run.
    fn free(&mut self) -> u32 {
        while let Some(ended) = self.running.try_join_next() {
            if let Err(error) = ended
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        let running = u32::try_from(self.running.len()).unwrap_or(u32::MAX);
        self.runs.settings.concurrency.get().saturating_sub(running)
    }
}

#[async_trait]
impl Stage for RunStage {
    fn name(&self) -> &'static str {
        "jobs_run"
    }

    fn chain(&self) -> &str {
        ""
    }

    async fn step(&mut self) -> Result<Progress, StageError> {
        let free = self.free();
        if free == 0 {
            return Ok(Progress::Idle);
        }
        let now = Millis::now(&*self.runs.clock);
        let mut token = LeaseToken([0; 16]);
        OsRng.fill_bytes(&mut token.0);
        let lease = Lease { token, until: now.after(self.runs.settings.lease) };
        let leased = self.runs.store.lease_runs(lease, free, now).await?;
        if leased.is_empty() {
            return Ok(Progress::Idle);
        }
        for run in leased {
            let runs = self.runs.clone();
            let span = observe::span(&run);
            let running = observe::running();
            let work = async move {
                runs.run(run, token).await;
                drop(running);
                runs.doorbells.run.notify_one();
            };
            self.running.spawn(work.instrument(span));
        }
        Ok(Progress::More)
    }

    async fn finish(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

impl Runs {
    async fn run(&self, run: LeasedRun, token: LeaseToken) {
        observe::started(&run, Millis::now(&*self.clock));
        let (id, tries) = (run.id, run.tries);
        let ended = match self.enclave.call(&call(run)).await {
            Ok(result) => RunEnd::Ran(result),
            Err(error) if error.is_transient() => return self.put_off(id, tries, token, &error).await,
            Err(error) => RunEnd::Refused { why: error.to_string() },
        };
        let now = Millis::now(&*self.clock);
        match self.store.end_run(id, token, &ended, self.settings.keep, now).await {
            Ok(()) => observe::ended(&ended),
            // The job was removed, or the lease ran out and another replica has it.
            Err(StoreError::Conflict { what }) => observe::overtaken(&what),
            Err(error) => {
                let wait = self.settings.retry.after_tries(tries);
                observe::kept(&error);
                // The lease runs out where this fails as well.
                let _ = self.store.give_run_back(id, token, &error.to_string(), now.after(wait)).await;
            }
        }
    }

    async fn put_off(&self, id: crate::store::JobRunId, tries: u32, token: LeaseToken, cause: &EnclaveError) {
        let wait = self.settings.retry.after_tries(tries);
        observe::failed(cause, wait);
        let next_try_at = Millis::now(&*self.clock).after(wait);
        if let Err(error) = self.store.give_run_back(id, token, &cause.to_string(), next_try_at).await {
            observe::kept(&error);
        }
    }
}

/// What the enclave is asked.
fn call(run: LeasedRun) -> Call {
    let LeasedRun { contract_id, mut input, append_trigger, trigger, .. } = run;
    if append_trigger {
        trigger.encode_to(&mut input);
    }
    Call { contract_id, input }
}
