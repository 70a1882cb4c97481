//! The types of a contract, as `scale-info` writes them to JSON: since 1.0 each beside its number, which counts
//! from 0; before, in a list whose first is number 1.

use serde::Deserialize;
use serde_json::Value;

/// The number of a type in the metadata that names it.
pub(crate) type TypeId = u32;

/// All types that the metadata names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Registry(Vec<Type>);

/// A type, and its name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Type {
    /// Modules and name; empty for what needs no name.
    #[serde(default)]
    pub(crate) path: Vec<String>,
    /// What stands in its angle brackets.
    #[serde(default)]
    pub(crate) params: Vec<Param>,
    pub(crate) def: Def,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "RawParam")]
pub(crate) struct Param {
    pub(crate) ty: Option<TypeId>,
}

/// `scale-info` before 1.0 gives the number alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawParam {
    Number(TypeId),
    Named {
        #[serde(default, rename = "type")]
        ty: Option<TypeId>,
    },
}

impl From<RawParam> for Param {
    fn from(raw: RawParam) -> Self {
        match raw {
            RawParam::Number(ty) => Self { ty: Some(ty) },
            RawParam::Named { ty } => Self { ty },
        }
    }
}

/// What a type is made of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Def {
    Composite(Composite),
    Variant(Variants),
    Sequence(Of),
    Array(Array),
    Tuple(Vec<TypeId>),
    Primitive(Primitive),
    Compact(Of),
    #[serde(alias = "bitSequence")]
    BitSequence(Bits),
}

/// In what order bits stand in a sequence of them, which is not read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Bits {}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Composite {
    #[serde(default)]
    pub(crate) fields: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Variants {
    #[serde(default, deserialize_with = "variants")]
    pub(crate) variants: Vec<Variant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) index: u8,
}

#[derive(Deserialize)]
struct RawVariant {
    name: String,
    #[serde(default)]
    fields: Vec<Field>,
    /// Its place counts where none is given, as `scale-info` before 1.0 does.
    #[serde(default, alias = "discriminant")]
    index: Option<u8>,
}

fn variants<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Variant>, D::Error> {
    let numbered = |(place, RawVariant { name, fields, index }): (usize, RawVariant)| {
        let index = index.or_else(|| u8::try_from(place).ok());
        let index = index.ok_or_else(|| serde::de::Error::custom(format!("variant {name} can have no number")))?;
        Ok(Variant { name, fields, index })
    };
    Vec::<RawVariant>::deserialize(deserializer)?.into_iter().enumerate().map(numbered).collect()
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Field {
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(rename = "type")]
    pub(crate) ty: TypeId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Of {
    #[serde(rename = "type")]
    pub(crate) ty: TypeId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Array {
    pub(crate) len: u32,
    #[serde(rename = "type")]
    pub(crate) ty: TypeId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Primitive {
    Bool,
    Char,
    Str,
    U8,
    U16,
    U32,
    U64,
    U128,
    U256,
    I8,
    I16,
    I32,
    I64,
    I128,
    I256,
}

impl Primitive {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Char => "char",
            Self::Str => "String",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::U128 => "u128",
            Self::U256 => "u256",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::I128 => "i128",
            Self::I256 => "i256",
        }
    }
}

#[derive(Deserialize)]
struct Numbered {
    id: TypeId,
    #[serde(rename = "type")]
    ty: Type,
}

impl<'de> Deserialize<'de> for Registry {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let listed: Vec<Value> = Vec::deserialize(deserializer)?;
        let types = match listed.first() {
            Some(first) if first.get("def").is_some() => counted_from_1(listed),
            Some(_) | None => counted_from_0(listed),
        };
        types.map(Self).map_err(serde::de::Error::custom)
    }
}

fn counted_from_0(listed: Vec<Value>) -> Result<Vec<Type>, String> {
    let ty = |(index, ty): (usize, Value)| {
        let Numbered { id, ty } = Numbered::deserialize(ty).map_err(|error| error.to_string())?;
        if usize::try_from(id) == Ok(index) { Ok(ty) } else { Err(format!("type {id} stands in place {index}")) }
    };
    listed.into_iter().enumerate().map(ty).collect()
}

fn counted_from_1(listed: Vec<Value>) -> Result<Vec<Type>, String> {
    // Nothing names type 0.
    let nothing = Type { path: Vec::new(), params: Vec::new(), def: Def::Tuple(Vec::new()) };
    let types = listed.into_iter().map(|ty| Type::deserialize(ty).map_err(|error| error.to_string()));
    std::iter::once(Ok(nothing)).chain(types).collect()
}

impl Registry {
    pub(crate) fn get(&self, id: TypeId) -> Option<&Type> {
        self.0.get(usize::try_from(id).ok()?)
    }

    /// Whether the type is a byte.
    pub(crate) fn is_byte(&self, id: TypeId) -> bool {
        self.get(id).is_some_and(|ty| ty.def == Def::Primitive(Primitive::U8))
    }

    /// What stands in an `Option`'s brackets; none where the type is no option.
    pub(crate) fn optional(&self, id: TypeId) -> Option<TypeId> {
        let ty = self.get(id)?;
        match (&ty.path[..], &ty.def) {
            ([name], Def::Variant(variants)) if name == "Option" => match &variants.variants[..] {
                [none, some] if none.fields.is_empty() && (none.index, some.index) == (0, 1) => match some.fields[..] {
                    [Field { ty, .. }] => Some(ty),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// Both types of a `Result`; none where the type is no result.
    pub(crate) fn result(&self, id: TypeId) -> Option<(TypeId, TypeId)> {
        let ty = self.get(id)?;
        match (&ty.path[..], &ty.def) {
            ([name], Def::Variant(variants)) if name == "Result" => match &variants.variants[..] {
                [Variant { index: 0, fields: ok, .. }, Variant { index: 1, fields: err, .. }] => {
                    match (&ok[..], &err[..]) {
                        ([ok], [err]) => Some((ok.ty, err.ty)),
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        }
    }
}
