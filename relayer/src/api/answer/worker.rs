use crate::schema;
use phat_connector::TxHash;
use phat_enclave_api::{Attestation, QuoteFor};
use phat_protocol::{Digest, WorkerAddress, WorkerKeys, serde_hex};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// `GET /v1/worker`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkerAnswer {
    /// What vouches for the enclave.
    #[schema(value_type = schema::Attestation)]
    pub attestation: Attestation,
    /// The release of the enclave.
    pub version: String,
    /// The worker's public keys.
    #[schema(value_type = schema::WorkerKeys)]
    pub keys: WorkerKeys,
    /// What code the evidence says is running.
    #[schema(value_type = schema::Digest)]
    pub measurement: Digest,
    /// The hash of every setting that can change an answer.
    #[schema(value_type = schema::Digest)]
    pub config_hash: Digest,
    /// Those settings: `config_hash` is keccak256 of `phat-config/v1` and this in the form of RFC 8785.
    pub config: Value,
    /// Contracts in the enclave's store.
    pub contracts: u64,
    /// Runs that have not ended.
    pub running: u64,
    /// Runs of requests that were started since the enclave started.
    pub executions: u64,
    /// Why nothing can be signed now.
    pub fault: Option<String>,
    /// The worker's standing on each chain.
    pub chains: Vec<WorkerOnChain>,
}

/// The worker's standing on one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkerOnChain {
    /// The chain's configured name.
    pub chain: String,
    /// Whether its reports count there; none when the chain doesn't answer.
    pub active: Option<bool>,
    /// Why that isn't known.
    pub trouble: Option<String>,
}

/// `GET /v1/worker/quote`: evidence that the worker's keys live in the enclave, made for one chain's registry
/// just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuoteAnswer {
    /// The chain's configured name.
    pub chain: String,
    /// The registry, the operator and the block that it was made for.
    #[schema(value_type = schema::QuoteFor)]
    pub quote_for: QuoteFor,
    /// What vouches for it.
    #[schema(value_type = schema::Attestation)]
    pub attestation: Attestation,
    /// The worker's public keys.
    #[schema(value_type = schema::WorkerKeys)]
    pub keys: WorkerKeys,
    /// What code the evidence says is running.
    #[schema(value_type = schema::Digest)]
    pub measurement: Digest,
    /// The hash of every setting that can change an answer.
    #[schema(value_type = schema::Digest)]
    pub config_hash: Digest,
    /// The 64 bytes that the evidence vouches for.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub report_data: Vec<u8>,
    /// The evidence as the registry's verifier reads it.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub evidence: Vec<u8>,
}

/// `POST /v1/chains/{name}/worker`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegisteredAnswer {
    /// The worker.
    #[schema(value_type = schema::WorkerAddress)]
    pub worker: WorkerAddress,
    /// What vouches for it.
    #[schema(value_type = schema::Attestation)]
    pub attestation: Attestation,
    /// The transaction that registered it.
    #[schema(value_type = schema::TxHash)]
    pub transaction: TxHash,
    /// The height of its block.
    pub block: u64,
    /// The last second in which the worker is active, unix seconds.
    pub expires_at: u64,
}
