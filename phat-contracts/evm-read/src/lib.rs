//! A Phat Contract that calls a contract on another EVM chain, at a finalised block, and answers with what it returned:
//! `abi.encode(uint256 blockNumber, bytes32 blockHash, bytes returned)`.
//!
//! The init data names the chain's endpoints, how many of them must agree, and what is called ([`Config`]); a request's
//! payload fills in the arguments that the init data leaves open.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod abi_type;
mod call;
mod config;
mod error;
mod revert;

pub use abi_type::SignatureError;
pub use call::{Call, MAX_CALLDATA, PayloadError};
pub use config::{Config, Fault, MAX_CONFIG};
pub use error::EvmReadError;

use alloc::{format, string::String, vec::Vec};
use call::Filled;
use phat_sdk::{
    Host, Level, OracleRequest, PhatContract,
    abi::{self, Token},
    answer::{hex_bytes, hex_text},
    chain::{self, Agreed, Answers, Block, EndpointError, Reading, Reply},
    json::Object,
};
use revert::reverted;

/// The contract.
#[derive(Clone, Debug)]
pub struct EvmRead {
    config: Config,
}

/// What a call did, as an endpoint tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    Returned(Vec<u8>),
    Reverted(Vec<u8>),
}

impl PhatContract for EvmRead {
    /// A [`Config`] as JSON text.
    type Init = Vec<u8>;
    type Error = EvmReadError;

    fn new(json: Vec<u8>) -> Result<Self, EvmReadError> {
        Config::parse(&json).map(|config| Self { config }).map_err(EvmReadError::Config)
    }

    fn handle_request(&self, host: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, EvmReadError> {
        let answer = self.answer(host, &request.payload);
        if let Err(error) = &answer {
            host.log(Level::Warn, &format!("{error}"));
        }
        answer
    }
}

impl EvmRead {
    fn answer(&self, host: &mut dyn Host, payload: &[u8]) -> Result<Vec<u8>, EvmReadError> {
        let call = self.config.call.fill(payload)?;
        let mut reading = Reading::new(host, &self.config.quorum);
        let everyone = reading.everyone();
        let heads = reading.ask(&everyone, "eth_getBlockByNumber", |_| r#"["finalized",false]"#.into(), block);
        let Agreed { value: Block { number, hash }, by } = reading.final_block(&heads, hash_at)?;
        let params = params(&call, &hash);
        let answers = reading.ask(&by, "eth_call", |_| params.clone(), called);
        match reading.agree("what the call returns", answers)?.value {
            Called::Returned(bytes) if bytes.is_empty() => Err(EvmReadError::Nothing { number }),
            Called::Returned(bytes) => {
                Ok(abi::encode(&[Token::from(number), Token::Word(hash), Token::Dynamic(bytes)]))
            }
            Called::Reverted(data) => Err(EvmReadError::Reverted { number, reason: revert::reason(&data) }),
        }
    }
}

/// The call at exactly this block, which must be on the chain still (EIP-1898).
fn params(Filled { address, data }: &Filled, hash: &[u8; 32]) -> String {
    format!(
        r#"[{{"to":"{}","data":"{}"}},{{"blockHash":"{}","requireCanonical":true}}]"#,
        hex_text(address),
        hex_text(data),
        hex_text(hash)
    )
}

fn hash_at(reading: &mut Reading<'_>, whom: &[usize], number: u64) -> Answers<[u8; 32]> {
    let asked = reading.ask(whom, "eth_getBlockByNumber", |_| format!(r#"["{number:#x}",false]"#), block);
    asked.into_iter().filter(|(_, block)| block.number == number).map(|(place, block)| (place, block.hash)).collect()
}

/// Number and hash of a block.
fn block(reply: Reply<'_>) -> Result<Block, EndpointError> {
    const NO_BLOCK: EndpointError = EndpointError::Unreadable("block");
    let raw = reply.result()?;
    if raw.get() == "null" {
        return Err(EndpointError::UnknownBlock);
    }
    let Object(members) = Object::read(raw.get()).map_err(|_| NO_BLOCK)?;
    let text = |wanted: &str| {
        let (_, raw) = members.iter().find(|(name, _)| name == wanted)?;
        Reply::Result(raw).text("string").ok()
    };
    let number = text("number").and_then(|number| chain::quantity(&number)).ok_or(NO_BLOCK)?;
    let hash = text("hash").and_then(|hash| chain::hash(&hash)).ok_or(NO_BLOCK)?;
    Ok(Block { number, hash })
}

fn called(reply: Reply<'_>) -> Result<Called, EndpointError> {
    if let Some(data) = reverted(reply) {
        return Ok(Called::Reverted(data));
    }
    let bytes = hex_bytes(&reply.text("bytes")?).ok_or(EndpointError::Unreadable("bytes"))?;
    Ok(Called::Returned(bytes))
}

phat_sdk::contract!(EvmRead, output = "(uint256,bytes32,bytes)");

#[cfg(test)]
mod tests;
