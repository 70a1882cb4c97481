//! A Phat Contract that answers with one value of a JSON document read over HTTP.
//!
//! The init data says where the document is and which value of it is asked for; a request's payload
//! fills in the placeholders of the URL. See [`Config`] for the one and [`Parameters`] for the other.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod config;
mod error;

pub use config::{Config, MAX_CONFIG};
pub use error::HttpJsonError;

use alloc::vec::Vec;
use phat_sdk::{
    Host, HttpRequest, Level, OracleRequest, PhatContract,
    source::{Parameters, ReadError},
};

/// The longest response (status, headers and body), in bytes.
pub const MAX_RESPONSE: usize = 256 * 1024;

/// The contract.
#[derive(Clone, Debug)]
pub struct HttpJson {
    config: Config,
}

impl PhatContract for HttpJson {
    /// A [`Config`] as JSON text.
    type Init = Vec<u8>;
    type Error = HttpJsonError;

    fn new(json: Vec<u8>) -> Result<Self, HttpJsonError> {
        Config::parse(&json).map(|config| Self { config }).map_err(HttpJsonError::Config)
    }

    fn handle_request(&self, host: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, HttpJsonError> {
        let answer = self.answer(host, &request.payload);
        if let Err(error) = &answer {
            host.log(Level::Warn, &alloc::format!("{error}"));
        }
        answer.map_err(HttpJsonError::Read)
    }
}

impl HttpJson {
    fn answer(&self, host: &mut dyn Host, payload: &[u8]) -> Result<Vec<u8>, ReadError> {
        let parameters = Parameters::parse(payload)?;
        let url = self.config.template.fill(&self.config.origin, &parameters)?;
        let mut http = HttpRequest::get(&url);
        http.headers.clone_from(&self.config.headers.0);
        let document = host.http(&http, MAX_RESPONSE).into_text()?;
        let value = self.config.pointer.find(&document)?.ok_or(ReadError::Missing)?;
        Ok(self.config.answer_type.encode(value)?)
    }
}

phat_sdk::contract!(HttpJson, output = init("/type"), decimals = init("/decimals"));

#[cfg(test)]
mod tests;
