//! Stage `jobs/clock`: queues runs whose time has come.

use super::{JobDoorbells, JobTrigger, Missed, SkipReason, observe};
use crate::{
    clock::{Millis, SharedClock},
    pipeline::{Progress, Stage, StageError},
    store::{DueJob, JobTurnStore, Turn, Turned},
};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};

/// The most jobs that are queued in one step.
const BATCH: u32 = 64;

/// Queues runs whose time has come.
pub struct ClockStage {
    store: Arc<dyn JobTurnStore>,
    clock: SharedClock,
    doorbells: JobDoorbells,
    /// Times before this passed while this process was not there.
    started: Millis,
}

impl ClockStage {
    /// A stage that begins now.
    #[must_use]
    pub fn new(store: Arc<dyn JobTurnStore>, clock: SharedClock, doorbells: JobDoorbells) -> Self {
        Self { store, started: Millis::now(&*clock), clock, doorbells }
    }

    fn turn(&self, job: &DueJob) -> Turn {
        if job.due_at < self.started {
            match job.missed {
                Missed::Skip => return Turn::Skip(SkipReason::Missed),
                Missed::Once => {}
            }
        }
        if job.contract_paused {
            return Turn::Skip(SkipReason::ContractPaused);
        }
        Turn::Run(JobTrigger::Cron { at_ms: u64::try_from(job.due_at.0).unwrap_or(0) })
    }

    /// How long nothing is due.
    async fn rest(&self) -> Result<Progress, StageError> {
        let Some(next) = self.store.next_due().await? else { return Ok(Progress::Idle) };
        let now = Millis::now(&*self.clock);
        let wait = u64::try_from(next.0.saturating_sub(now.0)).unwrap_or(0);
        // Never at once: what is due and can't be taken is another's.
        Ok(Progress::Soon(Duration::from_millis(wait.max(1))))
    }
}

#[async_trait]
impl Stage for ClockStage {
    fn name(&self) -> &'static str {
        "jobs_clock"
    }

    fn chain(&self) -> &str {
        ""
    }

    async fn step(&mut self) -> Result<Progress, StageError> {
        let now = Millis::now(&*self.clock);
        let due = self.store.due_jobs(now, BATCH).await?;
        for job in &due {
            let turned = self.store.take_turn(job, self.turn(job), job.schedule.next_time(now), now).await?;
            observe::turned(turned);
            if turned == Turned::Queued {
                self.doorbells.run.notify_one();
            }
        }
        self.rest().await
    }
}

#[cfg(test)]
mod tests;
