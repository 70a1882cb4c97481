use alloc::vec::Vec;
use phat_sdk::{
    ContractError,
    config::{Listed, Mistake},
    source::ReadError,
};

/// Why there is no contract, or no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpJsonError {
    /// 0: the init data has these mistakes; only `deploy` fails so.
    #[error("{}", Listed(.0))]
    Config(Vec<Mistake>),
    /// 1 to 8: [`ReadError::code`].
    #[error("{0}")]
    Read(#[from] ReadError),
}

impl ContractError for HttpJsonError {
    fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 0,
            Self::Read(error) => error.code(),
        }
    }
}
