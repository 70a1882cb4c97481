//! The contracts that a host keeps, in memory.

use async_trait::async_trait;
use phat_executor::{Contracts, HostFault, KnownContract, Secrets, State};
use phat_protocol::{CodeHash, ContractId, Owner, code_hash};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Contracts by their ids, and code by its hash. What is asked for is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    contracts: BTreeMap<ContractId, KnownContract>,
    code: BTreeMap<CodeHash, Arc<[u8]>>,
    asked: Arc<Mutex<Vec<ContractId>>>,
}

impl World {
    pub(crate) fn with_code(mut self, wat: &str) -> (Self, CodeHash) {
        let code: Arc<[u8]> = wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}")).into();
        let hash = code_hash(&code);
        self.code.insert(hash, code);
        (self, hash)
    }

    pub(crate) fn with(self, id: ContractId, wat: &str) -> Self {
        self.with_owned(id, Owner::NOBODY, wat)
    }

    pub(crate) fn with_owned(self, id: ContractId, owner: Owner, wat: &str) -> Self {
        let (mut world, code_hash) = self.with_code(wat);
        let code = Arc::clone(&world.code[&code_hash]);
        world
            .contracts
            .insert(id, KnownContract { code_hash, code, owner, state: Arc::default(), secrets: Arc::default() });
        world
    }

    pub(crate) fn with_state(mut self, id: ContractId, state: State) -> Self {
        self.contracts.get_mut(&id).unwrap().state = Arc::new(state);
        self
    }

    pub(crate) fn with_secrets(mut self, id: ContractId, secrets: Secrets) -> Self {
        self.contracts.get_mut(&id).unwrap().secrets = Arc::new(secrets);
        self
    }

    /// How often the host was asked for a contract.
    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[async_trait]
impl Contracts for World {
    async fn contract(&self, id: ContractId) -> Result<Option<KnownContract>, HostFault> {
        self.asked.lock().unwrap().push(id);
        // As in a real host, the answer is not there at once.
        tokio::task::yield_now().await;
        Ok(self.contracts.get(&id).cloned())
    }

    async fn code(&self, hash: CodeHash) -> Result<Option<Arc<[u8]>>, HostFault> {
        tokio::task::yield_now().await;
        Ok(self.code.get(&hash).cloned())
    }
}
