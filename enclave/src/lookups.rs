//! The way from async code into the store, whose calls block.

use crate::store::{Store, StoreError};
use async_trait::async_trait;
use phat_enclave_api::Problem;
use phat_executor::{Contracts, HostFault, KnownContract};
use phat_protocol::{CodeHash, ContractId};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Calls of the store at once. They are short; more threads would not make the disk faster.
const AT_ONCE: usize = 4;

/// Does what blocks on the disk on threads that may block, a few at a time.
#[derive(Debug)]
pub(crate) struct Lookups {
    store: Arc<Store>,
    permits: Semaphore,
}

impl Lookups {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store, permits: Semaphore::new(AT_ONCE) }
    }

    /// Does `work`, and logs how it failed.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let _permit = self.permits.acquire().await.map_err(|_| Problem::Busy)?;
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                tracing::error!(%error, "the store refused");
                Err(Problem::Fault(error.to_string()))
            }
            Err(panic) => {
                tracing::error!(%panic, "work in the store was lost");
                Err(Problem::Fault("work in the store was lost".to_owned()))
            }
        }
    }
}

/// What runs need of contracts that they call.
#[async_trait]
impl Contracts for Lookups {
    async fn contract(&self, id: ContractId) -> Result<Option<KnownContract>, HostFault> {
        let loaded = self.run(move |store| store.load_contract(id)).await.map_err(fault)?;
        Ok(loaded.map(|loaded| KnownContract {
            code_hash: loaded.record.code_hash,
            code: loaded.code,
            owner: loaded.record.owner,
            state: loaded.state,
            secrets: loaded.secrets,
        }))
    }

    async fn code(&self, hash: CodeHash) -> Result<Option<Arc<[u8]>>, HostFault> {
        self.run(move |store| store.code(hash)).await.map_err(fault)
    }
}

fn fault(problem: Problem) -> HostFault {
    HostFault::Lookup(match problem {
        Problem::Fault(words) => words,
        Problem::Refused(refusal) => refusal.to_string(),
        Problem::Busy => "the enclave stops".to_owned(),
    })
}
