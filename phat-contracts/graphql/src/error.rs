use alloc::{string::String, vec::Vec};
use phat_sdk::{
    ContractError,
    config::{Listed, Mistake},
    source::ReadError,
};

/// Why there is no contract, or no answer. The number in front of each is [`ContractError::code`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphqlError {
    /// 0: the init data has these mistakes; only `deploy` fails so.
    #[error("{}", Listed(.0))]
    Config(Vec<Mistake>),
    /// 1 to 8: [`ReadError::code`].
    #[error("{0}")]
    Read(#[from] ReadError),
    /// 9: the endpoint answered with errors; what the first of them says.
    #[error("the query failed: {0}")]
    Query(String),
}

impl ContractError for GraphqlError {
    fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 0,
            Self::Read(error) => error.code(),
            Self::Query(_) => 9,
        }
    }
}
