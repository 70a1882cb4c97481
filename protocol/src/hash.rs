use blake2::{Blake2b, digest::consts::U32};
use sha3::{Digest as _, Keccak256};

/// Keccak-256 as Ethereum uses it (the original padding, not FIPS 202's).
#[must_use]
pub fn keccak256(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// BLAKE2b with a 32-byte digest (RFC 7693), the hash that ink! metadata and Substrate use.
#[must_use]
pub fn blake2_256(bytes: &[u8]) -> [u8; 32] {
    Blake2b::<U32>::digest(bytes).into()
}
