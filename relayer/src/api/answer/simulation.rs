use super::whole;
use crate::{output::DecodedOutput, schema};
use phat_enclave_api::{Attestation, LogEntry};
use phat_protocol::{Chain, ContractId, EvmAddress, Outcome, serde_hex};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of `POST /v1/contracts/{id}/simulate`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateContract {
    /// What is asked.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub payload: Vec<u8>,
    /// The configured name of the chain that the contract is told. Without it the first configured
    /// one by name; the development chain 31337 where none is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// The consumer that the contract is told; the zero address without it.
    #[serde(default)]
    #[schema(value_type = schema::EvmAddress)]
    pub consumer: EvmAddress,
    /// The longest output, in bytes: up to 16 KiB, which it is without this.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 16384)]
    pub max_output: Option<u32>,
}

/// What a trial run did. It was never signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SimulationAnswer {
    /// The contract that ran.
    #[schema(value_type = schema::ContractId)]
    pub contract_id: ContractId,
    /// The chain that it was told.
    #[schema(value_type = schema::Chain)]
    pub chain: Chain,
    /// What vouches for the enclave.
    #[schema(value_type = schema::Attestation)]
    pub attestation: Attestation,
    /// How the run ended.
    #[schema(value_type = schema::Outcome)]
    pub outcome: Outcome,
    /// The number that a chain would see for it.
    pub outcome_number: u8,
    /// What it answered, or its own error.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub output: Vec<u8>,
    /// What the output means; none where the contract doesn't say, or the bytes aren't what it says.
    #[serde(default)]
    pub decoded: Option<DecodedOutput>,
    /// Why it failed, in words.
    pub reason: Option<String>,
    /// What the contract logged.
    #[schema(value_type = Vec<schema::LogEntry>)]
    pub logs: Vec<LogEntry>,
    /// Fuel that the run used.
    pub fuel: u64,
    /// How long it took, milliseconds.
    pub elapsed_ms: u64,
}
