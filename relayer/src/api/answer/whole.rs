//! Whole numbers however they are written: for JSON, and for a schema's `integer`, `2.0` is the number 2.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Number;

/// One that must be there.
pub(super) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    read(&Number::deserialize(deserializer)?)
}

/// One that may be left out or `null`.
pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = <Option<Number>>::deserialize(deserializer)? else { return Ok(None) };
    u32::try_from(read(&number)?).map(Some).map_err(D::Error::custom)
}

/// A long one that may be left out or `null`.
pub(crate) fn optional_long<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    <Option<Number>>::deserialize(deserializer)?.as_ref().map(read).transpose()
}

fn read<Error: serde::de::Error>(number: &Number) -> Result<u64, Error> {
    let whole = || number.as_f64().filter(|value| value.fract() == 0.0)?.to_string().parse().ok();
    number.as_u64().or_else(whole).ok_or_else(|| Error::custom("expected a whole number that is not negative"))
}
