use crate::{Call, SignatureError};
use alloc::vec::Vec;
use phat_sdk::{
    chain::Quorum,
    config::{self, Fields, Mistake},
};

/// The longest init data, in bytes of JSON.
pub const MAX_CONFIG: usize = 32 * 1024;
/// What each of the three rounds (final blocks, hashes at one height, the call) may wait, in milliseconds.
const LONGEST: (u64, &str) = (3_000, "a number from 100 to 3000");
const FIELDS: &[&str] = &["endpoints", "minimum", "timeout_ms", "address", "signature", "args", "payload"];

/// What the init data says: a [`Quorum`] and a [`Call`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) quorum: Quorum,
    pub(crate) call: Call,
}

/// What can be wrong with the init data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// What can be wrong with any.
    #[error("{0}")]
    Any(#[from] config::Fault),
    /// `signature` is none.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// There are more or fewer arguments than the signature has types.
    #[error("{found} arguments for {expected} types")]
    Count {
        /// How many there are.
        found: usize,
        /// How many types.
        expected: usize,
    },
    /// `signature` or `args` where the payload is the call data.
    #[error("has no meaning where the payload is the call data")]
    BesideCalldata,
    /// An address from the payload where the payload is the call data.
    #[error("can't come from a payload that is the call data")]
    PlaceholderBesideCalldata,
}

impl Config {
    /// Reads init data: UTF-8 JSON.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<Mistake<Fault>>> {
        let mut fields = Fields::read(json, MAX_CONFIG)?;
        let quorum = Quorum::read(&mut fields, LONGEST);
        let call = Call::read(&mut fields);
        let mistakes = fields.finish(FIELDS);
        match (quorum, call) {
            (Some(quorum), Some(call)) if mistakes.is_empty() => Ok(Self { quorum, call }),
            _ => Err(mistakes),
        }
    }
}

#[cfg(test)]
mod tests;
