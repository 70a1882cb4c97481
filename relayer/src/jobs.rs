//! Messages of contracts that are run on their own: by the calendar, by a chain's height, or when a chain tells of
//! something. A job is a row, and so is each of its runs; what a chain or the calendar asks for is queued first and
//! run from the row, so that nothing that is queued is lost, and nothing is run twice.

mod calendar;
mod chain_stage;
mod clock_stage;
mod cron;
mod name;
mod observe;
mod run_stage;
mod schedule;
mod spec;
mod trigger;

pub use chain_stage::{ChainStage, JobChain};
pub use clock_stage::ClockStage;
pub use cron::{Cron, InvalidCron};
pub use name::{InvalidJobName, JobName};
pub use run_stage::{RunSettings, RunStage};
pub use schedule::{EventForm, InvalidSchedule, Schedule, ScheduleForm};
pub use spec::{JobSource, JobSpec, Missed, SkipReason};
pub use trigger::JobTrigger;
pub(crate) use trigger::identity;

use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::Notify;

/// What wakes the stages of jobs before their interval is over. A ring that nobody hears costs latency alone.
#[derive(Clone, Debug, Default)]
pub struct JobDoorbells {
    /// A job may be due at another time than before.
    pub clock: Arc<Notify>,
    /// A run may be queued, or may have ended.
    pub run: Arc<Notify>,
    /// A chain may have another job than before; by its configured name.
    pub chains: BTreeMap<String, Arc<Notify>>,
}

impl JobDoorbells {
    /// Those of these chains.
    pub fn of(chains: impl IntoIterator<Item = String>) -> Self {
        Self { chains: chains.into_iter().map(|name| (name, Arc::default())).collect(), ..Self::default() }
    }

    /// Rings all: something about a job is another than before.
    pub fn ring(&self) {
        self.clock.notify_one();
        self.run.notify_one();
        for chain in self.chains.values() {
            chain.notify_one();
        }
    }
}
