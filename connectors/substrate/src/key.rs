//! Keys of accounts that submit, in this process.

use k256::ecdsa;
use parity_scale_codec::Encode;
use phat_protocol::blake2_256;
use secrecy::{ExposeSecret, SecretString};
use std::{fmt, str::FromStr, sync::Arc};
use subxt::{
    SubstrateConfig,
    tx::Signer,
    utils::{AccountId32, MultiSignature},
};
use subxt_signer::{DeriveJunction, SecretUri, bip39::Mnemonic, sr25519};
use zeroize::Zeroizing;

/// How an account signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyScheme {
    /// Schnorr signatures on ristretto255, with context `substrate`: what most accounts have.
    #[default]
    Sr25519,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA on secp256k1, over BLAKE2b-256.
    Ecdsa,
}

/// Text that names no scheme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `sr25519`, `ed25519` or `ecdsa`, found {0:?}")]
pub struct ParseKeySchemeError(pub String);

impl FromStr for KeyScheme {
    type Err = ParseKeySchemeError;

    fn from_str(text: &str) -> Result<Self, ParseKeySchemeError> {
        match text.trim() {
            "sr25519" => Ok(Self::Sr25519),
            "ed25519" => Ok(Self::Ed25519),
            "ecdsa" => Ok(Self::Ecdsa),
            other => Err(ParseKeySchemeError(other.to_owned())),
        }
    }
}

impl fmt::Display for KeyScheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sr25519 => "sr25519",
            Self::Ed25519 => "ed25519",
            Self::Ecdsa => "ecdsa",
        })
    }
}

/// A secret that no key can be made of. It isn't repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// It is neither a seed nor a phrase, with or without a path.
    #[error("expected a seed of 64 hexadecimal digits or a mnemonic phrase, and a path of junctions after it if any")]
    Malformed,
    /// The path holds a soft junction, which this scheme doesn't have.
    #[error("an {0} key has no soft junctions: write `//` before each part of the path")]
    SoftJunction(KeyScheme),
    /// No key has this seed.
    #[error("the seed is no {0} key")]
    NoKey(KeyScheme),
}

/// What signs for one account. `Debug` shows the account alone.
#[derive(Clone)]
pub struct SubmitterKey {
    account: [u8; 32],
    pair: Arc<Pair>,
}

enum Pair {
    Sr25519(sr25519::Keypair),
    Ed25519(ed25519_dalek::SigningKey),
    Ecdsa(ecdsa::SigningKey),
}

impl SubmitterKey {
    /// The key of a secret as Substrate writes it: a seed of 64 hexadecimal digits (with or without 0x) or a mnemonic
    /// phrase, then `//hard` and `/soft` junctions, then `///password`. Without seed and phrase it is a well-known key
    /// of development chains, `//Alice`. White space around it doesn't count.
    ///
    /// # Errors
    /// When the text is no such secret.
    pub fn from_secret(text: &SecretString, scheme: KeyScheme) -> Result<Self, InvalidKey> {
        let text = text.expose_secret().trim();
        let is_bare_seed = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let uri = if is_bare_seed { Zeroizing::new(format!("0x{text}")) } else { Zeroizing::new(text.to_owned()) };
        let SecretUri { phrase, password, junctions } = uri.parse().map_err(|_| InvalidKey::Malformed)?;
        if uri.is_empty() {
            return Err(InvalidKey::Malformed);
        }
        let password = password.as_ref().map_or("", |password| password.expose_secret());
        let mut seed = seed(phrase.expose_secret(), password)?;
        let pair = match scheme {
            KeyScheme::Sr25519 => {
                let root = sr25519::Keypair::from_secret_key(*seed).map_err(|_| InvalidKey::NoKey(scheme))?;
                Pair::Sr25519(root.derive(junctions))
            }
            KeyScheme::Ed25519 => {
                derive(&mut seed, "Ed25519HDKD", &junctions).ok_or(InvalidKey::SoftJunction(scheme))?;
                Pair::Ed25519(ed25519_dalek::SigningKey::from_bytes(&seed))
            }
            KeyScheme::Ecdsa => {
                derive(&mut seed, "Secp256k1HDKD", &junctions).ok_or(InvalidKey::SoftJunction(scheme))?;
                Pair::Ecdsa(ecdsa::SigningKey::from_slice(&*seed).map_err(|_| InvalidKey::NoKey(scheme))?)
            }
        };
        Ok(Self { account: pair.account(), pair: Arc::new(pair) })
    }

