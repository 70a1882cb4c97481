//! What the API says and takes, shared with the command line.

mod admin;
mod simulation;
mod status;
mod whole;

pub use admin::{PauseAnswer, PauseOrder, RescanAnswer, RescanOrder, ResumeAnswer, RetryAnswer};
pub use simulation::{SimulateContract, SimulationAnswer};
pub use status::{StatusAnswer, StatusReason, Verdict};

use crate::{
    catalogue::{CatalogueEntry, ContractName},
    request::StateName,
    schema,
    store::RequestSummary,
};
use phat_connector::{Account, BlockRef, ChainFacts, TxHash};
use phat_enclave_api::Attestation;
use phat_protocol::{Amount, CodeHash, Digest, Owner, RequestId, Salt, WorkerAddress, WorkerKeys, serde_hex};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// `GET /live`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Liveness {
    /// Always.
    pub live: bool,
}

/// `GET /ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether every component is.
    pub ready: bool,
    /// Database, enclave, and each chain.
    pub components: Vec<ReadinessComponent>,
}

/// One part that the relayer can't work without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadinessComponent {
    /// `database`, `enclave` or `chain NAME`.
    pub component: String,
    /// Whether it works.
    pub ready: bool,
    /// Why not.
    pub reason: Option<String>,
    /// What vouches for it: said of the enclave alone, when it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Attestation>)]
    pub attestation: Option<Attestation>,
}

/// `GET /v1/requests`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestsAnswer {
    /// The page, newest first.
    pub requests: Vec<RequestSummary>,
    /// `before` of the next page; none when this is the last.
    #[schema(value_type = Option<schema::RequestId>)]
    pub next: Option<RequestId>,
}

/// `PUT /v1/code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodeAnswer {
    /// BLAKE2b-256 of the wasm bytes.
    #[schema(value_type = schema::CodeHash)]
    pub code_hash: CodeHash,
    /// Its length in bytes.
    pub size: u64,
}

/// The body of `POST /v1/contracts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeployContract {
    /// The name that it is to be known by here.
    pub name: ContractName,
    /// The code, put before.
    #[schema(value_type = schema::CodeHash)]
    pub code_hash: CodeHash,
    /// The exact input of `deploy`.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub init_data: Vec<u8>,
    /// Who may change it; 32 zero bytes for nobody.
    #[serde(default)]
    #[schema(value_type = schema::Owner)]
    pub owner: Owner,
    /// What tells it from others of the same code, init data and owner.
    #[serde(default)]
    #[schema(value_type = schema::Salt)]
    pub salt: Salt,
}

/// `GET /v1/contracts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContractsAnswer {
    /// All contracts that were deployed here, the newest first.
    pub contracts: Vec<CatalogueEntry>,
}

/// `GET /v1/contracts/{id}`, and the answer to `POST /v1/contracts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContractAnswer {
    /// What the catalogue has.
    #[serde(flatten)]
    pub entry: CatalogueEntry,
    /// Whether the enclave has it now; none when the enclave doesn't answer.
    pub in_enclave: Option<bool>,
    /// What vouches for the enclave; none when it doesn't answer.
    #[schema(value_type = Option<schema::Attestation>)]
    pub attestation: Option<Attestation>,
    /// Requests that had been ignored for want of it, and are looked at again.
    #[serde(default)]
    pub reconsidered: u64,
}

/// `GET /v1/chains`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChainsAnswer {
    /// Every configured chain.
    pub chains: Vec<ChainAnswer>,
}

/// One chain of [`ChainsAnswer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChainAnswer {
    /// Its configured name.
    pub name: String,
    /// What chain and oracle say of themselves.
    #[schema(value_type = Option<schema::ChainFacts>)]
    pub facts: Option<ChainFacts>,
    /// The newest block.
    #[schema(value_type = Option<schema::BlockRef>)]
    pub latest: Option<BlockRef>,
    /// The newest block at the configured finality.
    #[schema(value_type = Option<schema::BlockRef>)]
    pub confirmed: Option<BlockRef>,
    /// The block up to which the chain was watched.
    #[schema(value_type = Option<schema::BlockRef>)]
    pub cursor: Option<BlockRef>,
    /// Confirmed blocks that were not watched yet.
    pub lag_blocks: Option<u64>,
    /// The account that submits and pays.
    #[schema(value_type = String)]
    pub submitter: Account,
    /// What it has, smallest unit.
    #[schema(value_type = Option<schema::Amount>)]
    pub balance: Option<Amount>,
    /// How many requests are in each state.
    pub requests: BTreeMap<StateName, u64>,
    /// What went wrong.
    pub troubles: Vec<String>,
}

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
