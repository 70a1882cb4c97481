use crate::RequestId;
use frame_support::{dispatch::DispatchResult, weights::Weight};

/// An answer, as its consumer hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a, AccountId> {
    /// The request.
    pub request_id: RequestId,
    /// Who asked.
    pub requester: &'a AccountId,
    /// How the run ended: see `phat_protocol::Outcome`. All but 0 (Ok) are failures.
    pub outcome: u8,
    /// The answer of an `Ok`, or the error of a contract.
    pub output: &'a [u8],
    /// When it ran, unix seconds: the workers' claim.
    pub executed_at: u64,
}

/// How a request ended that brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It expired without one: its payment is back with the requester.
    Cancelled,
    /// It expired after its consumer had failed to take the answer: it was paid for.
    AnswerDropped,
}

/// Who hears answers: a pallet that asks from accounts of its own.
///
/// Of a tuple, the one that asks from the requester's account is called. A requester that nobody asks from hears
/// through events alone.
pub trait OnPhatReport<AccountId> {
    /// Whether requests of this account are this consumer's.
    fn asks_from(requester: &AccountId) -> bool;

    /// The most that [`Self::on_phat_report`] weighs with an output of so many bytes, and [`Self::asks_from`] too. It
    /// is added to the weight of the call that brings the answer, and must fit into an extrinsic for the longest
    /// output that the consumer asks for.
    fn weight(output_length: u32) -> Weight;

    /// Takes an answer. An error undoes what this did; the answer then waits for a retry until the request expires.
    /// Asking again from in here is fine.
    ///
    /// # Errors
    /// When the consumer can't take the answer.
    fn on_phat_report(answer: &Answer<'_, AccountId>) -> DispatchResult;

    /// The most that [`Self::on_closed`] weighs.
    fn closed_weight() -> Weight {
        Weight::zero()
    }

    /// Hears that no answer will come any more.
    fn on_closed(request_id: &RequestId, requester: &AccountId, closed: Closed) {
        let _ = (request_id, requester, closed);
    }
}

#[impl_trait_for_tuples::impl_for_tuples(8)]
impl<AccountId> OnPhatReport<AccountId> for Tuple {
    fn asks_from(requester: &AccountId) -> bool {
        for_tuples!( #( if Tuple::asks_from(requester) { return true; } )* );
        false
    }

    fn weight(output_length: u32) -> Weight {
        let mut most = Weight::zero();
        for_tuples!( #( most = most.max(Tuple::weight(output_length)); )* );
        most
    }

    fn on_phat_report(answer: &Answer<'_, AccountId>) -> DispatchResult {
        for_tuples!( #( if Tuple::asks_from(answer.requester) { return Tuple::on_phat_report(answer); } )* );
        Ok(())
    }

    fn closed_weight() -> Weight {
        let mut most = Weight::zero();
        for_tuples!( #( most = most.max(Tuple::closed_weight()); )* );
        most
    }

    fn on_closed(request_id: &RequestId, requester: &AccountId, closed: Closed) {
        for_tuples!( #( if Tuple::asks_from(requester) { Tuple::on_closed(request_id, requester, closed); } )* );
    }
}
