use crate::{AggregateError, CsvError, Fault};
use alloc::{string::String, vec::Vec};
use phat_sdk::{
    ContractError,
    config::{Listed, Mistake},
    sigv4::SigningError,
    source::{ReadError, TemplateError},
};

/// Why there is no contract, or no answer. The number in front of each is [`ContractError::code`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComputeError {
    /// 0: the init data has these mistakes; only `deploy` fails so.
    #[error("{}", Listed(.0))]
    Config(Vec<Mistake<Fault>>),
    /// 1 to 6: [`ReadError::code`].
    #[error("{0}")]
    Read(#[from] ReadError),
    /// 1: numbers are compared with what is none.
    #[error("payload: {0:?} is no number to compare with")]
    NotComparable(String),
    /// 5: the text is no CSV.
    #[error("{0}")]
    Csv(#[from] CsvError),
    /// 6: what the pointer finds is no list of rows.
    #[error("the rows are no list")]
    NoList,
    /// 6: the header doesn't name the column.
    #[error("there is no column {0:?}")]
    NoColumn(String),
    /// 6: the header names the column twice.
    #[error("there are two columns {0:?}")]
    ColumnTwice(String),
    /// 7: a row has no number.
    #[error("row {row} has no number: {found}")]
    NotANumber {
        /// From 1, without the header.
        row: u32,
        /// What is in its place, cut.
        found: String,
    },
    /// 8: a row's number has more digits than are counted, or is too great.
    #[error("row {row} has a number with too many digits: {found}")]
    TooManyDigits {
        /// From 1, without the header.
        row: u32,
        /// The number, cut.
        found: String,
    },
    /// 8: the result is out of range; 9: there are no rows to compute it of.
    #[error("{0}")]
    Aggregate(#[from] AggregateError),
    /// 8: the result doesn't fit the type.
    #[error("the result is negative, and the type unsigned")]
    Negative,
    /// 10: there are more rows than are read.
    #[error("more than {0} rows")]
    TooManyRows(u32),
    /// 11: the request can't be signed.
    #[error("{0}")]
    Signing(#[from] SigningError),
    /// The same, in this source.
    #[error("{name}: {error}")]
    Source {
        /// The source's name.
        name: String,
        /// What is wrong with it.
        error: alloc::boxed::Box<ComputeError>,
    },
}

impl From<TemplateError> for ComputeError {
    fn from(error: TemplateError) -> Self {
        Self::Read(ReadError::Template(error))
    }
}

impl ContractError for ComputeError {
    fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 0,
            Self::Read(error) => error.code(),
            Self::NotComparable(_) => 1,
            Self::Csv(_) => 5,
            Self::NoList | Self::NoColumn(_) | Self::ColumnTwice(_) => 6,
            Self::NotANumber { .. } => 7,
            Self::TooManyDigits { .. } | Self::Negative | Self::Aggregate(AggregateError::OutOfRange) => 8,
            Self::Aggregate(AggregateError::NoRows) => 9,
            Self::TooManyRows(_) => 10,
            Self::Signing(_) => 11,
            Self::Source { error, .. } => error.code(),
        }
    }
}
