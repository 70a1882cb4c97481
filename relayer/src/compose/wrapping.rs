use crate::{
    clock::SharedClock,
    pipeline::ChainEnd,
    store::{ExecuteStore, RescanStore, SettleStore, SubmitStore, WatchStore, sqlite::SqliteStore},
};
use phat_enclave_api::Enclave;
use std::sync::Arc;

/// What a program puts between the stages of requests and the parts that they use. The relayer puts nothing
/// there ([`Bare`]); a harness has parts that break. The HTTP API, the jobs and the commands use the parts as they
/// are, but for the clock.
pub trait Wrapping: Send + Sync {
    /// What the stages take for the store.
    type Store: WatchStore + RescanStore + ExecuteStore + SubmitStore + SettleStore + 'static;

    /// The clock of the whole process.
    fn clock(&self, clock: SharedClock) -> SharedClock;

    /// The queue.
    fn store(&self, store: Arc<SqliteStore>) -> Arc<Self::Store>;

    /// The enclave.
    fn enclave(&self, enclave: Arc<dyn Enclave>) -> Arc<dyn Enclave>;

    /// A chain. Its doorbells must stay the same.
    fn chain(&self, chain: ChainEnd) -> ChainEnd;
}

/// Nothing: every stage uses the parts themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bare;

impl Wrapping for Bare {
    type Store = SqliteStore;

    fn clock(&self, clock: SharedClock) -> SharedClock {
        clock
    }

    fn store(&self, store: Arc<SqliteStore>) -> Arc<SqliteStore> {
        store
    }

    fn enclave(&self, enclave: Arc<dyn Enclave>) -> Arc<dyn Enclave> {
        enclave
    }

    fn chain(&self, chain: ChainEnd) -> ChainEnd {
        chain
    }
}
