use crate::{ContractId, Payload, RequestId};
use frame_support::{dispatch::DispatchResult, weights::Weight};
use sp_runtime::DispatchError;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The contract.
    pub contract_id: ContractId,
    /// The least revision of its state that may answer.
    pub min_revision: u64,
    /// The contract's input.
    pub payload: Payload,
    /// The longest output, in bytes, at most 16 KiB.
    pub max_output: u32,
    /// Until when an answer is accepted, unix seconds.
    pub expires_at: u64,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestStatus {
    /// It waits for an answer.
    Pending,
    /// It was answered, and its consumer failed.
    CallbackFailed,
    /// There is none: it was answered or cancelled, or never made.
    Unknown,
}

/// The oracle, as other pallets use it.
pub trait Oracle<AccountId> {
    /// What is paid in.
    type Balance;

    /// The least that a request costs with so many bytes of payload, and of output at most.
    fn quote(payload_length: u32, max_output: u32) -> Self::Balance;

    /// Asks from an account, where the payment is held. The answer goes to the
    /// [`OnPhatReport`](crate::OnPhatReport) that asks from it.
    ///
    /// # Errors
    /// When the oracle is paused, the payment can't be held or is below the quote, or a bound is not kept.
    fn ask(requester: AccountId, question: Question, payment: Self::Balance) -> Result<RequestId, DispatchError>;

    /// What [`Self::ask`] weighs with so many bytes of payload.
    fn ask_weight(payload_length: u32) -> Weight;

    /// Where a request stands.
    fn status(request_id: &RequestId) -> RequestStatus;

    /// Gives up an expired request: its payment is released where it was held.
    ///
    /// # Errors
    /// When there is no such request, or it has not expired.
    fn cancel(request_id: RequestId) -> DispatchResult;

    /// What [`Self::cancel`] weighs.
    fn cancel_weight() -> Weight;
}
