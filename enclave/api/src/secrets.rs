//! Secrets on their way from a contract's owner to one worker: X25519 (RFC 7748), HKDF-SHA256
//! (RFC 5869) and XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), put together as the protocol says.
//! Whoever carries them learns how long they are, and nothing else.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use parity_scale_codec::Encode;
use phat_protocol::{ContractId, Digest, Secret, secrets_aad};
use sha2::Sha256;
use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// What encryption adds: the ephemeral key, the nonce and the tag of 16 bytes.
pub const SECRETS_OVERHEAD: usize = KEY_BYTES + NONCE_BYTES + 16;

/// For which action secrets are encrypted, and to which worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretsFor {
    /// The contract whose secrets they are.
    pub contract_id: ContractId,
    /// The action's nonce.
    pub nonce: u64,
    /// The worker's X25519 key.
    pub worker: Digest,
}

/// What has to be random, and used once, for secrets to be encrypted.
pub struct SecretsRandom {
    /// The ephemeral key's secret half.
    pub ephemeral: Zeroizing<[u8; 32]>,
    /// The cipher's nonce.
    pub nonce: [u8; 24],
}

impl std::fmt::Debug for SecretsRandom {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretsRandom(redacted)")
    }
}

/// Bytes that this worker can't open as secrets for this action: they were encrypted to another key,
/// for another contract or nonce, or changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secrets are not encrypted to this worker for this contract and nonce, or were changed")]
pub struct UnreadableSecrets;

impl SecretsFor {
    /// The data of a secrets action: ephemeral key ‖ nonce ‖ ciphertext of the whole set.
    ///
    /// # Errors
    /// When the worker's key is no X25519 key that a secret can be shared with.
    pub fn encrypt(&self, set: &[Secret], random: &SecretsRandom) -> Result<Vec<u8>, UnreadableSecrets> {
        let secret = StaticSecret::from(*random.ephemeral);
        let (ephemeral, worker) = (PublicKey::from(&secret), PublicKey::from(self.worker.0));
        let cipher = cipher(&secret.diffie_hellman(&worker), &ephemeral, &worker)?;
        let mut plain = Zeroizing::new(Vec::with_capacity(set.encoded_size()));
        set.encode_to(&mut *plain);
        let aad = secrets_aad(&self.contract_id, self.nonce);
        let sealed = cipher
            .encrypt(XNonce::from_slice(&random.nonce), Payload { msg: &plain, aad: &aad })
            .map_err(|_| UnreadableSecrets)?;
        Ok([ephemeral.as_bytes().as_slice(), &random.nonce, &sealed].concat())
    }
}

/// Opens the data of a secrets action with the worker's key: the SCALE bytes of the whole set.
///
/// # Errors
/// When it was encrypted otherwise, or changed since.
pub fn decrypt_secrets(
    data: &[u8],
    contract_id: &ContractId,
    nonce: u64,
    worker: &StaticSecret,
) -> Result<Zeroizing<Vec<u8>>, UnreadableSecrets> {
    let (ephemeral, rest) = data.split_first_chunk::<KEY_BYTES>().ok_or(UnreadableSecrets)?;
    let (cipher_nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(UnreadableSecrets)?;
    let ephemeral = PublicKey::from(*ephemeral);
    let cipher = cipher(&worker.diffie_hellman(&ephemeral), &ephemeral, &PublicKey::from(worker))?;
    let aad = secrets_aad(contract_id, nonce);
    let plain = cipher.decrypt(XNonce::from_slice(cipher_nonce), Payload { msg: sealed, aad: &aad });
    plain.map(Zeroizing::new).map_err(|_| UnreadableSecrets)
}

fn cipher(
    shared: &SharedSecret,
    ephemeral: &PublicKey,
    worker: &PublicKey,
) -> Result<XChaCha20Poly1305, UnreadableSecrets> {
    // A key of low order would make a secret that everyone knows.
    if !shared.was_contributory() {
        return Err(UnreadableSecrets);
    }
    let salt = [*ephemeral.as_bytes(), *worker.as_bytes()].concat();
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    Hkdf::<Sha256>::new(Some(&salt), shared.as_bytes())
        .expand(b"phat-secrets/v1", key.as_mut_slice())
        .map_err(|_| UnreadableSecrets)?;
    Ok(XChaCha20Poly1305::new(key.as_slice().into()))
}

#[cfg(test)]
mod tests;
