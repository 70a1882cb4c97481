//! Keystore files: Web3 Secret Storage, version 3. `eth-keystore` does the cryptography; what it takes
//! for granted is seen to before.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Why a keystore gives no key. Neither its content nor its password is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeystoreError {
    /// It can't be read.
    #[error("{} can't be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// It is no keystore.
    #[error("{} is no keystore of Web3 Secret Storage, version 3: {cause}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The password is another's, or the file was changed.
    #[error("the password doesn't open {}", path.display())]
    WrongPassword {
        /// The file.
        path: PathBuf,
    },
    /// What it holds is no secp256k1 key.
    #[error("{} holds no secp256k1 key", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
}

/// The most memory that scrypt may take (128 · r · N bytes, RFC 7914): four times what geth asks for.
const MOST_MEMORY: u64 = 1 << 30;
/// The most rounds of PBKDF2: some forty times what is usual.
const MOST_ROUNDS: u32 = 10_000_000;

#[derive(Deserialize)]
struct Keystore {
    version: u8,
    crypto: Crypto,
}

#[derive(Deserialize)]
struct Crypto {
    cipher: String,
    cipherparams: CipherParameters,
    ciphertext: String,
    mac: String,
    #[serde(flatten)]
    derivation: Derivation,
}

#[derive(Deserialize)]
struct CipherParameters {
    iv: String,
}

#[derive(Deserialize)]
#[serde(tag = "kdf", content = "kdfparams", rename_all = "lowercase")]
enum Derivation {
    Scrypt { dklen: u64, n: u64, r: u64, p: u64 },
    Pbkdf2 { dklen: u64, c: u32, prf: String },
}

/// The private key in the file.
pub(super) fn open(path: &Path, password: &SecretString) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| KeystoreError::Unreadable { path: path.to_owned(), cause: error.to_string() })?;
    let malformed = |cause: String| KeystoreError::Malformed { path: path.to_owned(), cause };
    // What the parser says of a wrong type repeats the value.
    let keystore: Keystore = serde_json::from_str(&text)
        .map_err(|error| malformed(format!("line {}, column {}", error.line(), error.column())))?;
    check(&keystore).map_err(malformed)?;
    match eth_keystore::decrypt_key(path, password.expose_secret()) {
        Ok(key) => Ok(Zeroizing::new(key)),
        Err(eth_keystore::KeystoreError::MacMismatch) => Err(KeystoreError::WrongPassword { path: path.to_owned() }),
        Err(
            error @ (eth_keystore::KeystoreError::StdIo(_)
            | eth_keystore::KeystoreError::ScryptInvalidParams(_)
            | eth_keystore::KeystoreError::ScryptInvalidOuputLen(_)
            | eth_keystore::KeystoreError::AesInvalidKeyNonceLength(_)),
        ) => Err(malformed(error.to_string())),
        Err(eth_keystore::KeystoreError::SerdeJson(_)) => Err(malformed("its salt or id".to_owned())),
    }
}

/// Sees to what would otherwise stop the process, or take all of its memory.
fn check(keystore: &Keystore) -> Result<(), String> {
    let Keystore { version, crypto } = keystore;
    if *version != 3 {
        return Err(format!("version {version}"));
    }
    if crypto.cipher != "aes-128-ctr" {
        return Err("a cipher other than aes-128-ctr".to_owned());
    }
    for (name, text, length) in
        [("iv", &crypto.cipherparams.iv, 16), ("ciphertext", &crypto.ciphertext, 32), ("mac", &crypto.mac, 32)]
    {
        if hex::decode(text).map_or(true, |bytes| bytes.len() != length) {
            return Err(format!("{name} is not {length} bytes in hexadecimal"));
        }
    }
    let dklen = match &crypto.derivation {
        Derivation::Scrypt { dklen, n, r, p } => {
            let memory = n.saturating_mul(*r).saturating_mul(128);
            // The cost is read as a number of 32 bits, whose logarithm counts.
            if !n.is_power_of_two() || *n < 2 || *r == 0 || memory > MOST_MEMORY || !(1..=16).contains(p) {
                return Err(format!("scrypt with n = {n}, r = {r}, p = {p}"));
            }
            dklen
        }
        Derivation::Pbkdf2 { dklen, c, prf } => {
            if prf != "hmac-sha256" || !(1..=MOST_ROUNDS).contains(c) {
                return Err(format!("PBKDF2 with {prf:?} and {c} rounds"));
            }
            dklen
        }
    };
    if *dklen == 32 { Ok(()) } else { Err(format!("a derived key of {dklen} bytes")) }
}
