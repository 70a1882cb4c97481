use alloc::vec::Vec;
use phat_sdk::{
    ContractError,
    config::{Listed, Mistake},
};

/// Why there is no contract, or no answer. The number in front of each is [`ContractError::code`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RandomnessError {
    /// 0: the init data has these mistakes; only `deploy` fails so.
    #[error("{}", Listed(.0))]
    Config(Vec<Mistake>),
    /// 1: the run answers no request, so that there is no random value.
    #[error("only the run that answers a request has a random value")]
    NoRequest,
}

impl ContractError for RandomnessError {
    fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 0,
            Self::NoRequest => 1,
        }
    }
}
