//! A Phat Contract that computes one number of the rows of CSV or JSON documents: how many there are, their sum, mean,
//! least, greatest, or a quantile; of all rows, or of those that conditions hold for.
//!
//! The init data says where the rows are and what is computed ([`Config`]); a request's payload fills in the
//! placeholders of URLs and conditions. Decimal numbers are exact: an answer is rounded once, toward zero.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod aggregate;
mod condition;
mod config;
mod csv;
mod error;
mod rows;

pub use aggregate::{Aggregate, AggregateError};
pub use condition::{Comparison, Condition, Operand};
pub use config::{Config, Fault, MAX_CONFIG, MAX_SOURCES, Source};
pub use csv::CsvError;
pub use error::ComputeError;
pub use rows::{Column, Format};

use aggregate::Total;
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use condition::Filled;
use phat_sdk::{
    Host, HttpRequest, Level, OracleRequest, PhatContract,
    abi::{self, Token},
    decimal::{Cut, DecimalError, parse_i128},
    source::{Parameters, ReadError},
};
use rows::Values;

/// The longest response (status, headers and body) of one source, in bytes.
pub const MAX_RESPONSE: usize = 1024 * 1024;
/// The most rows of all sources together, those that no condition holds for included.
pub const MAX_ROWS: u32 = 32_768;
/// How much of a wrong value an error shows, in characters.
const SHOWN: usize = 40;

/// The contract.
#[derive(Clone, Debug)]
pub struct Compute {
    config: Config,
}

impl PhatContract for Compute {
    /// A [`Config`] as JSON text.
    type Init = Vec<u8>;
    type Error = ComputeError;

    fn new(json: Vec<u8>) -> Result<Self, ComputeError> {
        Config::parse(&json).map(|config| Self { config }).map_err(ComputeError::Config)
    }

    fn handle_request(&self, host: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, ComputeError> {
        let answer = self.answer(host, &request.payload);
        if let Err(error) = &answer {
            host.log(Level::Warn, &format!("{error}"));
        }
        answer.map(|number| abi::encode(&[Token::from(number)]))
    }
}

impl Compute {
    fn answer(&self, host: &mut dyn Host, payload: &[u8]) -> Result<i128, ComputeError> {
        let Config { sources, conditions, places, first, .. } = &self.config;
        let parameters = Parameters::parse(payload).map_err(ReadError::from)?;
        let open = conditions.iter().filter_map(|condition| match &condition.value {
            Operand::Fixed(_) => None,
            Operand::Open(name) => Some(name.as_str()),
        });
        parameters.known(sources.iter().flat_map(|source| source.path.names()).chain(open))?;
        let conditions = conditions.iter().map(|condition| condition.fill(&parameters, *places));
        let conditions = conditions.collect::<Result<Vec<_>, _>>()?;
        let requests = sources.iter().map(|source| source.request(&parameters)).collect::<Result<Vec<_>, _>>()?;

        let mut tally = self.nothing();
        let mut failed = None;
        for (source, request) in sources.iter().zip(requests) {
            failed = match self.read(host, source, request, &conditions, &mut tally) {
                Ok(()) => None,
                Err(error) => Some(ComputeError::Source { name: source.name.clone(), error: error.into() }),
            };
            match &failed {
                None if *first => break,
                Some(error) if *first => {
                    host.log(Level::Warn, &format!("{error}"));
                    tally = self.nothing();
                }
                None => {}
                Some(_) => break,
            }
        }
        match failed {
            Some(error) => Err(error),
            None => self.finish(host, tally),
        }
    }

    const fn nothing(&self) -> Tally {
        Tally { total: Total::new(self.config.aggregate), rows: 0, skipped: 0 }
    }

    /// Adds a source's rows.
    fn read(
        &self,
        host: &mut dyn Host,
        source: &Source,
        mut request: HttpRequest,
        conditions: &[Filled<'_>],
        tally: &mut Tally,
    ) -> Result<(), ComputeError> {
        if let Some(signing) = &source.signing {
            signing.sign(host, &mut request)?;
        }
        let document = host.http(&request, MAX_RESPONSE).into_text().map_err(ReadError::from)?;
        let Config { format, column, conditions: of, .. } = &self.config;
        let columns: Vec<&Column> = of.iter().map(|condition| &condition.column).chain(column).collect();
        let mut row = 0;
        format.read(&document, &columns, &mut |values| {
            row += 1;
            self.take(tally, row, values, conditions)
        })
    }

    /// Takes one row, whose values are those of the conditions' columns, and then the number's.
    fn take(
        &self,
        tally: &mut Tally,
        row: u32,
        values: &Values<'_>,
        conditions: &[Filled<'_>],
    ) -> Result<(), ComputeError> {
        tally.rows += 1;
        if tally.rows > MAX_ROWS {
            return Err(ComputeError::TooManyRows(MAX_ROWS));
        }
        let places = self.config.places;
        let holds = |(condition, value): (&Filled<'_>, &Option<_>)| condition.holds(value.as_deref(), places);
        if !conditions.iter().zip(values).all(holds) {
            return Ok(());
        }
        let number = match &self.config.column {
            None => Ok(0),
            Some(_) => number(row, values.get(conditions.len()).and_then(|value| value.as_deref()), places),
        };
        match number {
            Ok(number) => Ok(tally.total.add(number)?),
            Err(ComputeError::NotANumber { .. }) if self.config.skip_invalid => {
                tally.skipped += 1;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn finish(&self, host: &mut dyn Host, tally: Tally) -> Result<i128, ComputeError> {
        let Tally { total, rows, skipped } = tally;
        host.log(Level::Info, &format!("{} of {rows} rows count; {skipped} have no number", total.rows()));
        let answer = total.finish(self.config.places, self.config.decimals)?;
        host.log(Level::Info, &format!("answer: {answer}"));
        if answer < 0 && !self.config.signed { Err(ComputeError::Negative) } else { Ok(answer) }
    }
}

impl Source {
    fn request(&self, parameters: &Parameters) -> Result<HttpRequest, ComputeError> {
        let mut request = HttpRequest::get(&self.path.fill(&self.origin, &parameters.only(self.path.names()))?);
        request.headers.clone_from(&self.headers.0);
        Ok(request)
    }
}

/// Rows so far.
#[derive(Debug)]
struct Tally {
    total: Total,
    rows: u32,
    /// Rows that conditions hold for and that have no number.
    skipped: u32,
}

/// A row's number, which counts 10^-`places`.
fn number(row: u32, found: Option<&str>, places: u8) -> Result<i128, ComputeError> {
    let shown = || found.map_or_else(|| "nothing".to_owned(), |text| text.chars().take(SHOWN).collect::<String>());
    let not_a_number = || ComputeError::NotANumber { row, found: shown() };
    let too_many = || ComputeError::TooManyDigits { row, found: shown() };
    let text = found.map(str::trim_ascii).ok_or_else(not_a_number)?;
    match parse_i128(text, places) {
        Ok(Cut { value, exact: true }) => Ok(value),
        Ok(Cut { exact: false, .. }) | Err(DecimalError::OutOfRange) => Err(too_many()),
        Err(DecimalError::NotANumber) => Err(not_a_number()),
    }
}

phat_sdk::contract!(Compute, output = init("/type"), decimals = init("/decimals"));

#[cfg(test)]
mod tests;
