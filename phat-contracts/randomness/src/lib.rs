//! A Phat Contract that answers with a verifiable random value: the output of the worker's VRF for the request, with
//! its proof, which `PhatRandomness.sol` checks.
//!
//! The init data says which words are made of the value ([`Config`]). The payload is not read; it is part of the
//! request's id, and so of what the value follows from.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod config;
mod error;

pub use config::{Config, MAX_CONFIG, MAX_WORDS};
pub use error::RandomnessError;

use alloc::vec::Vec;
use phat_sdk::{
    Host, Level, OracleRequest, PhatContract,
    abi::{self, Token},
    randomness::random_word,
};

/// The contract.
#[derive(Clone, Debug)]
pub struct Randomness {
    config: Config,
}

impl PhatContract for Randomness {
    /// A [`Config`] as JSON text.
    type Init = Vec<u8>;
    type Error = RandomnessError;

    fn new(json: Vec<u8>) -> Result<Self, RandomnessError> {
        Config::parse(&json).map(|config| Self { config }).map_err(RandomnessError::Config)
    }

    fn handle_request(&self, host: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, RandomnessError> {
        let Some(vrf) = host.vrf() else {
            host.log(Level::Warn, "a random value is made for a request alone, never for a simulation");
            return Err(RandomnessError::NoRequest);
        };
        let words = (0..self.config.words).map(|index| Token::Word(self.config.fit(random_word(&vrf.output, index))));
        Ok(abi::encode(&[
            Token::Word(request.block_hash.0),
            Token::address(vrf.worker.0),
            Token::Dynamic(vrf.public_key.into()),
            Token::Dynamic(vrf.proof.into()),
            Token::Array(words.collect()),
        ]))
    }
}

phat_sdk::contract!(Randomness, output = "(bytes32,address,bytes,bytes,uint256[])");

#[cfg(test)]
mod tests;
