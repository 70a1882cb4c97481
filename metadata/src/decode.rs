//! SCALE to readable values, by their types.

use crate::{
    Entry, Interface, MAX_DEPTH,
    registry::{Array, Def, Field, Primitive, TypeId, Variants},
};
use parity_scale_codec::{Compact, Decode};
use serde_json::{Map, Value};

/// How many values one answer may hold. A count costs nothing to claim where its values have no bytes.
const MAX_VALUES: usize = 100_000;
/// How many bytes of names, of fields and of variants, one answer may hold. They stand in the metadata once, and in
/// the answer with every value.
const MAX_NAME_BYTES: usize = 16 * 1024 * 1024;

/// What a message answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returned {
    /// The message ran; this is its result.
    Value {
        /// The result.
        value: Value,
        /// Whether it is the `Err` of the message's own `Result`.
        is_error: bool,
    },
    /// ink! answered in the message's place, and why: the contract can't be called so.
    Refused(String),
}

/// Why an answer can't be read by its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is too short, or not what the type allows.
    #[error("{answer} is no {expected}: {problem}")]
    Answer {
        /// The whole answer, in hexadecimal.
        answer: String,
        /// The message's result type.
        expected: String,
        /// What is wrong.
        problem: String,
    },
}

impl Interface {
    /// What a message answered.
    ///
    /// # Errors
    /// When the bytes are not of the type that the metadata gives.
    pub fn decode(&self, entry: &Entry, answer: &[u8]) -> Result<Returned, DecodeError> {
        let Some(returns) = entry.returns else {
            // A message of ink! 3 without a result answers nothing, or what nobody described.
            return Ok(Returned::Value { value: Value::Null, is_error: false });
        };
        let wrong = |problem: String| DecodeError::Answer {
            answer: format!("0x{}", hex::encode(answer)),
            expected: self.type_name(returns),
            problem,
        };
        let mut reader = Reader { interface: self, input: answer, left: MAX_VALUES, names: MAX_NAME_BYTES };
        let wrapped = self.registry.result(returns).filter(|(_, error)| Some(*error) == self.lang_error);
        let inner = match wrapped {
            None => returns,
            Some((inner, error)) => match reader.byte().map_err(wrong)? {
                0 => inner,
                1 => {
                    let error = reader.value(error, MAX_DEPTH).map_err(wrong)?;
                    return Ok(Returned::Refused(lang_error(&error)));
                }
                other => return Err(wrong(format!("{other} is neither Ok nor Err"))),
            },
        };
        let is_error = self.registry.result(inner).is_some() && reader.input.first() == Some(&1);
        let value = reader.value(inner, MAX_DEPTH).map_err(wrong)?;
        if !reader.input.is_empty() {
            return Err(wrong(format!("{} bytes are left over", reader.input.len())));
        }
        Ok(Returned::Value { value, is_error })
    }
}

/// ink!'s own error, in words.
fn lang_error(error: &Value) -> String {
    match error.as_str() {
        // The one variant that there is so far.
        Some("CouldNotReadInput") => "the contract has no such message, or can't read its arguments".to_owned(),
        Some(other) => other.to_owned(),
        None => error.to_string(),
    }
}

