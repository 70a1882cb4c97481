//! Readable values to SCALE, by their types.

use crate::{
    Entry, Interface, MAX_DEPTH,
    interface::similar,
    registry::{Composite, Def, Field, Primitive, TypeId, Variants},
};
use parity_scale_codec::{Compact, Encode};
use serde_json::Value;

/// What is wrong with the arguments of a constructor or message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Too many, or too few.
    #[error("{name} takes {expected} arguments, not {given}: {signature}")]
    Count {
        /// The constructor or message.
        name: String,
        /// How many it takes.
        expected: usize,
        /// How many there are.
        given: usize,
        /// How it is declared.
        signature: String,
    },
    /// One doesn't fit its type.
    #[error("{place} is no {expected}: {problem}")]
    Value {
        /// The argument, and where in it.
        place: String,
        /// Its type.
        expected: String,
        /// Why it doesn't fit.
        problem: String,
    },
}

impl Interface {
    /// The input of a constructor or message: its selector and these arguments, each as a person writes it. A
    /// number, `true`, a text and `0x…` bytes stand as they are; everything else is JSON.
    ///
    /// # Errors
    /// When an argument is missing, or doesn't fit its type.
    pub fn encode(&self, entry: &Entry, arguments: &[String]) -> Result<Vec<u8>, EncodeError> {
        self.checked(entry, arguments.len())?;
        let values = entry.arguments.iter().zip(arguments).map(|(argument, text)| {
            let place = Place::Root(&argument.name);
            self.literal(argument.ty, text).map_err(|problem| self.misfit(&place, argument.ty, problem))
        });
        self.encode_values(entry, &values.collect::<Result<Vec<_>, _>>()?)
    }

    /// The same for arguments in JSON.
    ///
    /// # Errors
    /// When an argument is missing, or doesn't fit its type.
    pub fn encode_values(&self, entry: &Entry, arguments: &[Value]) -> Result<Vec<u8>, EncodeError> {
        self.checked(entry, arguments.len())?;
        let mut out = entry.selector.to_vec();
        for (argument, value) in entry.arguments.iter().zip(arguments) {
            self.value(argument.ty, value, &Place::Root(&argument.name), &mut out)?;
        }
        Ok(out)
    }

    fn checked(&self, entry: &Entry, given: usize) -> Result<(), EncodeError> {
        let (name, expected) = (entry.name.clone(), entry.arguments.len());
        if given == expected {
            return Ok(());
        }
        Err(EncodeError::Count { name, expected, given, signature: self.signature(entry) })
    }

    fn misfit(&self, place: &Place<'_>, ty: TypeId, problem: impl Into<String>) -> EncodeError {
        EncodeError::Value { place: place.to_string(), expected: self.type_name(ty), problem: problem.into() }
    }

    fn value(&self, id: TypeId, value: &Value, place: &Place<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let wrong = |problem: &str| self.misfit(place, id, problem);
        if place.depth() > MAX_DEPTH {
            return Err(wrong("it is nested too deep"));
        }
        let Some(ty) = self.registry.get(id) else { return Err(wrong("the metadata doesn't say what that is")) };
        if let Some(inner) = self.registry.optional(id) {
            return self.option(inner, value, place, out);
        }
        match &ty.def {
            Def::Primitive(primitive) => {
                primitive_value(*primitive, value, out).map_err(|problem| wrong(&problem))?;
            }
            Def::Composite(Composite { fields }) => self.fields(id, fields, value, place, out)?,
            Def::Variant(variants) => self.variant(id, variants, value, place, out)?,
            Def::Sequence(of) if self.registry.is_byte(of.ty) && value.is_string() => {
                bytes(value, None).map_err(|problem| wrong(&problem))?.encode_to(out);
            }
            Def::Array(array) if self.registry.is_byte(array.ty) && value.is_string() => {
                out.extend(bytes(value, Some(array.len)).map_err(|problem| wrong(&problem))?);
            }
            Def::Sequence(of) => {
                let Value::Array(items) = value else { return Err(wrong("expected an array")) };
                Compact(u32::try_from(items.len()).unwrap_or(u32::MAX)).encode_to(out);
                for (index, item) in items.iter().enumerate() {
                    self.value(of.ty, item, &Place::Index(place, index), out)?;
                }
            }
            Def::Array(array) => {
                let length = usize::try_from(array.len).unwrap_or(usize::MAX);
                self.items(id, std::iter::repeat_n(array.ty, length), value, place, out)?;
            }
            Def::Tuple(types) if types.is_empty() && value.is_null() => {}
            Def::Tuple(types) => self.items(id, types.iter().copied(), value, place, out)?,
            Def::Compact(of) => {
                let number = match self.registry.get(of.ty).map(|ty| &ty.def) {
                    Some(Def::Primitive(
                        Primitive::U8 | Primitive::U16 | Primitive::U32 | Primitive::U64 | Primitive::U128,
                    )) => whole::<u128>(value).map_err(|problem| wrong(&problem))?,
                    Some(_) | None => return Err(wrong("compact values of this type can't be written")),
                };
                Compact(number).encode_to(out);
            }
            Def::BitSequence(_) => return Err(wrong("bit sequences can't be written")),
        }
        Ok(())
    }

