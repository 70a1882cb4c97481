use crate::{Attestation, LogEntry};
use phat_protocol::{ContractId, Outcome, serde_hex};
use serde::{Deserialize, Serialize};

/// A message of a contract, to be run as a query: it sees the committed state and its own writes,
/// which are dropped at its end, and has the contract's real keys. Nobody is its caller (32 zero
/// bytes), and nothing is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The contract.
    pub contract_id: ContractId,
    /// The exact input of `call`: selector and arguments. At most the enclave's `limits.input_bytes`.
    #[serde(with = "serde_hex")]
    pub input: Vec<u8>,
}

/// What a message did. It is never signed: a relayer's word, once it leaves the relayer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallResult {
    /// What vouches for the worker.
    pub attestation: Attestation,
    /// Ok where the contract returned without asking to revert, ContractError where it asked to; how
    /// the run failed otherwise.
    pub outcome: Outcome,
    /// What the contract returned, as it is; empty where it did not return.
    #[serde(with = "serde_hex")]
    pub output: Vec<u8>,
    /// The flags that it returned with (bit 0: revert); 0 where it did not return.
    pub flags: u32,
    /// Why it failed, in words.
    pub reason: Option<String>,
    /// What the contract logged.
    pub logs: Vec<LogEntry>,
    /// What it deposited as events; none unless the outcome is Ok.
    pub events: Vec<EventEntry>,
    /// Fuel that the run used.
    pub fuel: u64,
    /// How long it took, milliseconds.
    pub elapsed_ms: u64,
    /// The contract's revision that was run.
    pub revision: u64,
}

/// What a contract deposited as an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventEntry {
    /// Who deposited it: the called contract, or one that it called.
    pub contract: ContractId,
    /// SCALE `Vec<[u8; 32]>`, as the contract encoded it.
    #[serde(with = "serde_hex")]
    pub topics: Vec<u8>,
    /// The event's own encoding.
    #[serde(with = "serde_hex")]
    pub data: Vec<u8>,
}
