use crate::AnswerType;
use alloc::{string::String, vec::Vec};
use phat_sdk::{
    config::{self, Fields, Mistake},
    json::Pointer,
    source::{Headers, Origin, Template},
};

/// The longest init data, in bytes of JSON.
pub const MAX_CONFIG: usize = 16 * 1024;
/// The most decimals: 10^77 is the greatest power of ten in a uint256.
const MAX_DECIMALS: u64 = 77;
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
    pub(crate) headers: Headers,
}

/// What can be wrong with the init data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// What can be wrong with any.
    #[error("{0}")]
    Any(#[from] config::Fault),
    /// `type` is none of ours.
    #[error("{0:?} is none of uint256, int256, bool, bytes32, address, bytes, string")]
    UnknownType(String),
    /// `decimals` beside a type that has none.
    #[error("only uint256 and int256 have decimals")]
    NoDecimals,
}

impl Config {
    /// Reads init data: UTF-8 JSON.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<Mistake<Fault>>> {
        let mut fields = Fields::read(json, MAX_CONFIG)?;
        let origin = fields.origin("origin");
        let template = fields.template("path", Template::parse);
        let pointer = fields.pointer("pointer");
        let answer_type = answer_type(&mut fields);
        let headers = fields.headers("headers");
        let mistakes = fields.finish(FIELDS);
        match (origin, template, pointer, answer_type) {
            (Some(origin), Some(template), Some(pointer), Some(answer_type)) if mistakes.is_empty() => {
                Ok(Self { origin, template, pointer, answer_type, headers })
            }
            _ => Err(mistakes),
        }
    }
}

fn answer_type(fields: &mut Fields<'_, Fault>) -> Option<AnswerType> {
    let decimals = fields.number("decimals", 0..=MAX_DECIMALS, "a number from 0 to 77");
    let decimals = decimals.and_then(|decimals| u8::try_from(decimals).ok());
    let name = fields.string("type")?;
    let scale = decimals.unwrap_or(0);
    let answer_type = match name.as_str() {
        "uint256" => return Some(AnswerType::Uint256 { decimals: scale }),
        "int256" => return Some(AnswerType::Int256 { decimals: scale }),
        "bool" => AnswerType::Bool,
        "bytes32" => AnswerType::Bytes32,
        "address" => AnswerType::Address,
        "bytes" => AnswerType::Bytes,
        "string" => AnswerType::String,
        _ => return fields.check("type", Err(Fault::UnknownType(name))),
    };
    fields.check("decimals", if decimals.is_none() { Ok(answer_type) } else { Err(Fault::NoDecimals) })
}

#[cfg(test)]
mod tests;
