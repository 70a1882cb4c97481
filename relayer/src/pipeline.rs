//! The stages: watch, execute, submit, settle, and rescan beside them. Each chain has its own, so
//! that one chain's trouble never delays another's; a stage's whole memory is the database.

mod balances;
mod chain;
mod execute;
mod listen;
mod observe;
mod probe;
mod rescan;
mod resolve;
mod retry;
mod run;
mod settle;
mod stage;
mod submit;
mod submitters;
mod watch;

pub use balances::BalanceStage;
pub use chain::{ChainEnd, Doorbells};
pub use execute::{ExecuteSettings, ExecuteStage};
pub use probe::ProbeStage;
pub use rescan::RescanStage;
pub use retry::RetrySettings;
pub use run::{Beside, Pipeline, PipelineError};
pub use settle::SettleStage;
pub use stage::{Progress, Stage, StageError};
pub use submit::{SubmitSettings, SubmitStage};
pub use submitters::{Submitter, Submitters};
pub use watch::{WatchSettings, WatchStage};
