//! The static part of Solidity's ABI encoding (Contract ABI Specification, "Formal Specification of
//! the Encoding"): every value that our digests hash is one 32-byte word.

use crate::{Digest, EvmAddress, hash::keccak256};
use alloc::vec::Vec;

/// `bytes` at the end of a word of zeros; the first 32 bytes alone are taken.
pub(crate) fn left_pad(bytes: &[u8]) -> [u8; 32] {
    let mut word = [0; 32];
    let length = bytes.len().min(32);
    word[32 - length..].copy_from_slice(&bytes[..length]);
    word
}

/// Words of an `abi.encode` call whose arguments are all static.
pub(crate) struct Words(Vec<u8>);

impl Words {
    pub(crate) const fn empty() -> Self {
        Self(Vec::new())
    }

    /// Starts with the word that most of our encodings start with: the hash of a tag or type string.
    pub(crate) fn tagged(tag: &str) -> Self {
        Self(Vec::with_capacity(32 * 14)).word(&keccak256(tag.as_bytes()))
    }

    pub(crate) fn word(mut self, word: &[u8; 32]) -> Self {
        self.0.extend_from_slice(word);
        self
    }

    pub(crate) fn uint(self, value: impl Into<u128>) -> Self {
        self.word(&left_pad(&value.into().to_be_bytes()))
    }

    pub(crate) fn address(self, address: &EvmAddress) -> Self {
        self.word(&left_pad(&address.0))
    }

    pub(crate) fn keccak256(self) -> [u8; 32] {
        keccak256(&self.0)
    }
}

/// What EIP-712 signs: keccak256(0x19 ‖ 0x01 ‖ domain separator ‖ struct hash).
pub(crate) fn typed_data_digest(domain_separator: &[u8; 32], struct_hash: &[u8; 32]) -> Digest {
    let mut message = [0; 66];
    message[..2].copy_from_slice(&[0x19, 0x01]);
    message[2..34].copy_from_slice(domain_separator);
    message[34..].copy_from_slice(struct_hash);
    Digest(keccak256(&message))
}
