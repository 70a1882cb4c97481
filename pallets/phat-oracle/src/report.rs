use crate::{MAX_THRESHOLD, Output, RequestId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, traits::ConstU32};
use scale_info::TypeInfo;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Report<AccountId> {
    /// How the run ended; opaque to the chain.
    pub outcome: u8,
    /// The answer, or the contract's own error.
    pub output: Output,
    /// When it ran, unix seconds: the workers' claim.
    pub executed_at: u64,
    /// Who is paid, whoever submits.
    pub payee: AccountId,
}

/// Signatures of a report in ascending order of signers: r‖s‖v, v of 27 or 28, s low.
pub type Signatures = BoundedVec<[u8; 65], ConstU32<MAX_THRESHOLD>>;

/// A request's answer in a batch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Entry<AccountId> {
    /// The request.
    pub request_id: RequestId,
    /// The answer.
    pub report: Report<AccountId>,
    /// Who signed it.
    pub signatures: Signatures,
}