    fn option(&self, inner: TypeId, value: &Value, place: &Place<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let some = match value {
            Value::Null => {
                out.push(0);
                return Ok(());
            }
            Value::Object(fields) if fields.len() == 1 => fields.get("Some"),
            Value::Object(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        };
        out.push(1);
        self.value(inner, some.unwrap_or(value), &Place::Inner(place), out)
    }

    /// As many values as there are types.
    fn items(
        &self,
        id: TypeId,
        types: impl ExactSizeIterator<Item = TypeId>,
        value: &Value,
        place: &Place<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let Value::Array(items) = value else {
            return Err(self.misfit(place, id, "expected an array"));
        };
        if items.len() != types.len() {
            let problem = format!("expected {} values, and there are {}", types.len(), items.len());
            return Err(self.misfit(place, id, problem));
        }
        for (index, (ty, item)) in types.zip(items).enumerate() {
            self.value(ty, item, &Place::Index(place, index), out)?;
        }
        Ok(())
    }

    fn fields(
        &self,
        id: TypeId,
        fields: &[Field],
        value: &Value,
        place: &Place<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let names: Option<Vec<&String>> = fields.iter().map(|field| field.name.as_ref()).collect();
        match (fields, names) {
            ([], _) if value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty) => Ok(()),
            ([], _) => Err(self.misfit(place, id, "expected null: it has no fields")),
            ([field], None) => self.value(field.ty, value, &Place::Inner(place), out),
            (_, None) => {
                let types: Vec<_> = fields.iter().map(|field| field.ty).collect();
                self.items(id, types.into_iter(), value, place, out)
            }
            (_, Some(names)) => {
                let wanted = || names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
                let Value::Object(given) = value else {
                    return Err(self.misfit(place, id, format!("expected an object with {}", wanted())));
                };
                if let Some(stranger) = given.keys().find(|name| !names.contains(name)) {
                    let problem = format!("it has no field {stranger}; its fields are {}", wanted());
                    return Err(self.misfit(place, id, problem));
                }
                for (field, name) in fields.iter().zip(names) {
                    let Some(value) = given.get(name) else {
                        return Err(self.misfit(place, id, format!("field {name} is missing")));
                    };
                    self.value(field.ty, value, &Place::Field(place, name), out)?;
                }
                Ok(())
            }
        }
    }

    fn variant(
        &self,
        id: TypeId,
        Variants { variants }: &Variants,
        value: &Value,
        place: &Place<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let (name, inner) = match value {
            Value::String(name) => (name, &Value::Null),
            Value::Object(fields) => match fields.iter().next() {
                Some(only) if fields.len() == 1 => only,
                Some(_) | None => return Err(self.misfit(place, id, "expected an object with one variant's name")),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                return Err(self.misfit(place, id, "expected a variant's name, or an object with it"));
            }
        };
        let Some(variant) = variants.iter().find(|variant| variant.name == *name) else {
            let hint = similar(name, variants.iter().map(|variant| &variant.name));
            let hint = hint.map(|hint| format!(" (did you mean {hint}?)")).unwrap_or_default();
            return Err(self.misfit(place, id, format!("it has no variant {name}{hint}")));
        };
        out.push(variant.index);
        self.fields(id, &variant.fields, inner, &Place::Field(place, name), out)
    }
}

