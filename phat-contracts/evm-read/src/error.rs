use crate::{Fault, PayloadError};
use alloc::{string::String, vec::Vec};
use phat_sdk::{
    ContractError,
    chain::ChainError,
    config::{Listed, Mistake},
};

/// Why there is no contract, or no answer. The number in front of each is [`ContractError::code`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvmReadError {
    /// 0: the init data has these mistakes; only `deploy` fails so.
    #[error("{}", Listed(.0))]
    Config(Vec<Mistake<Fault>>),
    /// 1: the payload makes no call.
    #[error("payload: {0}")]
    Payload(#[from] PayloadError),
    /// 2: too few endpoints answered; 3: they contradict each other.
    #[error("{0}")]
    Chain(#[from] ChainError),
    /// 4: the call reverts, at this block: the reason, or the data of the revert in hexadecimal digits.
    #[error("reverted at block {number}: {reason}")]
    Reverted {
        /// The block's number.
        number: u64,
        /// Why.
        reason: String,
    },
    /// 5: the call returned nothing, as calls of addresses without code do.
    #[error("nothing was returned at block {number}: is there a contract, and has it this function?")]
    Nothing {
        /// The block's number.
        number: u64,
    },
}

impl ContractError for EvmReadError {
    fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 0,
            Self::Payload(_) => 1,
            Self::Chain(ChainError::TooFew { .. }) => 2,
            Self::Chain(ChainError::Disagreement { .. }) => 3,
            Self::Reverted { .. } => 4,
            Self::Nothing { .. } => 5,
        }
    }
}
