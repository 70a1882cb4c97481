//! A Phat Contract that reads the storage of a Substrate chain, at a finalised block, and answers
//! `abi.encode(uint256 blockNumber, bytes32 blockHash, bool exists, bytes value)`.
//!
//! The init data names the chain's endpoints, how many of them must agree, and what is read ([`Config`]); a request's
//! payload fills in the parts of the storage key that the init data leaves open.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod config;
mod error;
mod key;
mod value;

pub use config::{Config, Fault, MAX_CONFIG};
pub use error::SubstrateReadError;
pub use key::{Hasher, Key, PayloadError, ValueType};
pub use value::{Decode, TooShort};

use alloc::{format, string::String, vec::Vec};
use phat_sdk::{
    Host, Level, OracleRequest, PhatContract,
    abi::{self, Token},
    answer::{hex_bytes, hex_text},
    chain::{self, Agreed, Answers, Block, ChainError, EndpointError, Reading, Reply},
    json::Object,
};

/// The contract.
#[derive(Clone, Debug)]
pub struct SubstrateRead {
    config: Config,
}

impl PhatContract for SubstrateRead {
    /// A [`Config`] as JSON text.
    type Init = Vec<u8>;
    type Error = SubstrateReadError;

    fn new(json: Vec<u8>) -> Result<Self, SubstrateReadError> {
        Config::parse(&json).map(|config| Self { config }).map_err(SubstrateReadError::Config)
    }

    fn handle_request(&self, host: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, SubstrateReadError> {
        let answer = self.answer(host, &request.payload);
        if let Err(error) = &answer {
            host.log(Level::Warn, &format!("{error}"));
        }
        answer
    }
}

impl SubstrateRead {
    fn answer(&self, host: &mut dyn Host, payload: &[u8]) -> Result<Vec<u8>, SubstrateReadError> {
        let key = self.config.key.fill(payload)?;
        let mut reading = Reading::new(host, &self.config.quorum);
        let heads = heads(&mut reading);
        let Agreed { value: Block { number, hash }, by } = reading.final_block(&heads, hash_at)?;
        let stored = stored(&mut reading, &by, &key, &hash)?;
        let exists = stored.is_some();
        let value = match (stored, &self.config.decode) {
            (Some(stored), Some(decode)) => abi::encode(&[Token::from(decode.integer(&stored)?)]),
            (Some(stored), None) => stored,
            (None, _) => Vec::new(),
        };
        let answer = [Token::from(number), Token::Word(hash), Token::from(exists), Token::Dynamic(value)];
        Ok(abi::encode(&answer))
    }
}

/// The last finalised block of each endpoint.
fn heads(reading: &mut Reading<'_>) -> Answers<Block> {
    let everyone = reading.everyone();
    let hashes = reading.ask(&everyone, "chain_getFinalizedHead", |_| "[]".into(), hash);
    let whom: Vec<usize> = hashes.iter().map(|(place, _)| *place).collect();
    let of =
        |wanted: usize| hashes.iter().find(|(place, _)| *place == wanted).map(|(_, hash)| *hash).unwrap_or_default();
    let params = |place| format!(r#"["{}"]"#, hex_text(&of(place)));
    let numbers = reading.ask(&whom, "chain_getHeader", params, number);
    numbers.into_iter().map(|(place, number)| (place, Block { number, hash: of(place) })).collect()
}

fn hash_at(reading: &mut Reading<'_>, whom: &[usize], number: u64) -> Answers<[u8; 32]> {
    reading.ask(whom, "chain_getBlockHash", |_| format!("[{number}]"), hash)
}

/// The bytes under a key at this block; none where nothing is stored there.
fn stored(
    reading: &mut Reading<'_>,
    whom: &[usize],
    key: &[u8],
    hash: &[u8; 32],
) -> Result<Option<Vec<u8>>, ChainError> {
    let params = format!(r#"["{}","{}"]"#, hex_text(key), hex_text(hash));
    let answers = reading.ask(whom, "state_getStorage", |_| params.clone(), bytes);
    Ok(reading.agree("what is stored", answers)?.value)
}

fn hash(reply: Reply<'_>) -> Result<[u8; 32], EndpointError> {
    let raw = known(reply)?;
    chain::hash(&raw.text("hash")?).ok_or(EndpointError::Unreadable("hash"))
}

/// The number in a header.
fn number(reply: Reply<'_>) -> Result<u64, EndpointError> {
    const NO_HEADER: EndpointError = EndpointError::Unreadable("header");
    let Object(members) = Object::read(known(reply)?.result()?.get()).map_err(|_| NO_HEADER)?;
    let (_, number) = members.iter().find(|(name, _)| name == "number").ok_or(NO_HEADER)?;
    chain::quantity(&Reply::Result(number).text("header")?).ok_or(NO_HEADER)
}

/// A reply whose result isn't `null`, which stands for a block that the endpoint doesn't have.
fn known(reply: Reply<'_>) -> Result<Reply<'_>, EndpointError> {
    if reply.result()?.get() == "null" { Err(EndpointError::UnknownBlock) } else { Ok(reply) }
}

fn bytes(reply: Reply<'_>) -> Result<Option<Vec<u8>>, EndpointError> {
    const NO_BYTES: EndpointError = EndpointError::Unreadable("bytes");
    if reply.result()?.get() == "null" {
        return Ok(None);
    }
    let text: String = reply.text("bytes")?;
    hex_bytes(&text).map(Some).ok_or(NO_BYTES)
}

phat_sdk::contract!(SubstrateRead, output = "(uint256,bytes32,bool,bytes)");

#[cfg(test)]
mod tests;
