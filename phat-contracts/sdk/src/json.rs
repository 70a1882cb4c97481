//! Reading one value out of a JSON document (RFC 8259) by a pointer (RFC 6901), without building the
//! document's tree: memory is bounded by the text and the value.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, str::FromStr};
use serde::{
    Deserialize,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Deserializer, value::RawValue};

/// A JSON Pointer: where in a document a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

/// Why a text is no JSON Pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It is neither empty nor starts with `/`.
    #[error("a JSON pointer is empty, or starts with \"/\"")]
    NoSlash,
    /// A `~` stands for itself.
    #[error("in a JSON pointer, \"~\" is written \"~0\", and \"/\" within a name \"~1\"")]
    BareTilde,
}

/// Why a text is no JSON document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

impl From<serde_json::Error> for Malformed {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let names = text.strip_prefix('/').ok_or(PointerError::NoSlash)?;
        names.split('/').map(unescape).collect::<Result<_, _>>().map(Self)
    }
}

fn unescape(name: &str) -> Result<String, PointerError> {
    let bare = name.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1']));
    if bare { Err(PointerError::BareTilde) } else { Ok(name.replace("~1", "/").replace("~0", "~")) }
}

impl Pointer {
    /// The value at this place in `document`; none where there is no such place.
    ///
    /// The whole document is checked first. A name that stands twice in an object on the way is an
    /// error: which of the two was meant, nobody can say.
    ///
    /// # Errors
    /// When the document is not one JSON value.
    pub fn find<'d>(&self, document: &'d str) -> Result<Option<Value<'d>>, Malformed> {
        self.find_raw(document)?.map(Value::read).transpose()
    }

    /// The value at this place, unread; none where there is no such place. See [`Self::find`].
    ///
    /// # Errors
    /// When the document is not one JSON value.
    pub fn find_raw<'d>(&self, document: &'d str) -> Result<Option<&'d RawValue>, Malformed> {
        self.find_within(serde_json::from_str(document)?)
    }

    /// The value at this place in one that was read before, unread.
    ///
    /// # Errors
    /// When a name on the way stands twice.
    pub fn find_within<'d>(&self, mut raw: &'d RawValue) -> Result<Option<&'d RawValue>, Malformed> {
        for name in &self.0 {
            if !raw.get().starts_with(['{', '[']) {
                return Ok(None);
            }
            match Child(name).deserialize(&mut Deserializer::from_str(raw.get()))? {
                Some(child) => raw = child,
                None => return Ok(None),
            }
        }
        Ok(Some(raw))
    }
}

/// A value, as far as an answer is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'d> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as the document writes it.
    Number(&'d str),
    /// A string, without its quotes and escapes.
    String(String),
    /// An array.
    Array,
    /// An object.
    Object,
}

impl<'d> Value<'d> {
    /// What the text of a value says.
    ///
    /// # Errors
    /// When a string's escapes are no Unicode text.
    pub fn read(raw: &'d RawValue) -> Result<Self, Malformed> {
        Ok(match raw.get().as_bytes() {
            [b'{', ..] => Self::Object,
            [b'[', ..] => Self::Array,
            [b'"', ..] => Self::String(serde_json::from_str(raw.get())?),
            [b't', ..] => Self::Bool(true),
            [b'f', ..] => Self::Bool(false),
            [b'n', ..] => Self::Null,
            _ => Self::Number(raw.get()),
        })
    }

    /// What kind of value it is, in JSON's words.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// The member of this name, or the element of this index.
struct Child<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Child<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Child<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            if name != self.0 {
                members.next_value::<IgnoredAny>()?;
            } else if found.replace(members.next_value()?).is_some() {
                return Err(twice(self.0));
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let wanted = index(self.0);
        let mut at = 0;
        loop {
            if wanted == Some(at) {
                found = elements.next_element()?;
                if found.is_none() {
                    return Ok(None);
                }
            } else if elements.next_element::<IgnoredAny>()?.is_none() {
                return Ok(found);
            }
            at += 1;
        }
    }
}

/// An array index as RFC 6901 writes it: digits without leading zeros.
fn index(name: &str) -> Option<usize> {
    let canonical = name == "0" || !name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit());
    canonical.then(|| name.parse().ok())?
}

/// The members of an object, in order, each name once, the values unread.
#[derive(Clone, Debug)]
pub struct Object<'d>(pub Vec<(String, &'d RawValue)>);

impl<'d> Object<'d> {
    /// Reads a document that is one object.
    ///
    /// # Errors
    /// When it is anything else, or a name stands twice.
    pub fn read(document: &'d str) -> Result<Self, Malformed> {
        Ok(serde_json::from_str(document)?)
    }
}

impl<'de: 'd, 'd> Deserialize<'de> for Object<'d> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut object: Vec<(String, &'de RawValue)> = Vec::new();
                while let Some(name) = members.next_key::<Cow<'de, str>>()? {
                    if object.iter().any(|(known, _)| *known == name) {
                        return Err(twice(&name));
                    }
                    object.push((name.into_owned(), members.next_value()?));
                }
                Ok(Object(object))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

fn twice<E: de::Error>(name: &str) -> E {
    E::custom(format_args!("the name {name:?} stands twice in one object"))
}

#[cfg(test)]
mod tests;
