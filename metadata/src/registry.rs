//! The types of a contract, as `scale-info` 2 writes them to JSON.

use serde::Deserialize;

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
pub(crate) struct Param {
    #[serde(default, rename = "type")]
    pub(crate) ty: Option<TypeId>,
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
    #[serde(default)]
    pub(crate) variants: Vec<Variant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Variant {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) fields: Vec<Field>,
    pub(crate) index: u8,
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
        let numbered: Vec<Numbered> = Vec::deserialize(deserializer)?;
        for (index, numbered) in numbered.iter().enumerate() {
            if usize::try_from(numbered.id) != Ok(index) {
                return Err(serde::de::Error::custom(format!("type {} stands in place {index}", numbered.id)));
            }
        }
        Ok(Self(numbered.into_iter().map(|numbered| numbered.ty).collect()))
    }
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
