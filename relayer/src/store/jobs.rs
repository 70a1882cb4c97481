//! What jobs keep: one role for those who order them, one for what makes them due, one for what runs them.

use super::{Lease, LeaseToken, Pause, StoreError};
use crate::{
    clock::Millis,
    jobs::{JobName, JobSource, JobSpec, JobTrigger, Missed, Schedule, SkipReason},
};
use async_trait::async_trait;
use phat_connector::{BlockRef, ChainEvent, EventFilter};
use phat_enclave_api::{Attestation, CallResult, EventEntry, LogEntry};
use phat_protocol::{Chain, ContractId, Outcome};
use std::{num::NonZeroU64, time::Duration};

/// A job's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub i64);

/// A run's row; later runs have higher numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobRunId(pub i64);

/// A job, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// Its row.
    pub id: JobId,
    /// What it was told.
    pub spec: JobSpec,
    /// Who said that it is there.
    pub source: JobSource,
    /// When.
    pub created_at: Millis,
    /// The pause that holds.
    pub paused: Option<Pause>,
    /// Whether its contract is paused.
    pub contract_paused: bool,
    /// When the calendar says that it runs next; none while it is paused.
    pub next_at: Option<Millis>,
    /// The last height that was looked at for it.
    pub cursor: Option<u64>,
    /// Runs that are queued or under way.
    pub open_runs: u64,
    /// How often it did not run when it was due.
    pub skipped: u64,
    /// The last time of that, and why.
    pub last_skip: Option<(Millis, SkipReason)>,
    /// Its newest run.
    pub last_run: Option<JobRunRecord>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRunRecord {
    /// Its row.
    pub id: JobRunId,
    /// Why it is.
    pub trigger: JobTrigger,
    /// When it was due.
    pub due_at: Millis,
    /// Where it stands.
    pub progress: JobRunProgress,
    /// How often the enclave was asked in vain.
    pub tries: u32,
    /// Why, the last time.
    pub last_error: Option<String>,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobRunProgress {
    /// It waits: for the run before it, or since a failure of the host for that time.
    Queued {
        /// The time.
        next_try_at: Millis,
    },
    /// The enclave runs it.
    Running {
        /// Since when.
        since: Millis,
    },
    /// The contract ran.
    Ran(Box<JobRunResult>),
    /// The enclave refuses it.
    Refused {
        /// When.
        at: Millis,
        /// Why, in words.
        why: String,
    },
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRunResult {
    /// When the enclave was asked.
    pub started_at: Millis,
    /// When it answered.
    pub ended_at: Millis,
    /// How it ended.
    pub outcome: Outcome,
    /// What the contract returned, cut at [`OUTPUT_KEPT`].
    pub output: Vec<u8>,
    /// The whole output's length in bytes.
    pub output_size: u64,
    /// The flags that it returned with; bit 0 asks to revert.
    pub flags: u32,
    /// Why it failed, in words.
    pub reason: Option<String>,
    /// What it logged.
    pub logs: Vec<LogEntry>,
    /// The events that it deposited.
    pub events: Vec<EventEntry>,
    /// Fuel that it used.
    pub fuel: u64,
    /// How long it took, milliseconds.
    pub elapsed_ms: u64,
    /// The contract's revision that ran.
    pub revision: u64,
    /// What vouches for the enclave.
    pub attestation: Attestation,
}

/// The most bytes of an output that are kept.
pub const OUTPUT_KEPT: usize = 64 * 1024;

/// What became of an order to run a job now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordered {
    /// This run is queued.
    Queued(JobRunId),
    /// One is queued or under way already.
    Busy,
    /// It, or its contract, is paused, or it left the configuration.
    Held,
    /// There is no such job.
    Unknown,
}

/// What became of an order to remove a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is gone, with its runs.
    Gone(Box<JobRecord>),
    /// The configuration says that it is there.
    Configured,
    /// There is no such job.
    Unknown,
}

/// Which runs are listed, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobRunPage {
    /// Those before this one.
    pub before: Option<JobRunId>,
    /// At most so many.
    pub limit: u32,
}

/// What the API keeps of jobs. Every method that changes something leaves an event, in the same transaction.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Makes a job. What its chain tells above `start` counts; without that, above the block that is seen first.
    /// Answers whether its name was free.
    async fn add_job(&self, spec: &JobSpec, start: Option<BlockRef>, now: Millis) -> Result<bool, StoreError>;

    /// Makes the configuration's jobs as it says; those that it doesn't name any more leave. One that stays the same
    /// goes on where it was. Called once, before any stage runs: whoever held a lease of a run is dead.
    async fn configure_jobs(&self, specs: &[JobSpec], now: Millis) -> Result<(), StoreError>;

    /// Every job, by name.
    async fn jobs(&self) -> Result<Vec<JobRecord>, StoreError>;

    /// One job.
    async fn job(&self, name: &JobName) -> Result<Option<JobRecord>, StoreError>;

    /// Removes a job and its runs, unless the configuration has it.
    async fn remove_job(&self, name: &JobName, now: Millis) -> Result<Removed, StoreError>;

    /// Pauses a job. One that is paused already stays as it is. Answers the pause that holds; none where there is no
    /// such job.
    async fn pause_job(&self, name: &JobName, reason: Option<&str>, now: Millis) -> Result<Option<Pause>, StoreError>;

    /// Ends a job's pause: times and heights that passed meanwhile are over, events are not. Answers whether there was
    /// a pause; none where there is no such job.
    async fn resume_job(&self, name: &JobName, now: Millis) -> Result<Option<bool>, StoreError>;

    /// Queues a run of a job that has none queued or under way.
    async fn order_run(&self, name: &JobName, now: Millis) -> Result<Ordered, StoreError>;

    /// A page of a job's runs.
    async fn job_runs(&self, job: JobId, page: JobRunPage) -> Result<Vec<JobRunRecord>, StoreError>;
}

