//! What a reader of the log can count on about jobs: one function for each event.

use crate::{
    clock::Millis,
    jobs::SkipReason,
    metrics::{ErrorKind, recorded},
    store::{LeasedRun, RunEnd, StoreError, Turned},
};
use phat_connector::BlockRef;
use phat_enclave_api::EnclaveError;
use std::time::Duration;
use tracing::{Span, debug, error_span, info, warn};

/// The span of one run; of the highest level, so that no filter takes the job's name from the warnings within.
pub(super) fn span(run: &LeasedRun) -> Span {
    error_span!("job", name = %run.name, run = run.id.0)
}

/// Counts as running while it lives.
pub(super) struct Running(());

impl Drop for Running {
    fn drop(&mut self) {
        recorded().jobs.stopped();
    }
}

pub(super) fn running() -> Running {
    recorded().jobs.started();
    Running(())
}

/// Called within the run's [`span`], like those after it.
pub(super) fn started(run: &LeasedRun, now: Millis) {
    let late = u64::try_from(now.0.saturating_sub(run.due_at.0)).unwrap_or(0);
    if run.tries == 0 {
        recorded().jobs.late(Duration::from_millis(late));
    }
    debug!(trigger = run.trigger.kind(), late_ms = late, "job runs");
}

pub(super) fn ended(end: &RunEnd) {
    match end {
        RunEnd::Ran(result) => {
            recorded().jobs.ran(result.outcome.name());
            info!(outcome = %result.outcome, fuel = result.fuel, elapsed_ms = result.elapsed_ms, "job ran");
        }
        RunEnd::Refused { why } => {
            recorded().jobs.ran("refused");
            warn!(why, "the enclave refuses the job");
        }
    }
}

pub(super) fn failed(cause: &EnclaveError, wait: Duration) {
    recorded().stages.failed("", "jobs_run", ErrorKind { component: "enclave", kind: cause.kind() });
    warn!(%cause, wait_ms = wait.as_millis(), "job couldn't run");
}

pub(super) fn kept(cause: &StoreError) {
    recorded().stages.failed("", "jobs_run", ErrorKind { component: "database", kind: cause.kind() });
    warn!(%cause, "run not given back; its lease runs out");
}

pub(super) fn overtaken(what: &str) {
    recorded().stages.overtaken("", "jobs_run");
    info!(what, "the job is gone, or another replica has its run");
}

pub(super) fn turned(turned: Turned) {
    match turned {
        Turned::Queued => debug!("run of a job queued"),
        Turned::Skipped(reason) => {
            recorded().jobs.skipped(reason);
            match reason {
                SkipReason::Overlap | SkipReason::Missed => info!(%reason, "run of a job skipped"),
                SkipReason::ContractPaused | SkipReason::Passed => debug!(%reason, "run of a job skipped"),
            }
        }
        Turned::Overtaken => debug!("job changed meanwhile"),
    }
}

pub(super) fn reorganised(chain: &str, block: BlockRef, jobs: u64) {
    warn!(chain, block = block.number, jobs, "chain reorganised; jobs look again");
}
