//! What an operator does once: deploying an oracle, registering a worker. Each call sends one
//! transaction after the other, and waits until it is mined.

mod artifact;
mod oracle;
mod worker;

pub use artifact::{Artifact, ArtifactError};
pub use oracle::{DeployedOracle, OraclePlan, Prices, Verifier};
pub use worker::{WorkerEvidence, WorkerRecord};

use crate::{
    EvmChain, EvmSettings, FeePolicy, SigningKey, abi,
    dialect::Ethereum,
    fees, gas,
    node::{Node, small},
    simulation::reverted,
    wallet::{Unsigned, Wallet, insufficient},
};
use ethers::types::{Address, BlockNumber, Bytes, H256, TransactionReceipt, U64, U256};
use phat_connector::{
    BlockRef, ChainError, TxHash, Unobserved,
    rpc::{Call, Common, EndpointSettings, EndpointUrl, Endpoints, SettingsError, client_config},
};
use phat_protocol::{Amount, BlockHash, EvmAddress};
use std::{num::NonZeroUsize, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// How long to wait for a transaction to be mined where nothing else is said.
const MINED_WITHIN: Duration = Duration::from_secs(120);

/// An account that administers contracts of one chain.
#[derive(Clone, Debug)]
pub struct EvmAdmin {
    node: Node,
    wallet: Wallet,
    chain_id: u64,
    fees: FeePolicy,
    mined_within: Duration,
}

/// Where an admin sends transactions.
#[derive(Clone, Debug)]
pub struct AdminSettings {
    /// Where calls go.
    pub rpc_url: EndpointUrl,
    /// The EIP-155 chain id that the endpoint must serve.
    pub chain_id: u64,
    /// How long one call may take.
    pub call_timeout: Duration,
    /// Certificates (PEM) that are trusted beside the public roots.
    pub ca_certificate: Option<String>,
    /// What transactions may offer.
    pub fees: FeePolicy,
    /// How long to wait for a transaction to be mined.
    pub mined_within: Duration,
}

impl AdminSettings {
    /// Settings with the defaults: 10 s a call, 2 minutes a transaction.
    #[must_use]
    pub fn new(rpc_url: EndpointUrl, chain_id: u64) -> Self {
        Self {
            rpc_url,
            chain_id,
            call_timeout: Duration::from_secs(10),
            ca_certificate: None,
            fees: FeePolicy::default(),
            mined_within: MINED_WITHIN,
        }
    }
}

/// A transaction that was mined and succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mined {
    /// Its hash.
    pub hash: TxHash,
    /// The block that holds it.
    pub block: BlockRef,
    /// Gas that it used.
    pub gas_used: u64,
}

/// A contract that was deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Its address.
    pub address: EvmAddress,
    /// The transaction that made it.
    pub transaction: Mined,
}

/// Why an operation didn't succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AdminError {
    /// The chain end failed, or the contract would revert.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The transaction was sent, and not mined in time. It may still be.
    #[error("transaction {hash} was not mined within {waited:?}; it may still be")]
    NotMined {
        /// The transaction.
        hash: TxHash,
        /// How long we waited.
        waited: Duration,
    },
    /// The transaction was mined and failed.
    #[error("transaction {hash} failed in block {}", .block.number)]
    Failed {
        /// The transaction.
        hash: TxHash,
        /// The block that holds it.
        block: BlockRef,
    },
    /// Simulated attestation is for development chains alone.
    #[error("simulated attestation can't be deployed on chain {chain_id}, only on 31337 and 1337")]
    SimulatedAttestation {
        /// The chain.
        chain_id: u64,
    },
}

impl EvmAdmin {
    /// Makes the client, with what signs for the admin. Speaks to no one yet.
    ///
    /// # Errors
    /// Where the CA certificate can't be used.
    pub fn connect(settings: AdminSettings, wallet: &SigningKey) -> Result<Self, SettingsError> {
        let AdminSettings { rpc_url, chain_id, call_timeout, ca_certificate, fees, mined_within } = settings;
        let common = Common {
            dialect: Arc::new(Ethereum { chain_id }),
            call_timeout,
            tls: client_config(ca_certificate.as_deref())?,
            observer: Arc::new(Unobserved),
            quorum: NonZeroUsize::MIN,
            max_lag: EvmSettings::MAX_LAG,
            probe_interval: EvmSettings::PROBE_INTERVAL,
        };
        let node = Node::new(Endpoints::new(&[EndpointSettings::new(rpc_url)], common)?);
        let wallet = Wallet::new(wallet, chain_id);
        Ok(Self { node, wallet, chain_id, fees, mined_within })
    }

    /// An admin of the chain that `chain` serves. It speaks through the same endpoints, and offers what it may offer.
    #[must_use]
    pub fn beside(chain: &EvmChain, wallet: &SigningKey) -> Self {
        let (node, chain_id, fees) = (chain.0.node.clone(), chain.chain_id(), chain.0.fees);
        Self { node, wallet: Wallet::new(wallet, chain_id), chain_id, fees, mined_within: MINED_WITHIN }
    }

    /// The account that sends and pays.
    #[must_use]
    pub fn account(&self) -> EvmAddress {
        self.wallet.account()
    }

    /// The newest block.
    ///
    /// # Errors
    /// When the chain can't be read.
    pub async fn latest_block(&self) -> Result<BlockRef, AdminError> {
        Ok(self.node.latest().await?.block)
    }

