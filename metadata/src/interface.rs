//! What a contract's metadata says of it.

use crate::registry::{Registry, TypeId};
use serde::Deserialize;
use serde_json::Value;

/// What a contract can be told and asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    constructors: Vec<Entry>,
    messages: Vec<Entry>,
    docs: Vec<String>,
    /// What a contract of ink! 4 and later answers in place of a result, when it can't be called so.
    pub(crate) lang_error: Option<TypeId>,
    pub(crate) registry: Registry,
}

/// A constructor or a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name; a trait's message has the trait's in front: `Trait::message`.
    pub name: String,
    /// The first four bytes of its input.
    pub selector: [u8; 4],
    /// What follows them.
    pub arguments: Vec<Argument>,
    /// Whether it writes, or may.
    pub mutates: bool,
    /// Whether it takes money, of which there is none here.
    pub payable: bool,
    /// What its author says of it, by line.
    pub docs: Vec<String>,
    pub(crate) returns: Option<TypeId>,
}

/// An argument of a constructor or message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    pub(crate) ty: TypeId,
}

/// Why metadata can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// It is of a version that this doesn't know.
    #[error("it is not metadata of ink! 3, 4 or 5{}", version.as_ref().map(|version| format!(", but of version {version}")).unwrap_or_default())]
    Version {
        /// The version that it names.
        version: Option<String>,
    },
    /// It is not what its version says.
    #[error("{0}")]
    Malformed(String),
    /// A selector is no four bytes.
    #[error("the selector of {name} is not four bytes in hexadecimal")]
    Selector {
        /// Whose selector.
        name: String,
    },
    /// A type is named that isn't there.
    #[error("{name} names type {id}, which is not there")]
    Type {
        /// Who names it.
        name: String,
        /// Its number.
        id: u32,
    },
}

/// There is no constructor or message of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {kind} {name}{}; there is {}", similar.as_ref().map(|name| format!(" (did you mean {name}?)")).unwrap_or_default(), known.join(", "))]
pub struct UnknownEntry {
    kind: &'static str,
    name: String,
    similar: Option<String>,
    known: Vec<String>,
}

/// What of the metadata is read.
#[derive(Deserialize)]
struct Project {
    spec: Spec,
    types: Registry,
}

#[derive(Deserialize)]
struct Spec {
    constructors: Vec<RawEntry>,
    messages: Vec<RawEntry>,
    #[serde(default)]
    docs: Vec<String>,
    #[serde(default)]
    lang_error: Option<RawType>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEntry {
    #[serde(alias = "name")]
    label: Label,
    selector: String,
    #[serde(default)]
    args: Vec<RawArgument>,
    #[serde(default)]
    return_type: Option<RawType>,
    // Constructors don't say it.
    #[serde(default)]
    mutates: bool,
    #[serde(default)]
    payable: bool,
    #[serde(default)]
    docs: Vec<String>,
}

/// A name, which release candidates of ink! 3 write in parts: a trait's and its message's.
#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Whole(String),
    Parts(Vec<String>),
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        match label {
            Label::Whole(name) => name,
            Label::Parts(parts) => parts.join("::"),
        }
    }
}

#[derive(Deserialize)]
struct RawArgument {
    #[serde(alias = "name")]
    label: String,
    #[serde(rename = "type")]
    ty: RawType,
}

#[derive(Deserialize)]
struct RawType {
    #[serde(rename = "type")]
    id: TypeId,
}

impl Interface {
    /// Reads the metadata of a contract, which may be a whole bundle.
    ///
    /// # Errors
    /// When it is of another version than 3, 4 and 5, or contradicts itself.
    pub fn read(metadata: &Value) -> Result<Self, MetadataError> {
        let version = match &metadata["version"] {
            Value::String(version) => Some(version.clone()),
            Value::Number(version) => Some(version.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let of_ink_3 = || ["V3", "V2", "V1"].iter().find_map(|key| metadata.get(key));
        let project = match (version.as_deref(), of_ink_3()) {
            (Some("4" | "5"), _) => metadata,
            (None, Some(project)) => project,
            // Release candidates of ink! 3 don't name the version of what they write.
            (None, None) if metadata["metadataVersion"] == "0.1.0" => metadata,
            _ => return Err(MetadataError::Version { version }),
        };
        let Project { spec, types } =
            Project::deserialize(project).map_err(|error| MetadataError::Malformed(error.to_string()))?;
        let registry = types;
        let entries = |raw: Vec<RawEntry>| raw.into_iter().map(|raw| entry(raw, &registry)).collect::<Result<_, _>>();
        let (constructors, messages) = (entries(spec.constructors)?, entries(spec.messages)?);
        let lang_error = spec.lang_error.map(|ty| ty.id);
        Ok(Self { constructors, messages, docs: lines(spec.docs), lang_error, registry })
    }

    /// What a contract is made by.
    #[must_use]
    pub fn constructors(&self) -> &[Entry] {
        &self.constructors
    }

    /// What a contract can be asked.
    #[must_use]
    pub fn messages(&self) -> &[Entry] {
        &self.messages
    }

    /// What its author says of it, by line.
    #[must_use]
    pub fn docs(&self) -> &[String] {
        &self.docs
    }

    /// The constructor of that name.
    ///
    /// # Errors
    /// Which there are, when there is none of that name.
    pub fn constructor(&self, name: &str) -> Result<&Entry, UnknownEntry> {
        find(&self.constructors, "constructor", name)
    }

    /// The message of that name.
    ///
    /// # Errors
    /// Which there are, when there is none of that name.
    pub fn message(&self, name: &str) -> Result<&Entry, UnknownEntry> {
        find(&self.messages, "message", name)
    }

    /// What a message answers when nothing goes wrong between the caller and it: `T` of
    /// `Result<T, LangError>`, which ink! 4 and later put around every answer.
    pub(crate) fn answer_type(&self, returns: TypeId) -> TypeId {
        match self.registry.result(returns) {
            Some((answer, error)) if Some(error) == self.lang_error => answer,
            Some(_) | None => returns,
        }
    }
}

fn find<'a>(entries: &'a [Entry], kind: &'static str, name: &str) -> Result<&'a Entry, UnknownEntry> {
    entries.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let known: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        UnknownEntry { kind, name: name.to_owned(), similar: similar(name, known.iter()).cloned(), known }
    })
}

/// The name that is nearest to one that isn't there.
pub(crate) fn similar<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

fn entry(raw: RawEntry, registry: &Registry) -> Result<Entry, MetadataError> {
    let RawEntry { label, selector, args, return_type, mutates, payable, docs } = raw;
    let label = String::from(label);
    let mut bytes = [0; 4];
    let digits = selector.strip_prefix("0x").unwrap_or(&selector);
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| MetadataError::Selector { name: label.clone() })?;
    let known = |ty: RawType| match registry.get(ty.id) {
        Some(_) => Ok(ty.id),
        None => Err(MetadataError::Type { name: label.clone(), id: ty.id }),
    };
    let returns = return_type.map(known).transpose()?;
    let arguments = args.into_iter().map(|argument| Ok(Argument { name: argument.label, ty: known(argument.ty)? }));
    let arguments = arguments.collect::<Result<_, _>>()?;
    Ok(Entry { name: label, selector: bytes, arguments, mutates, payable, docs: lines(docs), returns })
}

/// What stands in documentation comments, without the space that they begin with.
fn lines(docs: Vec<String>) -> Vec<String> {
    docs.into_iter().map(|line| line.trim().to_owned()).collect()
}
