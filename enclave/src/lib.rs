//! The trusted process: hosts the executor, holds the worker key, and signs the answer to a request
//! once.
//!
//! A call enters in `server`, is judged in `admission`, waits in `flights` where its id is already
//! worked on, and is answered in `worker`: looked up, run, signed, and sealed by `commit` into
//! `store` before anyone sees it. `provider` is the hardware below, or its simulation; `serve` puts
//! the parts together. Nothing that comes from the host is believed: see `admission`.

mod admission;
mod clock;
mod commit;
pub mod config;
mod data_dir;
mod flights;
mod keys;
mod listener;
mod lookups;
mod owner;
mod provider;
mod runs;
mod sealing;
mod serve;
mod server;
mod store;
#[cfg(test)]
mod testbed;
mod worker;

pub use clock::{EnclaveTime, SystemClock, SystemRandomness};
pub use config::{Config, ConfigError, ConfigErrors};
pub use data_dir::{DataDir, DataDirError};
pub use keys::{InvalidScalar, WorkerKey};
pub use listener::ListenError;
pub use provider::{Provider, ProviderError, Simulated};
pub use sealing::{SealingKey, Unsealable};
pub use serve::{Enclave, ServeError};
pub use store::StoreError;
