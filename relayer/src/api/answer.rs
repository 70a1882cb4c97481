//! What the API says and takes, shared with the command line. Times that end in `_ms` are unix
//! milliseconds; the others are unix seconds, as on chain.

mod action;
mod admin;
mod call;
mod chain;
mod contract;
mod endpoint;
mod job;
mod metadata;
mod ready;
mod request;
mod simulation;
mod status;
mod whole;
mod worker;

pub use action::{ActOrder, ActedAnswer};
pub use admin::{PauseAnswer, PauseOrder, RescanAnswer, RescanCancelledAnswer, RescanOrder, ResumeAnswer, RetryAnswer};
pub use call::{CallAnswer, CallContract};
pub use chain::{ChainAnswer, ChainsAnswer, WaitingAnswer, WalletAnswer};
pub use contract::{
    CodeAnswer, ContractAnswer, ContractSummary, ContractsAnswer, DeployContract, FailedRunAnswer, RecentRunsAnswer,
};
pub use endpoint::EndpointAnswer;
pub use job::{
    JobAnswer, JobOrder, JobResult, JobRunAnswer, JobRunOrdered, JobRunState, JobRunsAnswer, JobSkip, JobsAnswer,
};
pub use metadata::MetadataAnswer;
pub use ready::{Liveness, Readiness, ReadinessComponent};
pub use request::{ReportAnswer, RequestAnswer, RequestCounts, RequestsAnswer, StateSpan};
pub use simulation::{SimulateContract, SimulationAnswer};
pub use status::{StatusAnswer, StatusReason, Verdict};
pub(crate) use whole::optional_long as whole_number;
pub use worker::{QuoteAnswer, RegisteredAnswer, WorkerAnswer, WorkerOnChain};
