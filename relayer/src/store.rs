//! What the relayer keeps. The database row is the queue: each stage has a trait of its own, and
//! every change of a request's state is guarded by the state that it expects.

mod admin;
mod catalogue;
mod error;
mod events;
mod figures;
mod jobs;
mod read;
mod rescan;
mod role;
pub mod sqlite;

pub use admin::{Act, AdminStore, NoRetry, Pause, Pauses, Retried, Subject};
pub use catalogue::{CatalogueRecord, CatalogueStore, CodeRecord, FailedRun, RecentRuns};
pub use error::StoreError;
pub use events::{Event, EventFilter, EventPage, EventStore};
pub use figures::{FigureStore, Queues, Step, Steps};
pub use jobs::{
    Advance, ChainJob, ChainWait, DueJob, Found, JobId, JobRecord, JobRunId, JobRunPage, JobRunProgress, JobRunRecord,
    JobRunResult, JobRunStore, JobStore, JobTurnStore, LeasedRun, OUTPUT_KEPT, Ordered, Removed, Retention, RunEnd,
    Turn, Turned,
};
pub use read::{
    AttemptRecord, Counts, EventRecord, OpenAttemptRecord, Page, ReadStore, RequestFilter, RequestLife, RequestSummary,
    Stage, StageAge, StoredReport, TransactionRecord,
};
pub use rescan::{Rescan, RescanStore, Rescanned};
pub use role::{
    Attempted, Checkpoint, ExecuteStore, Lease, LeaseToken, Leased, NewAttempt, Postponed, ReadyReport, RefusedReport,
    SettleStore, SubmitStore, Suspect, Unproven, Verdict, WatchStore,
};
