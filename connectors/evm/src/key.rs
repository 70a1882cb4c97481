//! What signs for an account: a key in this process, or one that stays elsewhere.

mod keystore;
mod public_key;
mod web3_signer;

pub use keystore::KeystoreError;
pub use public_key::{InvalidPublicKey, PublicKey};
pub use web3_signer::Web3Signer;

use crate::abi;
use async_trait::async_trait;
use ethers::{
    signers::{LocalWallet, Signer},
    types::{Address, H256, RecoveryMessage, Signature, U256},
    utils::keccak256,
};
use k256::ecdsa;
use phat_connector::{Account, ChainError};
use phat_protocol::EvmAddress;
use secrecy::{ExposeSecret, SecretString};
use std::{fmt, path::Path, sync::Arc};
use zeroize::Zeroizing;

/// Text that is no secp256k1 key. It isn't repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a secp256k1 private key, 64 hexadecimal digits with or without 0x")]
pub struct InvalidKey;

/// What is to be signed: the bytes whose keccak-256 hash the signature is over. Key management services
/// (AWS KMS, say) are given the hash, Web3Signer the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a>(&'a [u8]);

impl<'a> Message<'a> {
    /// The message of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Their keccak-256 hash.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        keccak256(self.0)
    }
}

/// An ECDSA signature as a signer gives it out. Whether its `s` is low doesn't matter, and it need not
/// say which of the possible keys it is of: both are seen to here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawSignature {
    /// As AWS KMS and PKCS #11 modules with ASN.1 output write it (RFC 3279, section 2.2.3).
    Der(Vec<u8>),
    /// `r` and `s`, 32 bytes each.
    Fixed([u8; 64]),
}

/// Why an account's signer signed nothing of use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// It can't be reached, hung up, or took too long.
    #[error("{signer} is unreachable: {cause}")]
    Unreachable {
        /// The signer, without credentials.
        signer: String,
        /// What the transport said.
        cause: String,
    },
    /// It failed, and may do better later.
    #[error("{signer} failed with status {status}")]
    Failed {
        /// The signer, without credentials.
        signer: String,
        /// Its HTTP status.
        status: u16,
    },
    /// It doesn't have the key.
    #[error("{signer} has no such key")]
    UnknownKey {
        /// The signer, without credentials.
        signer: String,
    },
    /// It won't sign that.
    #[error("{signer} refuses with status {status}")]
    Refused {
        /// The signer, without credentials.
        signer: String,
        /// Its HTTP status.
        status: u16,
    },
    /// What it answered is no signature.
    #[error("the answer is no signature")]
    Malformed,
    /// What it answered is a signature of another key, or of something else.
    #[error("the signature is not of the account's key")]
    WrongKey,
}

impl SignerError {
    /// Whether it may sign the same later, without anyone changing a setting.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Failed { .. } => true,
            Self::UnknownKey { .. } | Self::Refused { .. } | Self::Malformed | Self::WrongKey => false,
        }
    }
}

/// Signs with a secp256k1 key that this process doesn't see.
#[async_trait]
pub trait DigestSigner: fmt::Debug + Send + Sync {
    /// Signs the message's keccak-256 hash as it is, with no prefix. Takes a bounded time.
    async fn sign(&self, message: Message<'_>) -> Result<RawSignature, SignerError>;
}

/// What signs for one account. `Debug` shows the account alone; dropped, a key in this process is wiped.
#[derive(Clone)]
pub struct SigningKey {
    address: Address,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Here(Arc<LocalWallet>),
    Elsewhere(Arc<dyn DigestSigner>),
}

impl SigningKey {
    /// A private key of 64 hexadecimal digits, with or without 0x; white space around it doesn't count.
    ///
    /// # Errors
    /// When the text is no such key.
    pub fn from_hex(text: &SecretString) -> Result<Self, InvalidKey> {
        let text = text.expose_secret().trim();
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), bytes.as_mut_slice()).map_err(|_| InvalidKey)?;
        Self::from_bytes(bytes.as_slice())
    }

    /// The key in a keystore file (Web3 Secret Storage, version 3), as geth, Foundry's `cast wallet` and
    /// others write them.
    ///
    /// # Errors
    /// When it can't be read, is no such keystore, or the password is another's.
    pub fn from_keystore(path: &Path, password: &SecretString) -> Result<Self, KeystoreError> {
        let bytes = keystore::open(path, password)?;
        Self::from_bytes(&bytes).map_err(|InvalidKey| KeystoreError::NoKey { path: path.to_owned() })
    }

    /// A key that stays with a signer.
    #[must_use]
    pub fn elsewhere(public_key: &PublicKey, signer: Arc<dyn DigestSigner>) -> Self {
        Self { address: abi::address(public_key.account()), place: Place::Elsewhere(signer) }
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let wallet = LocalWallet::from_bytes(bytes).map_err(|_| InvalidKey)?;
        Ok(Self { address: wallet.address(), place: Place::Here(Arc::new(wallet)) })
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> EvmAddress {
        abi::from_address(self.address)
    }

    pub(crate) fn address(&self) -> Address {
        self.address
    }

    /// Signs the message's hash; `v` is 27 or 28, and `s` is low (EIP-2).
    pub(crate) async fn sign(&self, message: Message<'_>) -> Result<Signature, ChainError> {
        let digest = message.digest();
        let signed = match &self.place {
            Place::Here(wallet) => wallet.sign_hash(H256(digest)).map_err(|_| SignerError::Malformed),
            Place::Elsewhere(signer) => signer.sign(message).await.and_then(|raw| whole(&raw, digest, self.address)),
        };
        signed.map_err(|error| ChainError::NotSigned {
            account: Account(self.account().to_string()),
            transient: error.is_transient(),
            cause: error.to_string(),
        })
    }
}

/// The signature with a low `s`, and with the `v` under which it is the account's.
fn whole(raw: &RawSignature, digest: [u8; 32], address: Address) -> Result<Signature, SignerError> {
    let parsed = match raw {
        RawSignature::Der(bytes) => ecdsa::Signature::from_der(bytes),
        RawSignature::Fixed(bytes) => ecdsa::Signature::from_slice(bytes),
    };
    let signature = parsed.map_err(|_| SignerError::Malformed)?;
    let signature = signature.normalize_s().unwrap_or(signature);
    let (r, s) = signature.split_bytes();
    let (r, s) = (U256::from_big_endian(&r), U256::from_big_endian(&s));
    let of_account = [27, 28].into_iter().map(|v| Signature { r, s, v });
    let mut of_account =
        of_account.filter(|signature| signature.recover(RecoveryMessage::Hash(H256(digest))).ok() == Some(address));
    of_account.next().ok_or(SignerError::WrongKey)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SigningKey").field(&self.account()).finish()
    }
}

#[cfg(test)]
mod tests;
