//! secp256k1 signatures of 65 bytes r‖s‖v over 32-byte hashes.

use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};

/// Signs with low s (RFC 6979, deterministic); v is 0 or 1.
pub(crate) fn sign(key: &SigningKey, hash: &[u8; 32]) -> Option<[u8; 65]> {
    let (signature, recovery) = key.sign_prehash_recoverable(hash).ok()?;
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    bytes[64] = recovery.to_byte();
    Some(bytes)
}

/// The compressed key that made the signature; v may be 0 to 3, or 27 and up as on Ethereum.
pub(crate) fn recover(signature: &[u8; 65], hash: &[u8; 32]) -> Option<[u8; 33]> {
    let [rs @ .., v] = signature;
    let recovery = RecoveryId::from_byte(if *v > 26 { v - 27 } else { *v })?;
    let signature = Signature::from_slice(rs).ok()?;
    let key = VerifyingKey::recover_from_prehash(hash, &signature, recovery).ok()?;
    key.to_encoded_point(true).as_bytes().try_into().ok()
}
