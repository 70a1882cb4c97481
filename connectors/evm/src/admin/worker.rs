use super::{AdminError, EvmAdmin, Mined};
use crate::{
    abi,
    bindings::worker_registry::{IsActiveCall, RegisterCall, WorkerOfCall, WorkerOfReturn},
};
use ethers::{
    abi::{AbiDecode, AbiEncode},
    types::{Address, U256},
};
use phat_connector::ChainError;
use phat_protocol::{Amount, Digest, EvmAddress, WorkerAddress, WorkerKeys, evm::Registration};

/// What a worker is registered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerEvidence {
    /// The worker's public keys.
    pub keys: WorkerKeys,
    /// The hash of its configuration.
    pub config_hash: Digest,
    /// The block that the evidence names ([`Registration::block_number`]).
    pub block_number: u64,
    /// The quote over [`Registration::report_data`], in the verifier's encoding.
    pub quote: Vec<u8>,
}

/// What a registry knows of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerRecord {
    /// Who registered it; none when nobody did.
    pub operator: Option<EvmAddress>,
    /// The last second in which it is active, unix seconds.
    pub expiry: u64,
    /// Whether it is banned for ever.
    pub revoked: bool,
    /// Whether its reports count now.
    pub active: bool,
    /// Its measurement.
    pub measurement: Digest,
    /// The hash of its configuration.
    pub config_hash: Digest,
}

impl EvmAdmin {
    /// What a worker's quote must vouch for, with this account as operator and the newest block's
    /// parent: a call that is simulated at the newest block can't see that block's own hash.
    ///
    /// # Errors
    /// When the chain can't be read.
    pub async fn registration(&self, registry: EvmAddress) -> Result<Registration, AdminError> {
        let number = self.latest_block().await?.number.saturating_sub(1);
        let block = self
            .node
            .header(number)
            .await?
            .ok_or_else(|| ChainError::Malformed {
                method: "eth_getBlockByNumber".to_owned(),
                cause: format!("no block {number} below the newest"),
            })?
            .block;
        Ok(Registration {
            chain_id: self.chain_id,
            registry,
            operator: self.account(),
            block_number: block.number,
            block_hash: block.hash,
        })
    }

    /// Registers a worker of this account, or renews it.
    ///
    /// # Errors
    /// `Reverted` when this account is no operator, the evidence isn't accepted or is too old, or the
    /// worker is banned; otherwise as any transaction.
    pub async fn register_worker(&self, registry: EvmAddress, evidence: &WorkerEvidence) -> Result<Mined, AdminError> {
        let data = RegisterCall {
            worker: Address::from(evidence.keys.worker.0),
            x_25519_key: evidence.keys.x25519.0,
            vrf_key_hash: evidence.keys.vrf_key_hash.0,
            config_hash: evidence.config_hash.0,
            block_number: U256::from(evidence.block_number),
            evidence: evidence.quote.clone().into(),
        };
        self.send(registry, data.encode(), Amount::default()).await
    }

    /// What the registry knows of a worker.
    ///
    /// # Errors
    /// When the chain can't be read, or there is no registry at the address.
    pub async fn worker(&self, registry: EvmAddress, worker: WorkerAddress) -> Result<WorkerRecord, AdminError> {
        let worker = Address::from(worker.0);
        let known = self.view(registry, WorkerOfCall { worker }.encode()).await?;
        let active = self.view(registry, IsActiveCall { worker }.encode()).await?;
        let no_registry = |answered: &[u8]| ChainError::NoOracle {
            address: registry.to_string(),
            cause: format!("no registry: it answers 0x{}", hex::encode(answered)),
        };
        let record = WorkerOfReturn::decode(&known).map_err(|_| no_registry(&known))?.0;
        Ok(WorkerRecord {
            operator: Some(abi::from_address(record.operator)).filter(|operator| !operator.is_zero()),
            expiry: record.expiry,
            revoked: record.revoked,
            active: bool::decode(&active).map_err(|_| no_registry(&active))?,
            measurement: Digest(record.measurement),
            config_hash: Digest(record.config_hash),
        })
    }
}
