use crate::Error;
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

/// Why a report is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum SkipReason {
    /// The request is unknown, answered or cancelled.
    NotPending,
    /// The request expired.
    Expired,
    /// The report was executed more than 300 s ahead of the chain's clock.
    ExecutedInFuture,
    /// The output is longer than the request allows.
    OutputTooLong,
    /// There are more or fewer signatures than the threshold.
    WrongSignatureCount,
    /// A signature has another v than 27 and 28, a high s, or recovers no key.
    BadSignature,
    /// The signers are not in strictly ascending order.
    SignersNotAscending,
    /// A signer is no worker that counts.
    UnknownWorker,
    /// Two signers have the same operator.
    SameOperator,
}

impl SkipReason {
    /// What stands for it where there is room for a number alone, as in the word of a pool: 1 for the first, and so on.
    pub const fn number(self) -> u8 {
        match self {
            Self::NotPending => 1,
            Self::Expired => 2,
            Self::ExecutedInFuture => 3,
            Self::OutputTooLong => 4,
            Self::WrongSignatureCount => 5,
            Self::BadSignature => 6,
            Self::SignersNotAscending => 7,
            Self::UnknownWorker => 8,
            Self::SameOperator => 9,
        }
    }
}

impl<T> From<SkipReason> for Error<T> {
    fn from(reason: SkipReason) -> Self {
        match reason {
            SkipReason::NotPending => Self::NotPending,
            SkipReason::Expired => Self::Expired,
            SkipReason::ExecutedInFuture => Self::ExecutedInFuture,
            SkipReason::OutputTooLong => Self::OutputTooLong,
            SkipReason::WrongSignatureCount => Self::WrongSignatureCount,
            SkipReason::BadSignature => Self::BadSignature,
            SkipReason::SignersNotAscending => Self::SignersNotAscending,
            SkipReason::UnknownWorker => Self::UnknownWorker,
            SkipReason::SameOperator => Self::SameOperator,
        }
    }
}
