use crate::{AnswerType, Origin, OriginError, Template, TemplateError};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use phat_sdk::json::{Malformed, Object, Pointer, PointerError, Value};
use phat_sdk::serde_json::value::RawValue;

/// The longest init data, in bytes of JSON.
pub const MAX_CONFIG: usize = 16 * 1024;
/// The most decimals: 10^77 is the greatest power of ten in a uint256.
const MAX_DECIMALS: u8 = 77;
const FIELDS: &[&str] = &["origin", "path", "pointer", "type", "decimals", "headers"];

/// What the init data says.
///
/// | field | |
/// | --- | --- |
/// | `origin` | scheme, host and perhaps port of the source |
/// | `path` | path and query, with placeholders ([`Template`]) |
/// | `pointer` | JSON pointer (RFC 6901) to the value |
/// | `type` | `uint256`, `int256`, `bool`, `bytes32`, `address`, `bytes` or `string` ([`AnswerType`]) |
/// | `decimals` | of `uint256` and `int256` alone: 0 to 77, 0 when left out |
/// | `headers` | optional: an object of fixed headers; not secret |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) origin: Origin,
    pub(crate) template: Template,
    pub(crate) pointer: Pointer,
    pub(crate) answer_type: AnswerType,
    pub(crate) headers: Vec<(String, String)>,
}

/// One thing that is wrong with the init data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// It is longer than [`MAX_CONFIG`].
    #[error("the init data is longer than {MAX_CONFIG} bytes")]
    TooLong,
    /// It is no JSON object in UTF-8, or names something twice.
    #[error("not a JSON object: {0}")]
    NotAnObject(Malformed),
    /// A field that doesn't exist.
    #[error("{0}: unknown field (there are: origin, path, pointer, type, decimals, headers)")]
    UnknownField(String),
    /// A field that must be there.
    #[error("{0}: missing")]
    Missing(&'static str),
    /// A field of another kind.
    #[error("{field}: must be {expected}")]
    WrongKind {
        /// Its name.
        field: &'static str,
        /// What it should be, in words.
        expected: &'static str,
    },
    /// `origin` is none.
    #[error("origin: {0}")]
    Origin(#[from] OriginError),
    /// `path` is no template.
    #[error("path: {0}")]
    Path(TemplateError),
    /// `pointer` is none.
    #[error("pointer: {0}")]
    Pointer(#[from] PointerError),
    /// `type` is none of ours.
    #[error("type: {0:?} is none of uint256, int256, bool, bytes32, address, bytes, string")]
    UnknownType(String),
    /// `decimals` beside a type that has none.
    #[error("decimals: only uint256 and int256 have decimals")]
    NoDecimals,
    /// `headers` has one that HTTP doesn't allow, or that the host sets itself.
    #[error("headers: {0:?} can't be sent")]
    Header(String),
}

impl Config {
    /// Reads init data: UTF-8 JSON.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<Mistake>> {
        if json.len() > MAX_CONFIG {
            return Err([Mistake::TooLong].into());
        }
        let not_an_object = |error| Vec::from([Mistake::NotAnObject(error)]);
        let text = core::str::from_utf8(json).map_err(|error| not_an_object(Malformed(error.to_string())))?;
        let object = Object::read(text).map_err(not_an_object)?;
        let mut fields = Fields { object, mistakes: Vec::new() };

        let origin = fields.required("origin").and_then(|text| fields.check(text.parse()));
        let template = fields.required("path").and_then(|text| fields.template(&text));
        let pointer = fields.required("pointer").and_then(|text| fields.check(text.parse()));
        let answer_type = fields.answer_type();
        let headers = fields.headers();
        fields.unknown();
        match (origin, template, pointer, answer_type) {
            (Some(origin), Some(template), Some(pointer), Some(answer_type)) if fields.mistakes.is_empty() => {
                Ok(Self { origin, template, pointer, answer_type, headers })
            }
            _ => Err(fields.mistakes),
        }
    }
}

/// The members of the init data, and the mistakes found so far.
struct Fields<'j> {
    object: Object<'j>,
    mistakes: Vec<Mistake>,
}

impl<'j> Fields<'j> {
    fn get(&self, field: &str) -> Option<&'j RawValue> {
        self.object.0.iter().find(|(name, _)| name == field).map(|(_, raw)| *raw)
    }

    fn check<T, E: Into<Mistake>>(&mut self, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.mistakes.push(error.into())).ok()
    }

    /// The text of a field that must be there.
    fn required(&mut self, field: &'static str) -> Option<String> {
        let read = self.get(field).map(Value::read);
        self.check(match read {
            None => Err(Mistake::Missing(field)),
            Some(Ok(Value::String(text))) => Ok(text),
            Some(_) => Err(Mistake::WrongKind { field, expected: "a string" }),
        })
    }

    fn template(&mut self, text: &str) -> Option<Template> {
        Template::parse(text).map_err(|errors| self.mistakes.extend(errors.into_iter().map(Mistake::Path))).ok()
    }

    fn answer_type(&mut self) -> Option<AnswerType> {
        let decimals = self.decimals();
        let name = self.required("type")?;
        let scale = decimals.unwrap_or(0);
        let answer_type = match name.as_str() {
            "uint256" => return Some(AnswerType::Uint256 { decimals: scale }),
            "int256" => return Some(AnswerType::Int256 { decimals: scale }),
            "bool" => AnswerType::Bool,
            "bytes32" => AnswerType::Bytes32,
            "address" => AnswerType::Address,
            "bytes" => AnswerType::Bytes,
            "string" => AnswerType::String,
            _ => return self.check(Err(Mistake::UnknownType(name))),
        };
        self.check(if decimals.is_none() { Ok(answer_type) } else { Err(Mistake::NoDecimals) })
    }

    fn decimals(&mut self) -> Option<u8> {
        let raw = self.get("decimals")?;
        let number = raw.get().parse().ok().filter(|number| *number <= MAX_DECIMALS);
        self.check(number.ok_or(Mistake::WrongKind { field: "decimals", expected: "a number from 0 to 77" }))
    }

    fn headers(&mut self) -> Vec<(String, String)> {
        let Some(raw) = self.get("headers") else { return Vec::new() };
        let expected = || Mistake::WrongKind { field: "headers", expected: "an object of strings" };
        let Some(Object(members)) = self.check(Object::read(raw.get()).map_err(|_| expected())) else {
            return Vec::new();
        };
        let mut headers = Vec::new();
        for (name, raw) in members {
            match Value::read(raw) {
                Ok(Value::String(value)) if is_header(&name, &value) => headers.push((name, value)),
                Ok(Value::String(_)) => self.mistakes.push(Mistake::Header(name)),
                _ => self.mistakes.push(expected()),
            }
        }
        headers
    }

    fn unknown(&mut self) {
        let unknown = self.object.0.iter().filter(|(name, _)| !FIELDS.contains(&name.as_str()));
        self.mistakes.extend(unknown.map(|(name, _)| Mistake::UnknownField(name.clone())));
    }
}

/// A name that is a token (RFC 9110, section 5.6.2) and not one of the connection's own, and a value
/// of visible ASCII and single-line spaces.
fn is_header(name: &str, value: &str) -> bool {
    const CONNECTION: &[&str] =
        &["host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive"];
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let visible = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    !name.is_empty()
        && name.bytes().all(token)
        && value.bytes().all(visible)
        && !CONNECTION.iter().any(|own| name.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests;
