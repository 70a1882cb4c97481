//! Every part of canonical bytes is read once, and where it must stand: heads, then tails without gaps, in order.
//! So neither a huge length nor many offsets to one place costs more than the bytes that are there.

use super::{AbiType, WORD};
use ethers::types::{I256, U256};
use serde_json::Value;

/// Bytes that `abi.encode` doesn't make of the types.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEncoded {
    /// They end too early.
    #[error("the bytes end before the values do")]
    TooShort,
    /// Some follow the last value.
    #[error("{0} bytes follow the last value")]
    Trailing(usize),
    /// An offset that doesn't point at the next tail.
    #[error("an offset points elsewhere than at the next value")]
    Offset,
    /// Bits are set outside of a value.
    #[error("a word holds more than its {0}")]
    OutOfRange(&'static str),
    /// A string isn't UTF-8.
    #[error("a string is not UTF-8")]
    NotText,
}

pub(super) fn decode(types: &[AbiType], bytes: &[u8]) -> Result<Vec<Value>, NotEncoded> {
    let (values, end) = sequence(types.iter(), bytes)?;
    match bytes.len().checked_sub(end) {
        Some(0) => Ok(values),
        Some(more) => Err(NotEncoded::Trailing(more)),
        None => Err(NotEncoded::TooShort),
    }
}

/// Values whose heads begin `bytes`, and whose tails follow. Gives them and where the last one ends.
fn sequence<'t>(
    types: impl Iterator<Item = &'t AbiType> + Clone,
    bytes: &[u8],
) -> Result<(Vec<Value>, usize), NotEncoded> {
    let heads = types
        .clone()
        .try_fold(0usize, |total, ty| total.checked_add(ty.head_bytes()?).filter(|total| *total <= bytes.len()))
        .ok_or(NotEncoded::TooShort)?;
    let (mut values, mut head, mut tail) = (Vec::new(), 0, heads);
    for ty in types {
        let (value, taken) = if ty.is_dynamic() {
            if size(word(bytes, head)?) != Some(tail) {
                return Err(NotEncoded::Offset);
            }
            let (value, taken) = dynamic(ty, bytes.get(tail..).ok_or(NotEncoded::TooShort)?)?;
            tail = tail.checked_add(taken).ok_or(NotEncoded::TooShort)?;
            (value, WORD)
        } else {
            fixed(ty, bytes.get(head..heads).ok_or(NotEncoded::TooShort)?)?
        };
        values.push(value);
        head = head.checked_add(taken).ok_or(NotEncoded::TooShort)?;
    }
    Ok((values, tail))
}

/// A value that stands in the head itself, and the bytes that it takes.
fn fixed(ty: &AbiType, bytes: &[u8]) -> Result<(Value, usize), NotEncoded> {
    match ty {
        AbiType::FixedArray(element, length) => {
            sequence(std::iter::repeat_n(&**element, *length), bytes).map(|(values, end)| (Value::Array(values), end))
        }
        AbiType::Tuple(members) => sequence(members.iter(), bytes).map(|(values, end)| (Value::Array(values), end)),
        AbiType::Uint(_) | AbiType::Int(_) | AbiType::Bool | AbiType::Address | AbiType::FixedBytes(_) => {
            Ok((single(ty, word(bytes, 0)?)?, WORD))
        }
        AbiType::Bytes | AbiType::String | AbiType::Array(_) => dynamic(ty, bytes),
    }
}

