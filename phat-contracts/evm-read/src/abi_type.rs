use alloc::{borrow::ToOwned, string::String, vec::Vec};
use phat_sdk::{abi::Token, answer::hex_bytes, decimal::Scaled};

/// The type of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AbiType {
    /// `uint8` to `uint256`: its bits.
    Uint(u16),
    /// `int8` to `int256`: its bits.
    Int(u16),
    /// `bool`
    Bool,
    /// `address`
    Address,
    /// `bytes1` to `bytes32`: its length.
    FixedBytes(usize),
    /// `bytes`
    Bytes,
    /// `string`
    String,
    /// `T[]`, of one of the types above.
    Array(alloc::boxed::Box<AbiType>),
}

/// Why a text is no function's signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It isn't a name and types in parentheses, without spaces.
    #[error("must be a name and types in parentheses, as in \"balanceOf(address)\"")]
    Shape,
    /// One of the types is not taken here.
    #[error(
        "{0:?} is none of uint8 to uint256, int8 to int256, bool, address, bytes1 to bytes32, bytes, string, or an array T[] of one"
    )]
    Type(String),
}

/// The types of a signature's arguments.
pub(crate) fn parameters(signature: &str) -> Result<Vec<AbiType>, SignatureError> {
    let (name, rest) = signature.split_once('(').ok_or(SignatureError::Shape)?;
    let types = rest.strip_suffix(')').ok_or(SignatureError::Shape)?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(SignatureError::Shape);
    }
    if types.is_empty() {
        return Ok(Vec::new());
    }
    types.split(',').map(|text| AbiType::parse(text).ok_or_else(|| SignatureError::Type(text.to_owned()))).collect()
}

impl AbiType {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix("[]") {
            Some(element) if element.ends_with(']') => None,
            Some(element) => Some(Self::Array(Self::parse(element)?.into())),
            None => Self::elementary(text),
        }
    }

    fn elementary(text: &str) -> Option<Self> {
        let bits = |digits| number(digits, 256).filter(|bits| bits % 8 == 0);
        Some(match text {
            "bool" => Self::Bool,
            "address" => Self::Address,
            "bytes" => Self::Bytes,
            "string" => Self::String,
            _ if text.starts_with("uint") => Self::Uint(bits(&text[4..])?),
            _ if text.starts_with("int") => Self::Int(bits(&text[3..])?),
            _ => Self::FixedBytes(number(text.strip_prefix("bytes")?, 32)?.into()),
        })
    }

    /// The token that a text stands for: decimal digits for numbers, `true` or `false`, `0x` and hexadecimal digits for
    /// bytes and addresses, the text itself for strings. None where it is not of the type; an array has no text.
    pub(crate) fn token(&self, text: &str) -> Option<Token> {
        Some(match self {
            Self::Uint(bits) => {
                let word = integer(text)?.to_uint256().ok()?;
                let (above, _) = word.split_at(32 - usize::from(bits / 8));
                above.iter().all(|byte| *byte == 0).then_some(Token::Word(word))?
            }
            Self::Int(bits) => {
                let word = integer(text)?.to_int256().ok()?;
                let (above, within) = word.split_at(32 - usize::from(bits / 8));
                let sign = if within.first()? & 0x80 == 0 { 0 } else { 0xff };
                above.iter().all(|byte| *byte == sign).then_some(Token::Word(word))?
            }
            Self::Bool => Token::from(match text {
                "true" => true,
                "false" => false,
                _ => return None,
            }),
            Self::Address => Token::address(hex_bytes(text)?.try_into().ok()?),
            Self::FixedBytes(length) => {
                let bytes = hex_bytes(text).filter(|bytes| bytes.len() == *length)?;
                let mut word = [0; 32];
                word.get_mut(..*length)?.copy_from_slice(&bytes);
                Token::Word(word)
            }
            Self::Bytes => Token::Dynamic(hex_bytes(text)?),
            Self::String => Token::from(String::from(text)),
            Self::Array(_) => return None,
        })
    }

    /// What a value of this type looks like, in words.
    pub(crate) const fn expected(&self) -> &'static str {
        match self {
            Self::Uint(_) => "a whole number, zero or above, that fits the type",
            Self::Int(_) => "a whole number that fits the type",
            Self::Bool => "true or false",
            Self::Address => "0x and 40 hexadecimal digits",
            Self::FixedBytes(_) => "0x and two hexadecimal digits for each byte",
            Self::Bytes => "0x and pairs of hexadecimal digits",
            Self::String => "a string",
            Self::Array(_) => "a list",
        }
    }
}

/// A whole number as JSON writes it, without fraction and exponent.
fn integer(text: &str) -> Option<Scaled> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| Scaled::parse(text, 0).ok())?
}

/// A number from 1 to `most`, without leading zeros.
fn number(digits: &str, most: u16) -> Option<u16> {
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    canonical.then(|| digits.parse().ok())?.filter(|number| (1..=most).contains(number))
}

#[cfg(test)]
mod tests;