    /// The account's id.
    #[must_use]
    pub const fn account(&self) -> [u8; 32] {
        self.account
    }

    /// The account as SS58 writes it, with the prefix that stands for any chain (42).
    #[must_use]
    pub fn address(&self) -> String {
        AccountId32(self.account).to_string()
    }
}

impl Pair {
    /// As `sp_runtime::MultiSigner::into_account` has it.
    fn account(&self) -> [u8; 32] {
        match self {
            Self::Sr25519(pair) => pair.public_key().0,
            Self::Ed25519(key) => key.verifying_key().to_bytes(),
            Self::Ecdsa(key) => blake2_256(key.verifying_key().to_encoded_point(true).as_bytes()),
        }
    }
}

impl Signer<SubstrateConfig> for SubmitterKey {
    fn account_id(&self) -> AccountId32 {
        AccountId32(self.account)
    }

    fn sign(&self, payload: &[u8]) -> MultiSignature {
        match &*self.pair {
            Pair::Sr25519(pair) => MultiSignature::Sr25519(pair.sign(payload).0),
            Pair::Ed25519(key) => MultiSignature::Ed25519(ed25519_dalek::Signer::sign(key, payload).to_bytes()),
            Pair::Ecdsa(key) => MultiSignature::Ecdsa(sign_recoverably(key, &blake2_256(payload))),
        }
    }
}

/// r‖s‖v with a low s and v = 0 or 1.
fn sign_recoverably(key: &ecdsa::SigningKey, digest: &[u8; 32]) -> [u8; 65] {
    let mut bytes = [0; 65];
    // A digest of 32 bytes is always signed: RFC 6979 tries nonces until one serves.
    if let Ok((signature, recovery)) = key.sign_prehash_recoverable(digest) {
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = recovery.to_byte();
    }
    bytes
}

/// The seed that a phrase stands for: its own digits, or PBKDF2 of the entropy of a mnemonic (BIP-39 has the words
/// instead; Substrate, and so its tools, the entropy).
fn seed(phrase: &str, password: &str) -> Result<Zeroizing<[u8; 32]>, InvalidKey> {
    let mut seed = Zeroizing::new([0; 32]);
    if let Some(digits) = phrase.strip_prefix("0x") {
        hex::decode_to_slice(digits, &mut *seed).map_err(|_| InvalidKey::Malformed)?;
        return Ok(seed);
    }
    let mnemonic = Mnemonic::from_str(phrase).map_err(|_| InvalidKey::Malformed)?;
    let entropy = Zeroizing::new(mnemonic.to_entropy());
    let salt = Zeroizing::new(format!("mnemonic{password}"));
    let mut whole = Zeroizing::new([0; 64]);
    pbkdf2::pbkdf2_hmac::<sha2::Sha512>(&entropy, salt.as_bytes(), 2048, &mut *whole);
    seed.copy_from_slice(&whole[..32]);
    Ok(seed)
}

/// Follows a path of hard junctions as `sp_core` does; none where one is soft.
fn derive(seed: &mut Zeroizing<[u8; 32]>, tag: &str, junctions: &[DeriveJunction]) -> Option<()> {
    for junction in junctions {
        match junction {
            DeriveJunction::Hard(code) => **seed = blake2_256(&Zeroizing::new((tag, **seed, code).encode())),
            DeriveJunction::Soft(_) => return None,
        }
    }
    Some(())
}

impl fmt::Debug for SubmitterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SubmitterKey").field(&self.address()).finish()
    }
}

#[cfg(test)]
mod tests;
