use crate::{Fault, Rule, SourceError};
use alloc::{string::String, vec::Vec};
use core::fmt;
use phat_sdk::{
    ContractError,
    config::{Listed, Mistake},
    source::{ParametersError, TemplateError},
};

/// Why there is no contract, or no answer. The number in front of each is [`ContractError::code`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceMedianError {
    /// 0: the init data has these mistakes; only `deploy` fails so.
    #[error("{}", Listed(.0))]
    Config(Vec<Mistake<Fault>>),
    /// 1: the payload is no object of parameters.
    #[error("payload: {0}")]
    Payload(#[from] ParametersError),
    /// 1: the parameters don't fit the placeholders.
    #[error("payload: {0}")]
    Template(#[from] TemplateError),
    /// 2: too few sources gave a price that can be used.
    #[error("{usable} of {sources} sources gave a price, {} needed: {}", .rule.minimum, Reasons(.failures))]
    TooFewPrices {
        /// How many did.
        usable: usize,
        /// How many there are.
        sources: usize,
        /// What asks for more.
        rule: Rule,
        /// The others' names, and why they didn't.
        failures: Vec<(String, SourceError)>,
    },
    /// 3: too few prices are near the median of all.
    #[error(
        "{near} prices are within {} basis points of their median {of_all}, {} needed: {}",
        .rule.max_deviation_bps, .rule.minimum, Reasons(.prices)
    )]
    Disagreement {
        /// How many are.
        near: usize,
        /// The median of all, times 10^`decimals`.
        of_all: i128,
        /// What asks for more.
        rule: Rule,
        /// Each source's name and its price, times 10^`decimals`.
        prices: Vec<(String, i128)>,
    },
}

impl ContractError for PriceMedianError {
    fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 0,
            Self::Payload(_) | Self::Template(_) => 1,
            Self::TooFewPrices { .. } => 2,
            Self::Disagreement { .. } => 3,
        }
    }
}

/// Each source with what there is to say of it.
struct Reasons<'r, T>(&'r [(String, T)]);

impl<T: fmt::Display> fmt::Display for Reasons<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, reason)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{name}: {reason}")?;
        }
        Ok(())
    }
}
