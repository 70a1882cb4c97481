//! What a person writes on a command line to JSON, by the type that is wanted.

use crate::{
    Interface, MAX_DEPTH,
    registry::{Def, Primitive, TypeId},
};
use serde_json::Value;

impl Interface {
    /// Text stays text where a text, number or bytes are wanted, so that nobody has to quote twice.
    pub(crate) fn literal(&self, id: TypeId, text: &str) -> Result<Value, String> {
        self.literal_within(id, text, MAX_DEPTH)
    }

    /// A type may be made of itself, and a few lines of metadata may nest types thousands deep.
    fn literal_within(&self, id: TypeId, text: &str, depth: usize) -> Result<Value, String> {
        let depth = depth.checked_sub(1).ok_or("it is nested too deep")?;
        if let Some(inner) = self.registry.optional(id) {
            return match text {
                "null" | "none" | "None" => Ok(Value::Null),
                _ => self.literal_within(inner, text, depth),
            };
        }
        let json = || serde_json::from_str(text).map_err(|error| format!("expected JSON ({error})"));
        match self.registry.get(id).map(|ty| &ty.def) {
            Some(Def::Primitive(Primitive::Str | Primitive::Char)) => {
                Ok(if text.starts_with('"') { json()? } else { Value::String(text.to_owned()) })
            }
            Some(Def::Primitive(Primitive::Bool)) => json().map_err(|_| "expected true or false".to_owned()),
            Some(Def::Primitive(_) | Def::Compact(_)) => Ok(Value::String(text.to_owned())),
            Some(Def::Sequence(of)) if self.registry.is_byte(of.ty) => bytes_or(text, json),
            Some(Def::Array(array)) if self.registry.is_byte(array.ty) => bytes_or(text, json),
            Some(Def::Composite(composite)) => match &composite.fields[..] {
                // A type may be made of itself by JSON alone, never by text.
                [field] if field.name.is_none() && field.ty < id => self.literal_within(field.ty, text, depth),
                [field] if field.name.is_none() && self.is_bytes(field.ty) => {
                    self.literal_within(field.ty, text, depth)
                }
                _ => json(),
            },
            Some(Def::Variant(_)) if text.starts_with(|first: char| first.is_alphabetic()) => {
                Ok(Value::String(text.to_owned()))
            }
            Some(Def::Tuple(types)) if types.is_empty() && text.is_empty() => Ok(Value::Null),
            Some(Def::Sequence(_) | Def::Array(_) | Def::Variant(_) | Def::Tuple(_) | Def::BitSequence(_)) | None => {
                json()
            }
        }
    }

    fn is_bytes(&self, id: TypeId) -> bool {
        match self.registry.get(id).map(|ty| &ty.def) {
            Some(Def::Sequence(of)) => self.registry.is_byte(of.ty),
            Some(Def::Array(array)) => self.registry.is_byte(array.ty),
            Some(_) | None => false,
        }
    }
}

/// An array in JSON, or text that has to be hexadecimal.
fn bytes_or(text: &str, json: impl Fn() -> Result<Value, String>) -> Result<Value, String> {
    if text.starts_with('[') || text.starts_with('"') { json() } else { Ok(Value::String(text.to_owned())) }
}
