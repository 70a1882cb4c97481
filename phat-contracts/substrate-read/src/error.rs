use crate::{Fault, PayloadError, TooShort};
use alloc::vec::Vec;
use phat_sdk::{
    ContractError,
    chain::ChainError,
    config::{Listed, Mistake},
};

/// Why there is no contract, or no answer. The number in front of each is [`ContractError::code`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubstrateReadError {
    /// 0: the init data has these mistakes; only `deploy` fails so.
    #[error("{}", Listed(.0))]
    Config(Vec<Mistake<Fault>>),
    /// 1: the payload makes no key.
    #[error("payload: {0}")]
    Payload(#[from] PayloadError),
    /// 2: too few endpoints answered; 3: they contradict each other.
    #[error("{0}")]
    Chain(#[from] ChainError),
    /// 4: the value has no such integer.
    #[error("{0}")]
    TooShort(#[from] TooShort),
}

impl ContractError for SubstrateReadError {
    fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 0,
            Self::Payload(_) => 1,
            Self::Chain(ChainError::TooFew { .. }) => 2,
            Self::Chain(ChainError::Disagreement { .. }) => 3,
            Self::TooShort(_) => 4,
        }
    }
}
