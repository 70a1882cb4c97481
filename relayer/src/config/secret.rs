use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

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

impl WalletKey {
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

/// Whether the text has a private key's form.
pub(super) fn looks_like_key(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
