//! A Phat Contract that answers with the median of what several sources say a price is.
//!
//! It asks all sources at once, does without those that fail, drops prices that are too far from the median of all,
//! and answers with the median of the rest as `abi.encode(uint256 price)`, or `int256`. The init data ([`Config`])
//! says who the sources are and what makes an answer ([`Rule`]); a request's payload fills in the placeholders of the
//! sources' URLs and pointers ([`Parameters`]).
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod config;
mod error;
mod median;
mod source;

pub use config::{Config, Fault, MAX_CONFIG, MAX_SOURCES};
pub use error::PriceMedianError;
pub use median::{BASIS_POINTS, Rule, Verdict};
pub use source::{Source, SourceError};

use alloc::{format, string::String, vec::Vec};
use phat_sdk::{
    Host, Level, MAX_BATCH, OracleRequest, PhatContract,
    abi::{self, Token},
    source::{Parameters, TemplateError},
};
use source::Fetch;

/// The longest responses (status, headers and body) of the sources of one batch together, in bytes.
pub const MAX_RESPONSES: usize = 256 * 1024;

/// The contract.
#[derive(Clone, Debug)]
pub struct PriceMedian {
    config: Config,
}

impl PhatContract for PriceMedian {
    /// A [`Config`] as JSON text.
    type Init = Vec<u8>;
    type Error = PriceMedianError;

    fn new(json: Vec<u8>) -> Result<Self, PriceMedianError> {
        Config::parse(&json).map(|config| Self { config }).map_err(PriceMedianError::Config)
    }

    fn handle_request(&self, host: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, PriceMedianError> {
        let answer = self.answer(host, &request.payload);
        match &answer {
            Ok(price) => host.log(Level::Info, &format!("answer: {price}")),
            Err(error) => host.log(Level::Warn, &format!("{error}")),
        }
        answer.map(|price| abi::encode(&[Token::from(price)]))
    }
}

impl PriceMedian {
    fn answer(&self, host: &mut dyn Host, payload: &[u8]) -> Result<i128, PriceMedianError> {
        let parameters = Parameters::parse(payload)?;
        let fetches = self.fetches(&parameters)?;
        let mut prices = Vec::new();
        let mut failures = Vec::new();
        for (source, result) in self.config.sources.iter().zip(self.fetched(host, &fetches)) {
            match result {
                Ok(price) => prices.push((source.name.clone(), price)),
                Err(error) => failures.push((source.name.clone(), error)),
            }
        }
        for (name, price) in &prices {
            host.log(Level::Info, &format!("{name}: {price}"));
        }
        for (name, error) in &failures {
            host.log(Level::Warn, &format!("{name}: {}", in_full(error)));
        }
        self.judge(host, prices, failures)
    }

    /// What to fetch from each source.
    fn fetches(&self, parameters: &Parameters) -> Result<Vec<Fetch>, TemplateError> {
        // All sources have the same placeholders.
        if let Some(source) = self.config.sources.first() {
            parameters.known(source.placeholders())?;
        }
        self.config.sources.iter().map(|source| source.fetch(parameters)).collect()
    }

    /// The price of each source, or why there is none.
    fn fetched(&self, host: &mut dyn Host, fetches: &[Fetch]) -> Vec<Result<i128, SourceError>> {
        let mut prices = Vec::with_capacity(fetches.len());
        for batch in fetches.chunks(MAX_BATCH) {
            let requests: Vec<_> = batch.iter().map(|fetch| fetch.request.clone()).collect();
            let results = host.http_batch(&requests, self.config.timeout_ms, MAX_RESPONSES);
            prices.extend(batch.iter().zip(results).map(|(fetch, result)| fetch.price(result, self.config.scale)));
        }
        prices
    }

    fn judge(
        &self,
        host: &mut dyn Host,
        prices: Vec<(String, i128)>,
        failures: Vec<(String, SourceError)>,
    ) -> Result<i128, PriceMedianError> {
        let rule = self.config.rule;
        let values: Vec<i128> = prices.iter().map(|(_, price)| *price).collect();
        let verdict = rule.judge(&values).filter(|_| values.len() >= rule.minimum);
        let Some(verdict) = verdict else {
            let (usable, sources) = (values.len(), self.config.sources.len());
            return Err(PriceMedianError::TooFewPrices { usable, sources, rule, failures });
        };
        for ((name, price), near) in prices.iter().zip(&verdict.near) {
            if !near {
                host.log(Level::Warn, &format!("{name}: {price} is too far from the median {}", verdict.of_all));
            }
        }
        let near = verdict.near.iter().filter(|near| **near).count();
        verdict.answer.ok_or(PriceMedianError::Disagreement { near, of_all: verdict.of_all, rule, prices })
    }
}

/// With what is too long for a consumer.
fn in_full(error: &SourceError) -> String {
    match error {
        SourceError::NotJson(malformed) => format!("{error}: {malformed}"),
        SourceError::NoResponse(_)
        | SourceError::Status(_)
        | SourceError::Missing
        | SourceError::NotANumber(_)
        | SourceError::OutOfRange
        | SourceError::NotPositive => format!("{error}"),
    }
}

phat_sdk::contract!(PriceMedian, output = init("/type"), decimals = init("/decimals"));

#[cfg(test)]
mod tests;