/// A job whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueJob {
    /// Its row.
    pub id: JobId,
    /// When it runs.
    pub schedule: Schedule,
    /// What becomes of missed times.
    pub missed: Missed,
    /// Whether its contract is paused.
    pub contract_paused: bool,
    /// Its time.
    pub due_at: Millis,
}

/// What a job that is due comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It runs, unless its run before has not ended.
    Run(JobTrigger),
    /// It is passed over.
    Skip(SkipReason),
}

/// What became of a [`Turn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// A run is queued.
    Queued,
    /// It was passed over.
    Skipped(SkipReason),
    /// The job is gone, paused, or another replica was faster.
    Overtaken,
}

/// A job that depends on a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainJob {
    /// Its row.
    pub id: JobId,
    /// What it waits for.
    pub wait: ChainWait,
    /// What becomes of missed heights.
    pub missed: Missed,
    /// Whether its contract is paused.
    pub contract_paused: bool,
    /// The last height that was looked at for it; none when nothing was yet.
    pub cursor: Option<u64>,
    /// That block as it was then; none where it isn't known.
    pub block: Option<BlockRef>,
    /// Runs that are queued or under way.
    pub open_runs: u64,
}

/// What a job waits for on a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainWait {
    /// Heights that so many divide.
    Height(NonZeroU64),
    /// Events.
    Event(EventFilter),
}

/// How far a chain was looked at for a job, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// The job.
    pub id: JobId,
    /// Where it stood.
    pub from: Option<u64>,
    /// The last height that was looked at.
    pub to: u64,
    /// That block's hash, where it will be compared.
    pub block: Option<BlockRef>,
    /// What came of it.
    pub found: Found,
}

/// What was found on a chain for a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Heights were due: what they come to, and how many more were passed.
    Height {
        /// What the newest comes to; none when none was due.
        turn: Option<Turn>,
        /// The others.
        passed: u64,
    },
    /// Events, in order. Each is queued once, wherever its transaction stands.
    Events(Vec<ChainEvent>),
}

/// What makes jobs due.
#[async_trait]
pub trait JobTurnStore: Send + Sync {
    /// Jobs whose time has come, at most `limit`.
    async fn due_jobs(&self, now: Millis, limit: u32) -> Result<Vec<DueJob>, StoreError>;

    /// When the next job's time comes.
    async fn next_due(&self) -> Result<Option<Millis>, StoreError>;

    /// Queues the run of a job that is due, or passes over it, and sets its next time.
    async fn take_turn(
        &self,
        job: &DueJob,
        turn: Turn,
        next_at: Option<Millis>,
        now: Millis,
    ) -> Result<Turned, StoreError>;

    /// The jobs that depend on the chain and aren't paused.
    async fn chain_jobs(&self, chain: &str) -> Result<Vec<ChainJob>, StoreError>;

    /// Queues what was found for jobs of a chain, and moves on where they stand; jobs that stand elsewhere by now are
    /// left as they are. Answers what became of each turn.
    async fn advance_jobs(&self, chain: Chain, advances: &[Advance], now: Millis) -> Result<Vec<Turned>, StoreError>;

    /// The chain doesn't go through `block` any more: jobs that wait for events and stand there go back by `reach`
    /// blocks, but not below where they began. Answers how many.
    async fn go_back(&self, chain: &str, block: BlockRef, reach: u64) -> Result<u64, StoreError>;
}

/// A run that this replica may start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasedRun {
    /// Its row.
    pub id: JobRunId,
    /// Its job.
    pub job: JobId,
    /// The job's name.
    pub name: JobName,
    /// The contract.
    pub contract_id: ContractId,
    /// The message's input, as the job was told it.
    pub input: Vec<u8>,
    /// Whether the trigger is put behind it.
    pub append_trigger: bool,
    /// Why it is.
    pub trigger: JobTrigger,
    /// When it was due.
    pub due_at: Millis,
    /// How often it was tried before.
    pub tries: u32,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum RunEnd {
    /// The contract ran.
    Ran(CallResult),
    /// The enclave refuses it.
    Refused {
        /// Why, in words.
        why: String,
    },
}

/// Which ended runs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// At most so many of each job, the newest.
    pub runs: u32,
    /// For so long after their end.
    pub age: Duration,
}

/// What runs jobs.
#[async_trait]
pub trait JobRunStore: Send + Sync {
    /// Leases up to `limit` runs: of each job the first that is queued, unless one is under way; those that were due
    /// first first.
    async fn lease_runs(&self, lease: Lease, limit: u32, now: Millis) -> Result<Vec<LeasedRun>, StoreError>;

    /// Stores how a run ended, and drops old ones of its job.
    async fn end_run(
        &self,
        run: JobRunId,
        token: LeaseToken,
        end: &RunEnd,
        keep: Retention,
        now: Millis,
    ) -> Result<(), StoreError>;

    /// Gives a run back after a failure of the host; it is tried again at `next_try_at`.
    async fn give_run_back(
        &self,
        run: JobRunId,
        token: LeaseToken,
        why: &str,
        next_try_at: Millis,
    ) -> Result<(), StoreError>;
}
