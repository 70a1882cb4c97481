//! One JSON value as the consumer decodes it.

use crate::{
    abi::{self, Token},
    config::{Fault, Fields},
    decimal::{DecimalError, Scaled},
    json::Value,
};
use alloc::{string::String, vec::Vec};

/// The most decimals: 10^77 is the greatest power of ten in a uint256.
const MAX_DECIMALS: u64 = 77;

/// What a consumer decodes the answer as: `abi.decode(output, (TYPE))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerType {
    /// A number times 10^`decimals`, rounded toward zero; a number, or a string that holds one.
    Uint256 {
        /// 0 to 77.
        decimals: u8,
    },
    /// The same with a sign.
    Int256 {
        /// 0 to 77.
        decimals: u8,
    },
    /// `true` or `false`.
    Bool,
    /// A string of `0x` and 64 hexadecimal digits.
    Bytes32,
    /// A string of `0x` and 40 hexadecimal digits; a checksum in its capitals is not looked at.
    Address,
    /// A string of `0x` and pairs of hexadecimal digits.
    Bytes,
    /// A string.
    String,
}

/// Why a value can't be an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It is not one of the answer's type.
    #[error("found {found}, expected {expected}")]
    WrongType {
        /// In JSON's words.
        found: &'static str,
        /// In words.
        expected: &'static str,
    },
    /// The number doesn't fit the type.
    #[error("the number is out of the type's range")]
    OutOfRange,
}

impl AnswerType {
    /// Their names in a configuration.
    pub const NAMES: &[&str] = &["uint256", "int256", "bool", "bytes32", "address", "bytes", "string"];

    /// Reads `type`, which must be there, and `decimals`, which goes with numbers alone.
    pub fn read<F: From<Fault>>(fields: &mut Fields<'_, F>) -> Option<Self> {
        let decimals = fields.decimals("decimals", MAX_DECIMALS, "a number from 0 to 77");
        let scale = decimals.unwrap_or(0);
        let answer_type = match fields.choice("type", Self::NAMES)? {
            "uint256" => return Some(Self::Uint256 { decimals: scale }),
            "int256" => return Some(Self::Int256 { decimals: scale }),
            "bool" => Self::Bool,
            "bytes32" => Self::Bytes32,
            "address" => Self::Address,
            "bytes" => Self::Bytes,
            _ => Self::String,
        };
        fields.check("decimals", if decimals.is_none() { Ok(answer_type) } else { Err(Fault::NoDecimals) })
    }

    /// The value as `abi.encode` encodes it.
    ///
    /// # Errors
    /// [`AnswerError`]
    pub fn encode(self, value: Value<'_>) -> Result<Vec<u8>, AnswerError> {
        self.token(value).map(|token| abi::encode(&[token]))
    }

    /// The value as one of several that `abi.encode` encodes.
    ///
    /// # Errors
    /// [`AnswerError`]
    pub fn token(self, value: Value<'_>) -> Result<Token, AnswerError> {
        let found = value.kind();
        let wrong = |expected| AnswerError::WrongType { found, expected };
        match self {
            Self::Uint256 { decimals } => number(value, decimals, Scaled::to_uint256),
            Self::Int256 { decimals } => number(value, decimals, Scaled::to_int256),
            Self::Bool => match value {
                Value::Bool(value) => Ok(Token::from(value)),
                Value::Null | Value::Number(_) | Value::String(_) | Value::Array | Value::Object => {
                    Err(wrong("a boolean"))
                }
            },
            Self::Bytes32 => {
                text(value).and_then(hex_array).map(Token::Word).ok_or_else(|| wrong("0x and 64 hexadecimal digits"))
            }
            Self::Address => {
                text(value).and_then(hex_array).map(Token::address).ok_or_else(|| wrong("0x and 40 hexadecimal digits"))
            }
            Self::Bytes => text(value)
                .and_then(|text| hex_bytes(&text))
                .map(Token::Dynamic)
                .ok_or_else(|| wrong("0x and pairs of hexadecimal digits")),
            Self::String => text(value).map(Token::from).ok_or_else(|| wrong("a string")),
        }
    }
}

fn text(value: Value<'_>) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array | Value::Object => None,
    }
}

fn number(
    value: Value<'_>,
    decimals: u8,
    word: fn(Scaled) -> Result<[u8; 32], DecimalError>,
) -> Result<Token, AnswerError> {
    let scaled = match &value {
        Value::Number(text) => Scaled::parse(text, decimals),
        Value::String(text) => Scaled::parse(text, decimals),
        Value::Null | Value::Bool(_) | Value::Array | Value::Object => Err(DecimalError::NotANumber),
    };
    scaled.and_then(word).map(Token::Word).map_err(|error| match error {
        DecimalError::NotANumber => wrong_number(value.kind()),
        DecimalError::OutOfRange => AnswerError::OutOfRange,
    })
}

const fn wrong_number(found: &'static str) -> AnswerError {
    AnswerError::WrongType { found, expected: "a number, or a string that holds one" }
}

fn hex_array<const N: usize>(text: String) -> Option<[u8; N]> {
    hex_bytes(&text)?.try_into().ok()
}

/// The bytes that `0x` and pairs of hexadecimal digits stand for.
#[must_use]
pub fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?).ok()
}

/// Bytes as `0x` and pairs of hexadecimal digits.
#[must_use]
pub fn hex_text(bytes: &[u8]) -> String {
    ["0x", &hex::encode(bytes)].concat()
}

#[cfg(test)]
mod tests;
