use crate::{Attestation, CallResult};
use phat_protocol::{ActionKind, ContractId, OwnerAction, serde_hex};
use serde::{Deserialize, Serialize};

/// What a contract's owner wants done, and the owner's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// What is to be done.
    pub action: OwnerAction,
    /// 65 bytes of secp256k1 (r‖s‖v) where the owner is an EVM address, 64 bytes of sr25519
    /// otherwise.
    #[serde(with = "serde_hex")]
    pub signature: Vec<u8>,
}

/// What came of an owner's action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted {
    /// What vouches for the worker.
    pub attestation: Attestation,
    /// The contract.
    pub contract_id: ContractId,
    /// What was done.
    pub kind: ActionKind,
    /// Whether it was applied: a message whose run failed changes nothing, and its nonce can be used
    /// again. Of a query, whether its run ended in Ok; its nonce is used either way.
    pub applied: bool,
    /// The contract's revision after it.
    pub revision: u64,
    /// What the message did; none for secrets.
    pub run: Option<CallResult>,
}
