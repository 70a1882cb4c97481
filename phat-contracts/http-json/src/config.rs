use alloc::vec::Vec;
use phat_sdk::{
    answer::AnswerType,
    config::{Fields, Mistake},
    json::Pointer,
    source::{Headers, Origin, Template},
};

/// The longest init data, in bytes of JSON.
pub const MAX_CONFIG: usize = 16 * 1024;
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

impl Config {
    /// Reads init data: UTF-8 JSON.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<Mistake>> {
        let mut fields = Fields::read(json, MAX_CONFIG)?;
        let origin = fields.origin("origin");
        let template = fields.template("path", Template::parse);
        let pointer = fields.pointer("pointer");
        let answer_type = AnswerType::read(&mut fields);
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

#[cfg(test)]
mod tests;
