use super::{CallAnswer, whole};
use crate::schema;
use phat_enclave_api::Attestation;
use phat_protocol::{ActionKind, ContractId, serde_hex};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of `POST /v1/contracts/{id}/actions`: what the contract's owner signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActOrder {
    /// The contract's revision + 1 for a message or secrets; above the last accepted for a query.
    #[serde(deserialize_with = "whole::required")]
    pub nonce: u64,
    /// Until when the enclave accepts it, unix seconds.
    #[serde(deserialize_with = "whole::required")]
    pub not_after: u64,
    /// What to do.
    #[schema(value_type = schema::ActionKind)]
    pub kind: ActionKind,
    /// The message's input, or the secrets, encrypted to the worker.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub data: Vec<u8>,
    /// The owner's signature: 65 bytes of secp256k1, or 64 of sr25519.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub signature: Vec<u8>,
}

/// What came of an owner's action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActedAnswer {
    /// The contract.
    #[schema(value_type = schema::ContractId)]
    pub contract_id: ContractId,
    /// What was done.
    #[schema(value_type = schema::ActionKind)]
    pub kind: ActionKind,
    /// Whether it was applied: a message whose run failed changes nothing, and its nonce is still the
    /// next. Of a query, whether it ended in Ok.
    pub applied: bool,
    /// The contract's revision now.
    pub revision: u64,
    /// What vouches for the enclave.
    #[schema(value_type = schema::Attestation)]
    pub attestation: Attestation,
    /// What the message did; none for secrets.
    pub run: Option<CallAnswer>,
    /// Requests that had waited for this revision, and are looked at again.
    pub reconsidered: u64,
}
