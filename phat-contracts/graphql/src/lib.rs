//! A Phat Contract that answers with one value of a GraphQL query's result.
//!
//! The init data says which endpoint is asked, what the query is, and which value of its result is the answer
//! ([`Config`]); a request's payload fills in the query's variables, as JSON values, and the placeholders of the
//! endpoint's path ([`Parameters`]). The query itself never changes.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod config;
mod error;

pub use config::{Config, MAX_CONFIG};
pub use error::GraphqlError;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use phat_sdk::{
    Host, HttpRequest, Level, OracleRequest, PhatContract,
    json::{Object, Value},
    serde_json::{self, value::RawValue},
    source::{Parameters, ReadError, quoted},
};

/// The longest response (status, headers and body), in bytes.
pub const MAX_RESPONSE: usize = 256 * 1024;

/// The contract.
#[derive(Clone, Debug)]
pub struct Graphql {
    config: Config,
}

impl PhatContract for Graphql {
    /// A [`Config`] as JSON text.
    type Init = Vec<u8>;
    type Error = GraphqlError;

    fn new(json: Vec<u8>) -> Result<Self, GraphqlError> {
        Config::parse(&json).map(|config| Self { config }).map_err(GraphqlError::Config)
    }

    fn handle_request(&self, host: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, GraphqlError> {
        let answer = self.answer(host, &request.payload);
        if let Err(error) = &answer {
            host.log(Level::Warn, &format!("{error}"));
        }
        answer
    }
}

impl Graphql {
    fn answer(&self, host: &mut dyn Host, payload: &[u8]) -> Result<Vec<u8>, GraphqlError> {
        let request = self.request(&Parameters::parse(payload).map_err(ReadError::from)?)?;
        let response = host.http(&request, MAX_RESPONSE);
        let document = response.into_text().map_err(ReadError::from)?;
        if let Some(said) = first_error(&document).map_err(ReadError::from)? {
            return Err(GraphqlError::Query(said));
        }
        let value = self.config.pointer.find(&document).map_err(ReadError::from)?.ok_or(ReadError::Missing)?;
        Ok(self.config.answer_type.encode(value).map_err(ReadError::from)?)
    }

    fn request(&self, parameters: &Parameters) -> Result<HttpRequest, ReadError> {
        let Config { origin, path, query, operation, variables, headers, .. } = &self.config;
        parameters.known(path.names().chain(variables.iter().flat_map(|variables| variables.names())))?;
        let url = path.fill(origin, &parameters.only(path.names()))?;
        let mut body = format!(r#"{{"query":{}"#, quoted(query));
        if let Some(operation) = operation {
            body.push_str(&format!(r#","operationName":{}"#, quoted(operation)));
        }
        if let Some(variables) = variables {
            body.push_str(&format!(r#","variables":{}"#, variables.fill(parameters)?));
        }
        body.push('}');
        let mut request = HttpRequest::post_json(&url, body);
        request.headers.extend(headers.0.iter().cloned());
        if !headers.0.iter().any(|(name, _)| name.eq_ignore_ascii_case("accept")) {
            request = request.header("Accept", "application/graphql-response+json, application/json");
        }
        Ok(request)
    }
}

/// What the first of a response's errors says (GraphQL specification, section "Response Format"); none where there
/// are none. A result beside errors is incomplete, so it is no answer.
fn first_error(document: &str) -> Result<Option<String>, phat_sdk::json::Malformed> {
    let Object(members) = Object::read(document)?;
    let Some((_, errors)) = members.iter().find(|(name, _)| name == "errors") else { return Ok(None) };
    let Ok(errors) = serde_json::from_str::<Vec<&RawValue>>(errors.get()) else {
        return Ok((errors.get() != "null").then(|| "errors that are no list".to_string()));
    };
    let Some(first) = errors.first() else { return Ok(None) };
    let message = Object::read(first.get()).ok().and_then(|Object(members)| {
        let (_, message) = members.into_iter().find(|(name, _)| name == "message")?;
        match Value::read(message) {
            Ok(Value::String(message)) => Some(message),
            Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array | Value::Object) | Err(_) => None,
        }
    });
    Ok(Some(message.unwrap_or_else(|| "an error without a message".into())))
}

phat_sdk::contract!(Graphql, output = init("/type"), decimals = init("/decimals"));

#[cfg(test)]
mod tests;