struct Reader<'a> {
    interface: &'a Interface,
    input: &'a [u8],
    /// Values that there may still be.
    left: usize,
    /// Bytes of names that there may still be.
    names: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, String> {
        self.read()
    }

    fn read<T: Decode>(&mut self) -> Result<T, String> {
        T::decode(&mut self.input).map_err(|_| "it ends too early, or is malformed".to_owned())
    }

    fn value(&mut self, id: TypeId, depth: usize) -> Result<Value, String> {
        let depth = depth.checked_sub(1).ok_or("it is nested too deep")?;
        self.left = self.left.checked_sub(1).ok_or("it holds too many values")?;
        let registry = &self.interface.registry;
        let ty = registry.get(id).ok_or("the metadata doesn't say what that is")?;
        if let Some(inner) = registry.optional(id) {
            return self.option(inner, depth);
        }
        match &ty.def {
            Def::Primitive(primitive) => self.primitive(*primitive),
            Def::Composite(composite) => self.fields(&composite.fields, depth),
            Def::Variant(variants) => self.variant(variants, depth),
            Def::Sequence(of) if registry.is_byte(of.ty) => {
                self.read::<Vec<u8>>().map(|bytes| Value::String(format!("0x{}", hex::encode(bytes))))
            }
            Def::Sequence(of) => {
                let count = self.read::<Compact<u32>>()?.0;
                self.items(std::iter::repeat_n(of.ty, usize::try_from(count).unwrap_or(usize::MAX)), depth)
            }
            Def::Array(Array { len, ty }) if registry.is_byte(*ty) => self.bytes(*len),
            Def::Array(Array { len, ty }) => {
                self.items(std::iter::repeat_n(*ty, usize::try_from(*len).unwrap_or(usize::MAX)), depth)
            }
            Def::Tuple(types) if types.is_empty() => Ok(Value::Null),
            Def::Tuple(types) => self.items(types.iter().copied(), depth),
            Def::Compact(_) => self.read::<Compact<u128>>().map(|number| Value::String(number.0.to_string())),
            Def::BitSequence(_) => Err("bit sequences can't be read".to_owned()),
        }
    }

    fn option(&mut self, inner: TypeId, depth: usize) -> Result<Value, String> {
        match self.byte()? {
            0 => Ok(Value::Null),
            1 => {
                let value = self.value(inner, depth)?;
                let nested = self.interface.registry.optional(inner).is_some();
                Ok(if nested { Value::Object(Map::from_iter([("Some".to_owned(), value)])) } else { value })
            }
            other => Err(format!("{other} is neither None nor Some")),
        }
    }

    fn items(&mut self, types: impl Iterator<Item = TypeId>, depth: usize) -> Result<Value, String> {
        types.map(|ty| self.value(ty, depth)).collect::<Result<_, _>>().map(Value::Array)
    }

    fn bytes(&mut self, length: u32) -> Result<Value, String> {
        let split = self.input.split_at_checked(usize::try_from(length).unwrap_or(usize::MAX));
        let (bytes, rest) = split.ok_or("it ends too early")?;
        self.input = rest;
        Ok(Value::String(format!("0x{}", hex::encode(bytes))))
    }

    fn fields(&mut self, fields: &[Field], depth: usize) -> Result<Value, String> {
        let names: Option<Vec<&String>> = fields.iter().map(|field| field.name.as_ref()).collect();
        match (fields, names) {
            ([], _) => Ok(Value::Null),
            ([field], None) => self.value(field.ty, depth),
            (_, None) => self.items(fields.iter().map(|field| field.ty), depth),
            (_, Some(names)) => {
                let fields = fields.iter().zip(names);
                let fields = fields.map(|(field, name)| Ok((self.name(name)?, self.value(field.ty, depth)?)));
                fields.collect::<Result<_, String>>().map(Value::Object)
            }
        }
    }

    fn variant(&mut self, Variants { variants }: &Variants, depth: usize) -> Result<Value, String> {
        let index = self.byte()?;
        let Some(variant) = variants.iter().find(|variant| variant.index == index) else {
            return Err(format!("there is no variant {index}"));
        };
        let name = self.name(&variant.name)?;
        if variant.fields.is_empty() {
            return Ok(Value::String(name));
        }
        Ok(Value::Object(Map::from_iter([(name, self.fields(&variant.fields, depth)?)])))
    }

    fn name(&mut self, name: &str) -> Result<String, String> {
        self.names = self.names.checked_sub(name.len()).ok_or("it holds too many names")?;
        Ok(name.to_owned())
    }

    fn primitive(&mut self, primitive: Primitive) -> Result<Value, String> {
        Ok(match primitive {
            Primitive::Bool => self.read::<bool>()?.into(),
            Primitive::Char => {
                let number = self.read::<u32>()?;
                char::from_u32(number).ok_or_else(|| format!("{number} is no character"))?.to_string().into()
            }
            Primitive::Str => self.read::<String>()?.into(),
            Primitive::U8 => self.read::<u8>()?.into(),
            Primitive::U16 => self.read::<u16>()?.into(),
            Primitive::U32 => self.read::<u32>()?.into(),
            Primitive::I8 => self.read::<i8>()?.into(),
            Primitive::I16 => self.read::<i16>()?.into(),
            Primitive::I32 => self.read::<i32>()?.into(),
            Primitive::U64 => self.read::<u64>()?.to_string().into(),
            Primitive::U128 => self.read::<u128>()?.to_string().into(),
            Primitive::I64 => self.read::<i64>()?.to_string().into(),
            Primitive::I128 => self.read::<i128>()?.to_string().into(),
            Primitive::U256 | Primitive::I256 => self.bytes(32)?,
        })
    }
}
