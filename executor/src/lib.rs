//! Runs Phat Contracts: wasmi under limits, host functions, and the way out to the internet.
//!
//! [`Executor::run`] takes a [`Run`] (code, state, input) and gives a [`RunResult`] (how it ended,
//! what it would change). The crate knows no chain and no database; clock, randomness, name
//! resolution and the root of keys are given by the process around it.
//!
//! A guest holds a thread only while it computes. It does so in slices of fuel on a few threads of
//! its own ([`Resources::threads`]), in order of arrival, so that a guest that spins shares them with
//! the others and is stopped on time; the async threads, which serve HTTP, never run a guest. While
//! a guest waits for HTTP it is suspended, and holds its memory alone.
//!
//! | where | what |
//! | --- | --- |
//! | `check` | what a module must be before it is stored |
//! | `engine`, `cache` | translation, done once per code |
//! | `run` | frames, slices, suspension, the end |
//! | `seal`, `pink`, `phat` | host functions |
//! | `vrf` | the random value that a request is answered with |
//! | `secrets` | what owners entrust to contracts, and where it may be sent |
//! | `egress` | which servers a guest may talk to |
//! | `limits` | every limit |

mod admission;
mod cache;
mod check;
mod config;
mod contracts;
mod egress;
mod engine;
mod executor;
mod fault;
mod fuel;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod host;
mod keyed;
mod keys;
mod limits;
mod local_cache;
mod phat;
mod pink;
mod places;
mod pool;
mod run;
mod seal;
mod secrets;
mod storage;
mod vrf;

pub use check::{MemoryBound, ModuleFacts, Refusal, SectionError, Signature, check, custom_section};
pub use config::{ConfigError, ContractShare, ExecutorConfig, Resources};
pub use contracts::{Contracts, Instantiated, KnownContract, NoContracts};
pub use egress::{AllowEntry, Denial, EgressError, EgressPolicy, Registry};
pub use executor::Executor;
pub use fault::HostFault;
pub use host::{Clock, HostServices, Randomness, Resolver, SgxQuote, SystemResolver, WorkerFacts};
pub use keys::KeyRoot;
pub use limits::{CacheLimits, CallLimits, HttpLimits, Limits, PAGE_BYTES, RecordLimits, StorageLimits};
pub use run::{Entry, Event, HttpCall, HttpResult, LogLevel, LogLine, Mode, Run, RunEnd, RunResult};
pub use secrets::{InvalidOrigin, InvalidSecrets, Origin, Secrets};
pub use storage::{State, StateChanges};
pub use vrf::Vrf;
