use alloc::{string::String, vec::Vec};
use phat_sdk::{
    answer::AnswerType,
    config::{Fault, Fields, Mistake},
    json::Pointer,
    source::{Headers, JsonTemplate, Origin, Template},
};

/// The longest init data, in bytes of JSON.
pub const MAX_CONFIG: usize = 32 * 1024;
const FIELDS: &[&str] =
    &["origin", "path", "query", "operation", "variables", "pointer", "type", "decimals", "headers"];

/// What the init data says.
///
/// | field | |
/// | --- | --- |
/// | `origin` | scheme, host and perhaps port of the endpoint |
/// | `path` | path and query of its URL, with placeholders ([`Template`]) |
/// | `query` | the GraphQL document; it has no placeholders |
/// | `operation` | optional: which of several operations of the document is run |
/// | `variables` | optional: a JSON object, with placeholders ([`JsonTemplate`]) |
/// | `pointer` | JSON pointer (RFC 6901) to the value within the response: `/data/…` |
/// | `type`, `decimals` | what the consumer decodes ([`AnswerType`]) |
/// | `headers` | optional: an object of fixed headers; not secret |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) origin: Origin,
    pub(crate) path: Template,
    pub(crate) query: String,
    pub(crate) operation: Option<String>,
    pub(crate) variables: Option<JsonTemplate>,
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
        let path = fields.template("path", Template::parse);
        let query = fields.string("query");
        let operation = fields.get("operation").and_then(|_| fields.string("operation"));
        let variables = variables(&mut fields);
        let pointer = fields.pointer("pointer");
        let answer_type = AnswerType::read(&mut fields);
        let headers = fields.headers("headers");
        let mistakes = fields.finish(FIELDS);
        match (origin, path, query, pointer, answer_type) {
            (Some(origin), Some(path), Some(query), Some(pointer), Some(answer_type)) if mistakes.is_empty() => {
                Ok(Self { origin, path, query, operation, variables, pointer, answer_type, headers })
            }
            _ => Err(mistakes),
        }
    }
}

fn variables(fields: &mut Fields<'_, Fault>) -> Option<JsonTemplate> {
    let raw = fields.get("variables")?;
    if !raw.get().starts_with('{') {
        fields.mistake("variables", Fault::WrongKind("an object"));
        return None;
    }
    fields.check("variables", JsonTemplate::parse(raw).map_err(Fault::Template))
}

#[cfg(test)]
mod tests;
