//! Answers what a symbol such as BTC costs: one value of a JSON API, as a uint256 of 8 decimals.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

use alloc::{format, string::String, vec::Vec};
use phat_sdk::{
    ContractError, Host, HttpRequest, Level, OracleRequest, PhatContract,
    answer::AnswerType,
    config::{Fields, Listed, Mistake},
    json::Pointer,
    source::{Origin, Parameters, ReadError, Template},
};

/// The longest init data, in bytes.
const MAX_INIT: usize = 4 * 1024;
/// The longest response (status, headers and body), in bytes.
const MAX_RESPONSE: usize = 64 * 1024;
/// What the consumer reads with `abi.decode(output, (uint256))`.
const PRICE: AnswerType = AnswerType::Uint256 { decimals: 8 };

/// The contract: where prices come from.
pub struct Contract {
    origin: Origin,
    path: Template,
    pointer: Pointer,
}

/// Why there is no contract, or no answer. The text and the code reach the consumer.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The init data has these mistakes; only `deploy` fails so.
    #[error("{}", Listed(.0))]
    Init(Vec<Mistake>),
    /// The payload is something else.
    #[error("the payload is no symbol such as BTC")]
    NoSymbol,
    /// The API gave no price.
    #[error("no price: {0}")]
    Source(ReadError),
}

impl ContractError for Error {
    fn code(&self) -> u8 {
        match self {
            Self::Init(_) => 0,
            Self::NoSymbol => 1,
            Self::Source(_) => 2,
        }
    }
}

impl PhatContract for Contract {
    /// JSON: `{"origin": "https://…", "path": "/…{symbol}…", "pointer": "/…"}`
    type Init = Vec<u8>;
    type Error = Error;

    fn new(json: Vec<u8>) -> Result<Self, Error> {
        let mut fields = Fields::read(&json, MAX_INIT).map_err(Error::Init)?;
        let origin = fields.origin("origin");
        let path = fields.template("path", Template::parse);
        let pointer = fields.pointer("pointer");
        let mistakes = fields.finish(&["origin", "path", "pointer"]);
        match (origin, path, pointer) {
            (Some(origin), Some(path), Some(pointer)) if mistakes.is_empty() => Ok(Self { origin, path, pointer }),
            _ => Err(Error::Init(mistakes)),
        }
    }

    fn handle_request(&self, host: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, Error> {
        let symbol = symbol(&request.payload).ok_or(Error::NoSymbol)?;
        let answer = self.price(host, symbol).map_err(Error::Source);
        if let Err(error) = &answer {
            host.log(Level::Warn, &format!("{symbol}: {error}"));
        }
        answer
    }
}

impl Contract {
    fn price(&self, host: &mut dyn Host, symbol: &str) -> Result<Vec<u8>, ReadError> {
        let parameters = Parameters(Vec::from([(String::from("symbol"), symbol.into())]));
        let url = self.path.fill(&self.origin, &parameters)?;
        let document = host.http(&HttpRequest::get(&url), MAX_RESPONSE).into_text()?;
        let price = self.pointer.find(&document)?.ok_or(ReadError::Missing)?;
        Ok(PRICE.encode(price)?)
    }
}

/// Who asks chooses the payload: nothing but what is meant goes into a URL.
fn symbol(payload: &[u8]) -> Option<&str> {
    let text = str::from_utf8(payload).ok()?;
    let is_symbol = (2..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_symbol.then_some(text)
}

phat_sdk::contract!(Contract, output = "uint256", decimals = 8);

#[cfg(test)]
mod tests;
