use crate::{
    ContractId, Digest,
    abi::{Words, typed_data_digest},
    hash::keccak256,
};
use alloc::{string::String, vec::Vec};
use core::fmt;
use parity_scale_codec::{Decode, Encode};

/// What an owner may do to a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum ActionKind {
    /// Call a message and commit what it writes.
    Message,
    /// Replace the whole set of secrets.
    Secrets,
    /// Call a message and drop what it writes.
    Query,
}

impl ActionKind {
    /// The number that is signed.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Message => 0,
            Self::Secrets => 1,
            Self::Query => 2,
        }
    }
}

/// What an owner signs to act on a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OwnerAction {
    /// The contract.
    pub contract_id: ContractId,
    /// revision + 1 for a message or secrets; above the last accepted for a query.
    pub nonce: u64,
    /// Until when the enclave accepts the action, unix seconds.
    pub not_after: u64,
    /// What to do.
    pub kind: ActionKind,
    /// The message's input, or the encrypted secrets.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_hex"))]
    pub data: Vec<u8>,
}

impl OwnerAction {
    /// The EIP-712 digest that an owner with a secp256k1 key signs. The domain names no chain: the
    /// contract id is the same on all of them.
    #[must_use]
    pub fn evm_digest(&self) -> Digest {
        let domain = Words::tagged("EIP712Domain(string name,string version)")
            .word(&keccak256(b"PhatContract"))
            .word(&keccak256(b"1"))
            .keccak256();
        let message =
            Words::tagged("OwnerAction(bytes32 contractId,uint64 nonce,uint64 notAfter,uint8 kind,bytes data)")
                .word(&self.contract_id.0)
                .uint(self.nonce)
                .uint(self.not_after)
                .uint(self.kind.number())
                .word(&keccak256(&self.data))
                .keccak256();
        typed_data_digest(&domain, &message)
    }

    /// The bytes that an owner with an sr25519 key signs in the context `substrate`:
    /// `<Bytes>` ‖ keccak256("phat-owner/v1" ‖ SCALE(contract_id, nonce, not_after, kind, data)) ‖ `</Bytes>`.
    #[must_use]
    pub fn substrate_message(&self) -> Vec<u8> {
        let mut hashed = Vec::from(b"phat-owner/v1".as_slice());
        (self.contract_id, self.nonce, self.not_after, self.kind.number(), &self.data).encode_to(&mut hashed);
        [b"<Bytes>".as_slice(), &keccak256(&hashed), b"</Bytes>"].concat()
    }
}

/// One secret of a contract: the plaintext of a secrets action is `Vec<Secret>`.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Secret {
    /// The name that the guest reads it by.
    pub name: String,
    /// The secret itself.
    pub value: Vec<u8>,
    /// The https origins that it may be sent to.
    pub origins: Vec<String>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Secret")
            .field("name", &self.name)
            .field("value", &"(redacted)")
            .field("origins", &self.origins)
            .finish()
    }
}

/// The additional data that binds encrypted secrets to a contract and an action:
/// contract id ‖ action nonce as u64 little-endian.
#[must_use]
pub fn secrets_aad(contract_id: &ContractId, nonce: u64) -> [u8; 40] {
    let mut aad = [0; 40];
    aad[..32].copy_from_slice(&contract_id.0);
    aad[32..].copy_from_slice(&nonce.to_le_bytes());
    aad
}