/// A value of one word.
fn single(ty: &AbiType, word: &[u8; WORD]) -> Result<Value, NotEncoded> {
    let number = U256::from_big_endian(word);
    match ty {
        AbiType::Uint(bits) if number.bits() <= in_memory(*bits) => Ok(Value::String(number.to_string())),
        AbiType::Uint(_) => Err(NotEncoded::OutOfRange("unsigned integer")),
        AbiType::Int(bits) => {
            let number = I256::from_raw(number);
            // Without its sign, a number of n bits has n - 1.
            let magnitude = if number.is_negative() { !number.into_raw() } else { number.into_raw() };
            if magnitude.bits() < in_memory(*bits) {
                Ok(Value::String(number.to_string()))
            } else {
                Err(NotEncoded::OutOfRange("integer"))
            }
        }
        AbiType::Bool if number <= U256::one() => Ok(Value::Bool(!number.is_zero())),
        AbiType::Bool => Err(NotEncoded::OutOfRange("boolean")),
        AbiType::Address => match word.split_at(12) {
            (padding, address) if padding.iter().all(|byte| *byte == 0) => Ok(digits(address)),
            _ => Err(NotEncoded::OutOfRange("address")),
        },
        AbiType::FixedBytes(length) => match word.split_at_checked(*length) {
            Some((bytes, padding)) if padding.iter().all(|byte| *byte == 0) => Ok(digits(bytes)),
            Some(_) | None => Err(NotEncoded::OutOfRange("fixed bytes")),
        },
        AbiType::Bytes | AbiType::String | AbiType::Array(_) | AbiType::FixedArray(..) | AbiType::Tuple(_) => {
            Err(NotEncoded::Offset)
        }
    }
}

/// A value in a tail, and the bytes that it takes.
fn dynamic(ty: &AbiType, bytes: &[u8]) -> Result<(Value, usize), NotEncoded> {
    match ty {
        AbiType::Bytes => blob(bytes).map(|(blob, taken)| (digits(blob), taken)),
        AbiType::String => {
            let (blob, taken) = blob(bytes)?;
            let text = std::str::from_utf8(blob).map_err(|_| NotEncoded::NotText)?;
            Ok((Value::String(text.to_owned()), taken))
        }
        AbiType::Array(element) => {
            let rest = bytes.get(WORD..).ok_or(NotEncoded::TooShort)?;
            // Every element takes a word at least, so a longer array can't be there.
            let length = size(word(bytes, 0)?).filter(|length| *length <= rest.len() / WORD);
            let length = length.ok_or(NotEncoded::TooShort)?;
            let (values, end) = sequence(std::iter::repeat_n(&**element, length), rest)?;
            Ok((Value::Array(values), end + WORD))
        }
        AbiType::FixedArray(element, length) => {
            // The heads of so many words must be there before any is counted.
            if *length > bytes.len() / WORD {
                return Err(NotEncoded::TooShort);
            }
            sequence(std::iter::repeat_n(&**element, *length), bytes).map(|(values, end)| (Value::Array(values), end))
        }
        AbiType::Tuple(members) => sequence(members.iter(), bytes).map(|(values, end)| (Value::Array(values), end)),
        AbiType::Uint(_) | AbiType::Int(_) | AbiType::Bool | AbiType::Address | AbiType::FixedBytes(_) => {
            Ok((single(ty, word(bytes, 0)?)?, WORD))
        }
    }
}

/// Bytes with their length before them and zeros behind, and how many all of it takes.
fn blob(bytes: &[u8]) -> Result<(&[u8], usize), NotEncoded> {
    let length = size(word(bytes, 0)?).ok_or(NotEncoded::TooShort)?;
    let padded = length.checked_next_multiple_of(WORD).ok_or(NotEncoded::TooShort)?;
    let rest = bytes.get(WORD..).and_then(|rest| rest.get(..padded)).ok_or(NotEncoded::TooShort)?;
    let (blob, padding) = rest.split_at(length);
    if padding.iter().any(|byte| *byte != 0) {
        return Err(NotEncoded::OutOfRange("bytes"));
    }
    Ok((blob, padded + WORD))
}

fn word(bytes: &[u8], at: usize) -> Result<&[u8; WORD], NotEncoded> {
    bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or(NotEncoded::TooShort)
}

/// A word as a length or an offset; none when no bytes could be so many.
fn size(word: &[u8; WORD]) -> Option<usize> {
    let (high, low) = word.split_at(WORD - 8);
    let low = u64::from_be_bytes(low.try_into().ok()?);
    if high.iter().all(|byte| *byte == 0) { usize::try_from(low).ok() } else { None }
}

fn digits(bytes: &[u8]) -> Value {
    Value::String(format!("0x{}", hex::encode(bytes)))
}

fn in_memory(bits: u32) -> usize {
    usize::try_from(bits).unwrap_or(usize::MAX)
}
