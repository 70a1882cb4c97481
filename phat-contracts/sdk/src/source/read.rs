use super::{ParametersError, TemplateError};
use crate::{ResponseError, answer::AnswerError, json::Malformed};

/// Why a source gave no value. The codes are the same in every contract that reads a document, and a contract's
/// own begin behind them: [`ReadError::code`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// 1: the payload is no object of parameters.
    #[error("payload: {0}")]
    Payload(#[from] ParametersError),
    /// 1: the parameters don't fit the placeholders.
    #[error("payload: {0}")]
    Template(#[from] TemplateError),
    /// 2: the host's policy denies the source, or nothing answered there; 3: the response came late, or was too long;
    /// 4: the source answered another status than 200 to 299; 5: its text is no UTF-8.
    #[error("{0}")]
    Response(#[from] ResponseError),
    /// 5: the document is not of its format.
    #[error("not JSON: {0}")]
    Malformed(#[from] Malformed),
    /// 6: the document has no value where the pointer points.
    #[error("the pointer finds nothing")]
    Missing,
    /// 7: the value is not one of the answer's type; 8: the number doesn't fit it.
    #[error("{0}")]
    Answer(#[from] AnswerError),
}

impl ReadError {
    /// The number by which a consumer tells errors apart, 1 to 8. (0 is wrong init data.)
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Payload(_) | Self::Template(_) => 1,
            Self::Response(ResponseError::Unreachable(_)) => 2,
            Self::Response(ResponseError::Late(_)) => 3,
            Self::Response(ResponseError::Status(_)) => 4,
            Self::Response(ResponseError::NotUtf8(_)) | Self::Malformed(_) => 5,
            Self::Missing => 6,
            Self::Answer(AnswerError::WrongType { .. }) => 7,
            Self::Answer(AnswerError::OutOfRange) => 8,
        }
    }
}
