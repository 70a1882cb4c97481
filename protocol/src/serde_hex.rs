//! Bytes as `0x` and hexadecimal digits, for `#[serde(with = "phat_protocol::serde_hex")]`.

use alloc::{borrow::Cow, format, vec::Vec};
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

/// Writes the bytes as text.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(bytes: impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("0x{}", hex::encode(bytes)))
}

/// Reads the bytes from text.
///
/// # Errors
/// When the text lacks `0x`, or holds anything but pairs of hexadecimal digits after it.
pub fn deserialize<'de, D: Deserializer<'de>, T: From<Vec<u8>>>(deserializer: D) -> Result<T, D::Error> {
    let text = <Cow<'de, str>>::deserialize(deserializer)?;
    let digits = text.strip_prefix("0x").ok_or_else(|| D::Error::custom("bytes start with 0x"))?;
    hex::decode(digits).map(T::from).map_err(D::Error::custom)
}