/// Where in the arguments a value stands.
enum Place<'a> {
    Root(&'a str),
    Field(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
    /// What a struct of one unnamed field, or an option, holds stands where that stands.
    Inner(&'a Place<'a>),
}

impl Place<'_> {
    fn depth(&self) -> usize {
        match self {
            Self::Root(_) => 0,
            Self::Field(outer, _) | Self::Index(outer, _) | Self::Inner(outer) => outer.depth() + 1,
        }
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root(name) => formatter.write_str(name),
            Self::Field(outer, name) => write!(formatter, "{outer}.{name}"),
            Self::Index(outer, index) => write!(formatter, "{outer}[{index}]"),
            Self::Inner(outer) => write!(formatter, "{outer}"),
        }
    }
}

fn primitive_value(primitive: Primitive, value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
    match primitive {
        Primitive::Bool => value.as_bool().ok_or("expected true or false")?.encode_to(out),
        Primitive::Char => {
            let mut chars = value.as_str().unwrap_or_default().chars();
            let (Some(only), None) = (chars.next(), chars.next()) else { return Err("expected one character".into()) };
            u32::from(only).encode_to(out);
        }
        Primitive::Str => value.as_str().ok_or("expected a text")?.encode_to(out),
        Primitive::U8 => whole::<u8>(value)?.encode_to(out),
        Primitive::U16 => whole::<u16>(value)?.encode_to(out),
        Primitive::U32 => whole::<u32>(value)?.encode_to(out),
        Primitive::U64 => whole::<u64>(value)?.encode_to(out),
        Primitive::U128 => whole::<u128>(value)?.encode_to(out),
        Primitive::I8 => whole::<i8>(value)?.encode_to(out),
        Primitive::I16 => whole::<i16>(value)?.encode_to(out),
        Primitive::I32 => whole::<i32>(value)?.encode_to(out),
        Primitive::I64 => whole::<i64>(value)?.encode_to(out),
        Primitive::I128 => whole::<i128>(value)?.encode_to(out),
        Primitive::U256 | Primitive::I256 => out.extend(bytes(value, Some(32))?),
    }
    Ok(())
}

/// A whole number, as JSON has it or as text: decimal, or hexadecimal after `0x`; underscores may part digits.
fn whole<T: TryFrom<i128> + TryFrom<u128>>(value: &Value) -> Result<T, String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.replace('_', ""),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err("expected a whole number".into());
        }
    };
    let (negative, digits) = text.strip_prefix('-').map_or((false, text.as_str()), |digits| (true, digits));
    let magnitude = match digits.strip_prefix("0x") {
        Some(digits) => u128::from_str_radix(digits, 16),
        None => digits.parse::<u128>(),
    };
    let magnitude = magnitude.map_err(|error| format!("expected a whole number: {error}"))?;
    let number = if negative {
        0i128.checked_sub_unsigned(magnitude).and_then(|number| T::try_from(number).ok())
    } else {
        T::try_from(magnitude).ok()
    };
    number.ok_or_else(|| "the number is out of range".to_owned())
}

/// Bytes after `0x`, of which there may have to be so many.
fn bytes(value: &Value, length: Option<u32>) -> Result<Vec<u8>, String> {
    let text = value.as_str().ok_or("expected bytes as 0x and hexadecimal digits")?;
    let Some(digits) = text.strip_prefix("0x") else {
        return Err(format!("expected 0x and hexadecimal digits; the text {text:?} itself is 0x{}", hex::encode(text)));
    };
    let bytes = hex::decode(digits).map_err(|error| format!("expected hexadecimal digits: {error}"))?;
    match length {
        Some(length) if u32::try_from(bytes.len()) != Ok(length) => {
            Err(format!("expected {length} bytes, and there are {}", bytes.len()))
        }
        Some(_) | None => Ok(bytes),
    }
}
