use crate::schema;
use phat_enclave_api::{Attestation, CallResult, EventEntry, LogEntry};
use phat_protocol::{ContractId, Outcome, serde_hex};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of `POST /v1/contracts/{id}/call`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallContract {
    /// The message's whole input: its selector, and its arguments in SCALE.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub input: Vec<u8>,
}

/// What a message did. It was never signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallAnswer {
    /// The contract that ran.
    #[schema(value_type = schema::ContractId)]
    pub contract_id: ContractId,
    /// Owner actions that had been applied to it.
    pub revision: u64,
    /// What vouches for the enclave.
    #[schema(value_type = schema::Attestation)]
    pub attestation: Attestation,
    /// How the run ended: Ok where the contract returned, ContractError where it asked to revert.
    #[schema(value_type = schema::Outcome)]
    pub outcome: Outcome,
    /// What the contract returned, as it is.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub output: Vec<u8>,
    /// The flags that it returned with; bit 0 asks to revert.
    pub flags: u32,
    /// Why it failed, in words.
    pub reason: Option<String>,
    /// What the contract logged.
    #[schema(value_type = Vec<schema::LogEntry>)]
    pub logs: Vec<LogEntry>,
    /// The events that it deposited.
    #[schema(value_type = Vec<schema::EventEntry>)]
    pub events: Vec<EventEntry>,
    /// Fuel that the run used.
    pub fuel: u64,
    /// How long it took, milliseconds.
    pub elapsed_ms: u64,
}

impl CallAnswer {
    /// What the enclave told of a message of this contract.
    pub(crate) fn of(contract_id: ContractId, result: CallResult) -> Self {
        let CallResult { attestation, outcome, output, flags, reason, logs, events, fuel, elapsed_ms, revision } =
            result;
        Self { contract_id, revision, attestation, outcome, output, flags, reason, logs, events, fuel, elapsed_ms }
    }
}
