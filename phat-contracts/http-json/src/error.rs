use crate::Fault;
use alloc::{string::String, vec::Vec};
use core::str::Utf8Error;
use phat_sdk::{
    ContractError,
    config::{Listed, Mistake},
    decimal::DecimalError,
    json::Malformed,
    source::{ParametersError, TemplateError},
};

/// Why there is no contract, or no answer. The number in front of each is [`ContractError::code`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpJsonError {
    /// 0: the init data has these mistakes; only `deploy` fails so.
    #[error("{}", Listed(.0))]
    Config(Vec<Mistake<Fault>>),
    /// 1: the payload is no object of parameters.
    #[error("payload: {0}")]
    Payload(#[from] ParametersError),
    /// 1: the parameters don't fit the placeholders.
    #[error("payload: {0}")]
    Template(#[from] TemplateError),
    /// 2: the host's policy denies the source, or nothing answered there (status 523); the reason.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// 3: the response came late, or was too long (status 524); the reason.
    #[error("late: {0}")]
    Late(String),
    /// 4: the source answered another status than 200 to 299.
    #[error("status {0}")]
    Status(u16),
    /// 5: the response is no UTF-8.
    #[error("not UTF-8: {0}")]
    NotUtf8(Utf8Error),
    /// 5: the response is no JSON.
    #[error("not JSON: {0}")]
    Malformed(Malformed),
    /// 6: the document has no value where the pointer points.
    #[error("the pointer finds nothing")]
    Missing,
    /// 7: the value is not one of the answer's type: what was found, what was expected.
    #[error("found {found}, expected {expected}")]
    WrongType {
        /// In JSON's words.
        found: &'static str,
        /// In words.
        expected: &'static str,
    },
    /// 8: the number doesn't fit the answer's type.
    #[error("the number is out of the type's range")]
    OutOfRange,
}

impl ContractError for HttpJsonError {
    fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 0,
            Self::Payload(_) | Self::Template(_) => 1,
            Self::Unreachable(_) => 2,
            Self::Late(_) => 3,
            Self::Status(_) => 4,
            Self::NotUtf8(_) | Self::Malformed(_) => 5,
            Self::Missing => 6,
            Self::WrongType { .. } => 7,
            Self::OutOfRange => 8,
        }
    }
}

impl HttpJsonError {
    pub(crate) fn number(error: DecimalError, found: &'static str, expected: &'static str) -> Self {
        match error {
            DecimalError::NotANumber => Self::WrongType { found, expected },
            DecimalError::OutOfRange => Self::OutOfRange,
        }
    }
}
