//! What a run needs to know of contracts other than the one that was called, and how it asks.

use crate::{HostFault, Secrets, State};
use async_trait::async_trait;
use phat_protocol::{CodeHash, ContractId, Owner, Salt};
use std::{fmt, sync::Arc};

/// A contract that the host keeps, as a run needs it, all of one moment.
#[derive(Clone, Debug)]
pub struct KnownContract {
    /// BLAKE2b-256 of `code`.
    pub code_hash: CodeHash,
    /// The module.
    pub code: Arc<[u8]>,
    /// Who may change it: another contract's id where a guest made it.
    pub owner: Owner,
    /// Its committed storage.
    pub state: Arc<State>,
    /// What it may read of secrets, in a query.
    pub secrets: Arc<Secrets>,
}

/// A contract that a run made. It exists for that run alone until a caller commits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instantiated {
    /// The hash of the next four.
    pub contract_id: ContractId,
    /// Its code, which the host keeps.
    pub code_hash: CodeHash,
    /// The exact input of its `deploy`.
    pub init_data: Vec<u8>,
    /// Its parent's id.
    pub owner: Owner,
    /// keccak256 of the salt that the guest gave.
    pub salt: Salt,
}

/// Finds contracts and code for a run that calls or makes others. An implementation blocks no async thread.
#[async_trait]
pub trait Contracts: fmt::Debug + Send + Sync + 'static {
    /// The contract with this id; none where the host has no such contract.
    ///
    /// # Errors
    /// When the host can't look.
    async fn contract(&self, id: ContractId) -> Result<Option<KnownContract>, HostFault>;

    /// The code with this hash; none where the host has no such code.
    ///
    /// # Errors
    /// When the host can't look.
    async fn code(&self, hash: CodeHash) -> Result<Option<Arc<[u8]>>, HostFault>;
}

/// A host that keeps no contract beside the one that is called.
#[derive(Clone, Copy, Debug)]
pub struct NoContracts;

#[async_trait]
impl Contracts for NoContracts {
    async fn contract(&self, _id: ContractId) -> Result<Option<KnownContract>, HostFault> {
        Ok(None)
    }

    async fn code(&self, _hash: CodeHash) -> Result<Option<Arc<[u8]>>, HostFault> {
        Ok(None)
    }
}
