use secrecy::{ExposeSecret, SecretString};
use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The fewest characters of a token: what can't be guessed over a network.
const MIN_TOKEN: usize = 16;

/// What a write to the HTTP API must carry. `Debug` doesn't show it; dropped, it is wiped.
#[derive(Clone, Debug)]
pub struct ApiToken(SecretString);

/// Text that is no token. It isn't repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a token of at least {MIN_TOKEN} visible ASCII characters (`relayer init` makes one)")]
pub struct InvalidToken;

impl ApiToken {
    /// A token from text; white space around it doesn't count.
    ///
    /// # Errors
    /// When it is too short to be a secret, or can't stand in an HTTP header.
    pub fn new(text: &str) -> Result<Self, InvalidToken> {
        let text = text.trim();
        if text.len() < MIN_TOKEN || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken);
        }
        Ok(Self(SecretString::from(text)))
    }

    /// Whether `given` is the token, in a time that tells nothing but its length.
    #[must_use]
    pub fn matches(&self, given: &str) -> bool {
        self.0.expose_secret().as_bytes().ct_eq(given.as_bytes()).into()
    }

    /// The token, for the header of a request.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The private key of the account that submits and pays. `Debug` doesn't show it; dropped, it is
/// wiped.
#[derive(Clone, Debug)]
pub struct WalletKey(SecretString);

/// Text that is no private key. It isn't repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a private key of 64 hexadecimal digits, with or without 0x")]
pub struct InvalidWalletKey;

/// Why a file gives no private key. Its text isn't repeated.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It can't be read.
    #[error("{} can't be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file's group or others may read or change it.
    #[error("{} is open to other users (mode {mode:o}); close it: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It holds something else.
    #[error("{}: {cause}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: InvalidWalletKey,
    },
}

impl WalletKey {
    /// The key in a file that only its owner may read.
    ///
    /// # Errors
    /// When the file can't be read, is open to other users, or holds no key.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let text = owner_only(path)?;
        Self::new(&text).map_err(|cause| KeyFileError::Invalid { path: path.to_owned(), cause })
    }

    /// A key from text; white space around it doesn't count.
    ///
    /// # Errors
    /// When it isn't 64 hexadecimal digits.
    pub fn new(text: &str) -> Result<Self, InvalidWalletKey> {
        let text = text.trim();
        if !looks_like_key(text) {
            return Err(InvalidWalletKey);
        }
        Ok(Self(SecretString::from(text)))
    }

    /// The key, for the wallet that is made of it.
    #[must_use]
    pub const fn secret(&self) -> &SecretString {
        &self.0
    }
}

/// The text of a file that only its owner may read.
pub(super) fn owner_only(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let unreadable = |cause| KeyFileError::Unreadable { path: path.to_owned(), cause };
    let mut file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Open { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Whether the text has a private key's form.
pub(super) fn looks_like_key(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
