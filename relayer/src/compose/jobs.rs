//! The stages of jobs.

use crate::{
    clock::SharedClock,
    config::Config,
    jobs::{ChainStage, ClockStage, JobChain, JobDoorbells, RunSettings, RunStage},
    pipeline::{Beside, RetrySettings},
    store::{Retention, sqlite::SqliteStore},
};
use phat_enclave_api::Enclave;
use std::{sync::Arc, time::Duration};

/// How often jobs whose time has come are looked for when no doorbell rings.
const SWEEP: Duration = Duration::from_secs(1);

/// What the stages of jobs share.
pub(super) struct Parts {
    pub(super) store: Arc<SqliteStore>,
    pub(super) enclave: Arc<dyn Enclave>,
    pub(super) clock: SharedClock,
}

/// One stage for the calendar, one for each chain, one for the runs.
pub(super) fn stages(
    config: &Config,
    parts: Parts,
    chains: Vec<(JobChain, Duration)>,
    doorbells: &JobDoorbells,
) -> Vec<Beside> {
    let Parts { store, enclave, clock } = parts;
    let settings = RunSettings {
        concurrency: config.job_runs.concurrency,
        lease: config.execute.lease,
        keep: Retention { runs: config.job_runs.keep.get(), age: config.job_runs.keep_for },
        retry: RetrySettings { initial: config.retry.initial, max: config.retry.max },
    };
    let mut stages = vec![
        Beside {
            stage: Box::new(ClockStage::new(store.clone(), clock.clone(), doorbells.clone())),
            doorbell: doorbells.clock.clone(),
            interval: SWEEP,
        },
        Beside {
            stage: Box::new(RunStage::new(store.clone(), enclave, clock.clone(), doorbells.clone(), settings)),
            doorbell: doorbells.run.clone(),
            interval: SWEEP,
        },
    ];
    for (chain, interval) in chains {
        let doorbell = doorbells.chains.get(&*chain.name).cloned().unwrap_or_default();
        let stage = Box::new(ChainStage::new(chain, store.clone(), clock.clone(), doorbells.clone()));
        stages.push(Beside { stage, doorbell, interval });
    }
    stages
}
