use phat_sdk::config::{Fault as Any, Fields};

/// An unsigned integer within a stored value, which SCALE writes little-endian with all its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decode {
    offset: usize,
    length: usize,
}

/// The stored value ends before the integer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value has {length} bytes, and the integer ends at byte {end}")]
pub struct TooShort {
    /// Bytes of the value.
    pub length: usize,
    /// Where the integer ends.
    pub end: usize,
}

const TYPES: &[&str] = &["u8", "u16", "u32", "u64", "u128"];

impl Decode {
    pub(crate) const FIELDS: &[&str] = &["offset", "type"];
    const MAX_OFFSET: u64 = 65_535;

    /// Reads `offset`, 0 when left out, and `type`.
    pub(crate) fn read<F: From<Any>>(fields: &mut Fields<'_, F>) -> Option<Self> {
        let offset = fields.number("offset", 0..=Self::MAX_OFFSET, "a number from 0 to 65535");
        let length = match fields.choice("type", TYPES)? {
            "u8" => 1,
            "u16" => 2,
            "u32" => 4,
            "u64" => 8,
            _ => 16,
        };
        Some(Self { offset: usize::try_from(offset.unwrap_or(0)).ok()?, length })
    }

    pub(crate) fn integer(self, stored: &[u8]) -> Result<u128, TooShort> {
        let end = self.offset + self.length;
        let bytes = stored.get(self.offset..end).ok_or(TooShort { length: stored.len(), end })?;
        Ok(bytes.iter().rev().fold(0, |integer, byte| integer << 8 | u128::from(*byte)))
    }
}
