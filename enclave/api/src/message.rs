use phat_protocol::{
    BlockHash, Chain, CodeHash, ContractId, Digest, EvmAddress, Outcome, Owner, Payee, Report, Request, Salt,
    Signature, WorkerKeys, evm, serde_hex, substrate,
};
use serde::{Deserialize, Serialize};

/// What vouches for the enclave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attestation {
    /// Nothing: a development key. Registries on real chains refuse it.
    Simulated,
}

impl std::fmt::Display for Attestation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Simulated => formatter.write_str("simulated"),
        }
    }
}

/// Who the worker is, and whether it can work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// What vouches for the enclave.
    pub attestation: Attestation,
    /// The release of the enclave.
    pub version: String,
    /// The worker's public keys.
    pub keys: WorkerKeys,
    /// What code the evidence says is running.
    pub measurement: Digest,
    /// The hash of every setting that can change an answer.
    pub config_hash: Digest,
    /// Those settings: the hash is keccak256 of `phat-config/v1` and this in the form of RFC 8785.
    pub config: serde_json::Value,
    /// The enclave's time, unix seconds; never below the sealed high-water mark.
    pub now: u64,
    /// Contracts in the store.
    pub contracts: u64,
    /// Runs that have not ended.
    pub running: u64,
    /// Runs of requests that were started since the process started.
    pub executions: u64,
    /// Why nothing can be signed now (a full disk, say); none when all is well.
    pub fault: Option<String>,
}

/// For whom a quote is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuoteFor {
    /// A `WorkerRegistry` on an EVM chain.
    Evm(evm::Registration),
    /// A registry pallet on a Substrate chain.
    Substrate(substrate::Registration),
}

/// Evidence that the worker's keys live in this enclave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// What vouches for it.
    pub attestation: Attestation,
    /// The worker's public keys.
    pub keys: WorkerKeys,
    /// What code the evidence says is running.
    pub measurement: Digest,
    /// The hash of every setting that can change an answer.
    pub config_hash: Digest,
    /// The 64 bytes that the evidence vouches for.
    #[serde(with = "serde_hex")]
    pub report_data: Vec<u8>,
    /// The evidence as the registry's verifier reads it.
    #[serde(with = "serde_hex")]
    pub evidence: Vec<u8>,
}

/// A stored piece of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// BLAKE2b-256 of the wasm bytes.
    pub code_hash: CodeHash,
    /// Its length in bytes.
    pub size: u64,
}

/// A contract to be made from stored code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instantiate {
    /// The code.
    pub code_hash: CodeHash,
    /// The exact input of `deploy`.
    #[serde(with = "serde_hex")]
    pub init_data: Vec<u8>,
    /// Who may change the contract.
    pub owner: Owner,
    /// What tells it from others of the same code, init data and owner.
    pub salt: Salt,
}

/// A contract in the enclave's store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// The hash of the next four.
    pub contract_id: ContractId,
    /// The code.
    pub code_hash: CodeHash,
    /// The exact input of `deploy`.
    #[serde(with = "serde_hex")]
    pub init_data: Vec<u8>,
    /// Who may change the contract.
    pub owner: Owner,
    /// What tells it from others of the same code, init data and owner.
    pub salt: Salt,
    /// Owner actions applied to it, from 0.
    pub revision: u64,
}

/// A request to be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execute {
    /// Everything that the request's id binds.
    pub request: Request,
    /// What was asked.
    #[serde(with = "serde_hex")]
    pub payload: Vec<u8>,
    /// Hash of the request's block; the relayer's word.
    pub block_hash: BlockHash,
    /// The time to put into the report, unix seconds; at most 60 s from the enclave's clock.
    pub executed_at: u64,
    /// Who is paid.
    pub payee: Payee,
}

/// A line that a contract wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// 1 error, 2 warning, 3 information, 4 debug, 5 trace.
    pub level: u8,
    /// The line, clipped.
    pub message: String,
}

/// A signed answer, and what the run cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// What vouches for the worker that signed.
    pub attestation: Attestation,
    /// The report as it was sealed.
    pub report: Report,
    /// The worker's signature over the report's digest.
    pub signature: Signature,
    /// The worker.
    pub worker: phat_protocol::WorkerAddress,
    /// Why the run failed, in words; none when it did not. Not signed.
    pub reason: Option<String>,
    /// What the contract logged. Not signed.
    pub logs: Vec<LogEntry>,
    /// Fuel that the run used.
    pub fuel: u64,
    /// How long it took, milliseconds.
    pub elapsed_ms: u64,
}

/// A trial run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulate {
    /// The contract.
    pub contract_id: ContractId,
    /// What is asked.
    #[serde(with = "serde_hex")]
    pub payload: Vec<u8>,
    /// The chain that the contract is told.
    pub chain: Chain,
    /// The consumer that the contract is told.
    pub consumer: EvmAddress,
    /// The longest output, in bytes.
    pub max_output: u32,
}

/// What a trial run did. It is never signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulation {
    /// What vouches for the worker.
    pub attestation: Attestation,
    /// How the run ended.
    pub outcome: Outcome,
    /// What it answered.
    #[serde(with = "serde_hex")]
    pub output: Vec<u8>,
    /// Why it failed, in words.
    pub reason: Option<String>,
    /// What the contract logged.
    pub logs: Vec<LogEntry>,
    /// Fuel that the run used.
    pub fuel: u64,
    /// How long it took, milliseconds.
    pub elapsed_ms: u64,
}
