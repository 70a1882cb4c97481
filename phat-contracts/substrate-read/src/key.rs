use alloc::{string::String, vec::Vec};
use phat_sdk::{
    answer::hex_bytes,
    config::{Fault as Any, Fields},
    hashing::{blake2_128, blake2_256, twox_64, twox_128, twox_256},
    json::Value,
    scale::Encode,
    source::{Parameters, ParametersError, TemplateError, is_placeholder_name},
};

/// The most keys of a map; FRAME's n-maps have no more.
const MAX_KEYS: usize = 8;
/// The longest storage key, in bytes.
const MAX_KEY: usize = 512;

/// Where in the storage the value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(Vec<Part>);

/// A part of a storage key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Stands as it is.
    Fixed(Vec<u8>),
    /// A key of a map, from the payload.
    Open { name: String, value_type: ValueType, hasher: Hasher },
}

/// How a map's key becomes a part of the storage key (FRAME's `StorageHasher`s).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hasher {
    /// The key itself.
    Identity,
    /// `Blake2_128`
    Blake2128,
    /// `Blake2_256`
    Blake2256,
    /// `Blake2_128Concat`: the hash, then the key itself.
    Blake2128Concat,
    /// `Twox128`
    Twox128,
    /// `Twox256`
    Twox256,
    /// `Twox64Concat`: the hash, then the key itself.
    Twox64Concat,
}

/// What a key is, before it is hashed: how its text becomes SCALE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// `u8` to `u128`: its bytes. Decimal digits.
    Unsigned(u8),
    /// `account`, or any other 32 bytes: `0x` and 64 hexadecimal digits.
    Bytes32,
    /// `bytes`: SCALE already; `0x` and hexadecimal digits.
    Scale,
    /// `string`: its length, then UTF-8.
    Text,
}

