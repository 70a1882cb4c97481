use crate::Fault;
use alloc::{string::String, vec::Vec};
use phat_sdk::{
    ContractError,
    config::{Listed, Mistake},
    sigv4::SigningError,
    source::{ReadError, TemplateError},
};

/// Why there is no contract, or no answer. The number in front of each is [`ContractError::code`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum S3Error {
    /// 0: the init data has these mistakes; only `deploy` fails so.
    #[error("{}", Listed(.0))]
    Config(Vec<Mistake<Fault>>),
    /// 1 to 8: [`ReadError::code`].
    #[error("{0}")]
    Read(#[from] ReadError),
    /// 4: the server refused, with this status and S3's name for the reason.
    #[error("status {status}: {code}")]
    Refused {
        /// The status.
        status: u16,
        /// `AccessDenied`, `SignatureDoesNotMatch`, …
        code: String,
    },
    /// 5: the list of objects can't be read.
    #[error("not a list of objects")]
    NoList,
    /// 6: there is no such object, or no such bucket; S3's name for which.
    #[error("not found: {0}")]
    NotFound(String),
    /// 9: the request can't be signed.
    #[error("{0}")]
    Signing(#[from] SigningError),
}

impl From<TemplateError> for S3Error {
    fn from(error: TemplateError) -> Self {
        Self::Read(ReadError::Template(error))
    }
}

impl ContractError for S3Error {
    fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 0,
            Self::Read(error) => error.code(),
            Self::Refused { .. } => 4,
            Self::NoList => 5,
            Self::NotFound(_) => 6,
            Self::Signing(_) => 9,
        }
    }
}
