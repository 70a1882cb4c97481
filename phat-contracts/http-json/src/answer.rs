use crate::HttpJsonError;
use alloc::{string::String, vec::Vec};
use phat_sdk::{
    abi::{self, Token},
    decimal::{DecimalError, Scaled},
    json::Value,
};

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

impl AnswerType {
    /// The value as `abi.encode` encodes it.
    ///
    /// # Errors
    /// [`HttpJsonError::WrongType`], and [`HttpJsonError::OutOfRange`] for numbers.
    pub fn encode(self, value: Value<'_>) -> Result<Vec<u8>, HttpJsonError> {
        self.token(value).map(|token| abi::encode(&[token]))
    }

    fn token(self, value: Value<'_>) -> Result<Token, HttpJsonError> {
        let found = value.kind();
        let wrong = |expected| HttpJsonError::WrongType { found, expected };
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
) -> Result<Token, HttpJsonError> {
    let scaled = match &value {
        Value::Number(text) => Scaled::parse(text, decimals),
        Value::String(text) => Scaled::parse(text, decimals),
        Value::Null | Value::Bool(_) | Value::Array | Value::Object => Err(DecimalError::NotANumber),
    };
    scaled
        .and_then(word)
        .map(Token::Word)
        .map_err(|error| HttpJsonError::number(error, value.kind(), "a number, or a string that holds one"))
}

fn hex_array<const N: usize>(text: String) -> Option<[u8; N]> {
    hex_bytes(&text)?.try_into().ok()
}

fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?).ok()
}

#[cfg(test)]
mod tests;
