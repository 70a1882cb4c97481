//! ABI-encoded values as JSON, for people to read. Both the types and the bytes come from strangers: neither
//! can make it panic, and its work is bounded by the length of the bytes.

mod decode;
mod parse;

pub use decode::NotEncoded;
pub use parse::NotAbiTypes;

use serde_json::Value;
use std::{fmt, str::FromStr};

/// The types that were given to `abi.encode`, as `abi.decode` takes them: `uint256`, or `(uint256,string)` for
/// two values. One value that is a struct is `((uint256,string))`.
///
/// There are the types of the contract ABI specification, written canonically (`uint256`, not `uint`), but for
/// `fixed` and `function`, and for arrays of length zero and structs without members, which take no bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbiTypes {
    text: String,
    types: Vec<AbiType>,
}

/// One type.
#[derive(Clone, Debug, PartialEq, Eq)]
enum AbiType {
    /// Bits.
    Uint(u32),
    /// Bits.
    Int(u32),
    Bool,
    Address,
    /// Bytes, 1 to 32.
    FixedBytes(usize),
    Bytes,
    String,
    Array(Box<AbiType>),
    /// Length, at least 1.
    FixedArray(Box<AbiType>, usize),
    /// At least one.
    Tuple(Vec<AbiType>),
}

impl AbiTypes {
    /// Reads bytes that `abi.encode` made of values of these types: one JSON value for each. Integers are
    /// decimal strings; addresses and bytes are `0x` and lower-case hexadecimal digits; arrays and structs are
    /// arrays.
    ///
    /// # Errors
    /// When `abi.encode` never makes these bytes of such values: offsets that aren't in order, set bits outside of
    /// a value, text that isn't UTF-8, bytes too few or too many.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<Value>, NotEncoded> {
        decode::decode(&self.types, bytes)
    }

    /// How many values there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.types.len()
    }

    /// Whether the first value is an integer.
    #[must_use]
    pub fn begin_with_integer(&self) -> bool {
        matches!(self.types.first(), Some(AbiType::Uint(_) | AbiType::Int(_)))
    }
}

impl FromStr for AbiTypes {
    type Err = NotAbiTypes;

    fn from_str(text: &str) -> Result<Self, NotAbiTypes> {
        parse::parse(text).map(|types| Self { text: text.to_owned(), types })
    }
}

impl fmt::Display for AbiTypes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl AbiType {
    /// Whether its place in the head holds an offset.
    fn is_dynamic(&self) -> bool {
        match self {
            Self::Bytes | Self::String | Self::Array(_) => true,
            Self::FixedArray(element, _) => element.is_dynamic(),
            Self::Tuple(members) => members.iter().any(Self::is_dynamic),
            Self::Uint(_) | Self::Int(_) | Self::Bool | Self::Address | Self::FixedBytes(_) => false,
        }
    }

    /// Bytes of its place in the head; none when they are beyond what can be counted.
    fn head_bytes(&self) -> Option<usize> {
        if self.is_dynamic() {
            return Some(WORD);
        }
        match self {
            Self::FixedArray(element, length) => element.head_bytes()?.checked_mul(*length),
            Self::Tuple(members) => {
                members.iter().try_fold(0usize, |bytes, member| bytes.checked_add(member.head_bytes()?))
            }
            Self::Uint(_)
            | Self::Int(_)
            | Self::Bool
            | Self::Address
            | Self::FixedBytes(_)
            | Self::Bytes
            | Self::String
            | Self::Array(_) => Some(WORD),
        }
    }
}

/// Everything is encoded in words of so many bytes.
const WORD: usize = 32;

#[cfg(test)]
mod tests;
