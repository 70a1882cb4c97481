use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use phat_executor::Randomness;
use std::sync::Arc;
use zeroize::{Zeroize, ZeroizeOnDrop};

const NONCE_BYTES: usize = 24;

/// The key that a provider gives to this enclave alone.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SealingKey([u8; 32]);

impl SealingKey {
    /// Takes 32 secret bytes of full entropy.
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SealingKey(redacted)")
    }
}

/// Sealed bytes that this key didn't seal for this place, or that were changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes were changed, moved, or sealed by another key")]
pub struct Unsealable;

/// Encrypts what leaves the enclave for the host's disk: XChaCha20-Poly1305
/// (draft-irtf-cfrg-xchacha-03), a random nonce of 24 bytes in front. The place where the bytes are
/// kept is authenticated with them, so that the host can't move a value from one place to another.
pub(crate) struct Sealer {
    cipher: XChaCha20Poly1305,
    randomness: Arc<dyn Randomness>,
}

impl Sealer {
    pub(crate) fn new(key: &SealingKey, randomness: Arc<dyn Randomness>) -> Self {
        Self { cipher: XChaCha20Poly1305::new((&key.0).into()), randomness }
    }

    /// Seals `plain` for its place: the table's name, a zero byte, and the key in the table.
    ///
    /// # Errors
    /// Only for more than the 256 GiB that the cipher takes.
    pub(crate) fn seal(&self, table: &str, key: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let mut nonce = [0; NONCE_BYTES];
        self.randomness.fill(&mut nonce);
        let aad = place(table, key);
        let sealed = self
            .cipher
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: &aad })
            .map_err(|_| Unsealable)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// When it wasn't, or was changed since.
    pub(crate) fn open(&self, table: &str, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(Unsealable)?;
        let aad = place(table, key);
        self.cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: &aad }).map_err(|_| Unsealable)
    }
}

fn place(table: &str, key: &[u8]) -> Vec<u8> {
    [table.as_bytes(), &[0], key].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandomness;

    fn sealer(secret: u8) -> Sealer {
        Sealer::new(&SealingKey::new([secret; 32]), Arc::new(SystemRandomness))
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let sealed = sealer(1).seal("reports", b"key", b"plain").unwrap();
        assert_eq!(sealer(1).open("reports", b"key", &sealed), Ok(b"plain".to_vec()));
        assert_eq!(sealer(1).open("reports", b"kex", &sealed), Err(Unsealable));
        assert_eq!(sealer(1).open("code", b"key", &sealed), Err(Unsealable));
        assert_eq!(sealer(2).open("reports", b"key", &sealed), Err(Unsealable));
    }

    #[test]
    fn no_byte_of_what_is_sealed_can_change() {
        let sealed = sealer(1).seal("reports", b"key", b"plain").unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(sealer(1).open("reports", b"key", &changed), Err(Unsealable), "byte {index}");
        }
        assert_eq!(sealer(1).open("reports", b"key", &sealed[..10]), Err(Unsealable));
    }

    #[test]
    fn the_same_bytes_seal_differently_each_time() {
        let sealer = sealer(1);
        assert_ne!(sealer.seal("t", b"k", b"plain").unwrap(), sealer.seal("t", b"k", b"plain").unwrap());
    }

    #[test]
    fn a_sealing_key_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", SealingKey::new([0xab; 32])), "SealingKey(redacted)");
    }
}