    /// Deploys a contract and waits until it is mined. `creation` is its bytecode and constructor
    /// arguments ([`Artifact::creation`]).
    ///
    /// # Errors
    /// When the constructor would revert, the account can't pay, or the transaction isn't mined in time.
    pub async fn deploy(&self, creation: Vec<u8>) -> Result<Deployed, AdminError> {
        let receipt = self.transact(None, creation, U256::zero()).await?;
        let address = receipt.contract_address.ok_or_else(|| ChainError::Malformed {
            method: "eth_getTransactionReceipt".to_owned(),
            cause: "a deployment's receipt without an address".to_owned(),
        })?;
        Ok(Deployed { address: abi::from_address(address), transaction: mined(&receipt)? })
    }

    /// Calls a contract in a transaction, with `value` wei, and waits until it is mined.
    ///
    /// # Errors
    /// When the call would revert, the account can't pay, or the transaction isn't mined in time.
    pub async fn send(&self, to: EvmAddress, data: Vec<u8>, value: Amount) -> Result<Mined, AdminError> {
        let receipt = self.transact(Some(abi::address(to)), data, abi::uint(value)).await?;
        Ok(mined(&receipt)?)
    }

    /// What a contract answers to a call at the newest block.
    ///
    /// # Errors
    /// When the call reverts, or the chain can't be read.
    pub async fn view(&self, to: EvmAddress, data: Vec<u8>) -> Result<Vec<u8>, AdminError> {
        let call = self.call(Some(abi::address(to)), data, U256::zero());
        let [reply] = self.node.batch([Call::new("eth_call", (call, BlockNumber::Latest))]).await?;
        Ok(reply.read::<Bytes>().map_err(reverted)?.to_vec())
    }

    fn call(&self, to: Option<Address>, data: Vec<u8>, value: U256) -> serde_json::Value {
        let mut call = serde_json::json!({ "from": self.wallet.address(), "data": Bytes::from(data), "value": value });
        if let (Some(to), Some(fields)) = (to, call.as_object_mut()) {
            fields.insert("to".to_owned(), serde_json::json!(to));
        }
        call
    }

    async fn transact(
        &self,
        to: Option<Address>,
        data: Vec<u8>,
        value: U256,
    ) -> Result<TransactionReceipt, AdminError> {
        let none: [u8; 0] = [];
        let from = self.wallet.address();
        let [chain_id, estimate, balance] = self
            .node
            .batch([
                Call::new("eth_chainId", none),
                Call::new("eth_estimateGas", (self.call(to, data.clone(), value), BlockNumber::Latest)),
                Call::new("eth_getBalance", (from, BlockNumber::Latest)),
            ])
            .await?;
        let found: U256 = chain_id.read().map_err(ChainError::from)?;
        if found != U256::from(self.chain_id) {
            return Err(ChainError::WrongChain {
                endpoint: self.node.endpoint().to_owned(),
                expected: self.chain_id.to_string(),
                found: found.to_string(),
            }
            .into());
        }
        let balance: U256 = balance.read().map_err(ChainError::from)?;
        let estimate = small("eth_estimateGas", estimate.read::<U256>().map_err(reverted)?)?;
        let gas_limit = estimate.saturating_add(estimate / 4).min(gas::MAX_TRANSACTION);
        let suggested = fees::suggested(&self.node, self.fees).await?;
        let needed = U256::from(gas_limit).saturating_mul(abi::uint(suggested.fees.max_fee)).saturating_add(value);
        if balance < needed {
            return Err(insufficient(from, balance, needed).into());
        }
        let nonce = self.node.nonce(from, BlockNumber::Pending).await?;
        let unsigned =
            Unsigned { to, value, data, nonce, gas_limit, fees: suggested.fees, has_base_fee: suggested.has_base_fee };
        let (hash, raw) = self.wallet.sign(&unsigned).await?;
        self.node.send_raw(&raw).await.map_err(ChainError::from)?;
        self.receipt(hash).await
    }

    /// Waits for the receipt of a transaction that was sent.
    async fn receipt(&self, hash: TxHash) -> Result<TransactionReceipt, AdminError> {
        let deadline = Instant::now() + self.mined_within;
        let mut pause = Duration::from_millis(20);
        loop {
            let [reply] = self.node.batch([Call::new("eth_getTransactionReceipt", [H256(hash.0.0)])]).await?;
            let receipt: Option<TransactionReceipt> = reply.read().map_err(ChainError::from)?;
            if let Some(receipt) = receipt.filter(|receipt| receipt.block_hash.is_some()) {
                if receipt.status == Some(U64::one()) {
                    return Ok(receipt);
                }
                return Err(AdminError::Failed { hash, block: mined(&receipt)?.block });
            }
            if Instant::now() >= deadline {
                return Err(AdminError::NotMined { hash, waited: self.mined_within });
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }
}

fn mined(receipt: &TransactionReceipt) -> Result<Mined, ChainError> {
    let whole = || {
        let number = receipt.block_number?.as_u64();
        let hash = BlockHash(receipt.block_hash?.0);
        let gas_used = u64::try_from(receipt.gas_used?).ok()?;
        Some(Mined { hash: abi::tx_hash(receipt.transaction_hash), block: BlockRef { number, hash }, gas_used })
    };
    whole().ok_or_else(|| ChainError::Malformed {
        method: "eth_getTransactionReceipt".to_owned(),
        cause: "a receipt without its block or gas".to_owned(),
    })
}