/// Why a payload makes no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// It is no object of parameters.
    #[error("{0}")]
    Parameters(#[from] ParametersError),
    /// The parameters don't fit the placeholders.
    #[error("{0}")]
    Template(#[from] TemplateError),
    /// A value is not of its key's type; what it should be.
    #[error("the parameter {0:?} must be {1}")]
    Type(String, &'static str),
}

const HASHERS: &[&str] =
    &["identity", "blake2_128", "blake2_256", "blake2_128_concat", "twox_128", "twox_256", "twox_64_concat"];
const TYPES: &[&str] = &["u8", "u16", "u32", "u64", "u128", "account", "bytes32", "bytes", "string"];

impl Key {
    const MAP_FIELDS: &[&str] = &["hasher", "type", "value"];

    /// Reads either `key`, the whole of it, or `pallet`, `item` and the `keys` of a map.
    pub(crate) fn read<F: From<Any>>(fields: &mut Fields<'_, F>) -> Option<Self> {
        if fields.get("key").is_some() {
            for excluded in ["pallet", "item", "keys"] {
                if fields.get(excluded).is_some() {
                    fields.mistake(excluded, Any::WrongKind("left out where the whole key is given"));
                }
            }
            let part = value(fields, "key", ValueType::Scale, Hasher::Identity)?;
            return Some(Self([part].into()));
        }
        let prefix = |name: String| Part::Fixed(twox_128(name.as_bytes()).into());
        let pallet = fields.string("pallet").map(prefix);
        let item = fields.string("item").map(prefix);
        let mut parts = Vec::from([pallet, item]);
        if fields.get("keys").is_some() {
            let (_, keys) =
                fields.objects("keys", (0..=MAX_KEYS, "a list of at most 8 keys"), Self::MAP_FIELDS, |inner| {
                    Some(map_key(inner))
                });
            parts.extend(keys);
        }
        parts.into_iter().collect::<Option<_>>().map(Self)
    }

    /// The key for this payload.
    pub(crate) fn fill(&self, payload: &[u8]) -> Result<Vec<u8>, PayloadError> {
        let parameters = Parameters::parse(payload)?;
        let names = self.0.iter().filter_map(|part| match part {
            Part::Fixed(_) => None,
            Part::Open { name, .. } => Some(name.as_str()),
        });
        parameters.known(names)?;
        let mut key = Vec::new();
        for part in &self.0 {
            match part {
                Part::Fixed(bytes) => key.extend_from_slice(bytes),
                Part::Open { name, value_type, hasher } => {
                    let text = parameters.get(name).ok_or_else(|| TemplateError::MissingParameter(name.clone()))?;
                    let scale = value_type.scale(text);
                    let scale = scale.ok_or_else(|| PayloadError::Type(name.clone(), value_type.expected()))?;
                    key.extend_from_slice(&hasher.hash(&scale));
                }
            }
        }
        Ok(key)
    }
}

fn map_key<F: From<Any>>(fields: &mut Fields<'_, F>) -> Option<Part> {
    let hasher = fields.choice("hasher", HASHERS).map(|name| match name {
        "identity" => Hasher::Identity,
        "blake2_128" => Hasher::Blake2128,
        "blake2_256" => Hasher::Blake2256,
        "blake2_128_concat" => Hasher::Blake2128Concat,
        "twox_128" => Hasher::Twox128,
        "twox_256" => Hasher::Twox256,
        _ => Hasher::Twox64Concat,
    });
    let value_type = fields.choice("type", TYPES).map(|name| match name {
        "u8" => ValueType::Unsigned(1),
        "u16" => ValueType::Unsigned(2),
        "u32" => ValueType::Unsigned(4),
        "u64" => ValueType::Unsigned(8),
        "u128" => ValueType::Unsigned(16),
        "account" | "bytes32" => ValueType::Bytes32,
        "bytes" => ValueType::Scale,
        _ => ValueType::Text,
    });
    let (hasher, value_type) = (hasher?, value_type?);
    value(fields, "value", value_type, hasher)
}

/// A string or number that must be there: a placeholder, or a value of this type.
fn value<F: From<Any>>(fields: &mut Fields<'_, F>, field: &str, value_type: ValueType, hasher: Hasher) -> Option<Part> {
    let raw = fields.required(field)?;
    let text = match Value::read(raw) {
        Ok(Value::String(text)) => text,
        Ok(Value::Number(text)) => text.into(),
        Ok(Value::Null | Value::Bool(_) | Value::Array | Value::Object) | Err(_) => {
            return fields.check(field, Err(Any::WrongKind(value_type.expected())));
        }
    };
    let name = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let part = match (name, value_type.scale(&text)) {
        (Some(name), _) if is_placeholder_name(name) => Ok(Part::Open { name: name.into(), value_type, hasher }),
        (Some(name), _) => Err(Any::Template(TemplateError::Name(name.into()))),
        (None, Some(scale)) if scale.len() <= MAX_KEY => Ok(Part::Fixed(hasher.hash(&scale))),
        (None, _) => Err(Any::WrongKind(value_type.expected())),
    };
    fields.check(field, part)
}

impl ValueType {
    fn scale(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Unsigned(length) => {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let number: u128 = digits.then(|| text.parse().ok())??;
                let bytes = number.to_le_bytes();
                let (within, above) = bytes.split_at_checked(length.into())?;
                above.iter().all(|byte| *byte == 0).then(|| within.into())
            }
            Self::Bytes32 => hex_bytes(text).filter(|bytes| bytes.len() == 32),
            Self::Scale => hex_bytes(text).filter(|bytes| !bytes.is_empty()),
            Self::Text => Some(text.encode()),
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::Unsigned(_) => "a whole number, zero or above, that fits the type",
            Self::Bytes32 => "0x and 64 hexadecimal digits",
            Self::Scale => "0x and pairs of hexadecimal digits",
            Self::Text => "a string",
        }
    }
}

impl Hasher {
    fn hash(self, key: &[u8]) -> Vec<u8> {
        match self {
            Self::Identity => key.into(),
            Self::Blake2128 => blake2_128(key).into(),
            Self::Blake2256 => blake2_256(key).into(),
            Self::Blake2128Concat => [blake2_128(key).as_slice(), key].concat(),
            Self::Twox128 => twox_128(key).into(),
            Self::Twox256 => twox_256(key).into(),
            Self::Twox64Concat => [twox_64(key).as_slice(), key].concat(),
        }
    }
}

#[cfg(test)]
mod tests;
