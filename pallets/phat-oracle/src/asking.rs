//! Requests: made, and given up.

use crate::{
    BalanceOf, Closed, Config, Error, Event, HoldReason, MaxLifetime, MinLifetime, NextSequence, OnPhatReport, Oracle,
    Pallet, Paused, Payload, Price, Question, RequestId, RequestState, RequestStatus, Requests, StoredRequest,
    WeightInfo,
};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{Get, PalletInfoAccess, UnixTime, fungible::MutateHold},
    weights::Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use phat_protocol::bounds;
use sp_runtime::{DispatchError, traits::Zero};

/// How long a payload is.
pub(crate) fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

impl<T: Config> Pallet<T> {
    /// The chain's name. The system keeps it for as long as the chain lasts.
    pub(crate) fn genesis() -> [u8; 32] {
        frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()).into()
    }

    /// The pallet's name in the runtime.
    pub(crate) fn instance() -> &'static str {
        <Self as PalletInfoAccess>::name()
    }

    /// The chain's clock, unix seconds.
    pub(crate) fn now() -> u64 {
        T::Time::now().as_secs()
    }

    pub(crate) fn ensure_not_paused() -> DispatchResult {
        ensure!(!Paused::<T>::get(), Error::<T>::Paused);
        Ok(())
    }

    pub(crate) fn submit(
        requester: T::AccountId,
        question: Question,
        payment: BalanceOf<T>,
    ) -> Result<RequestId, DispatchError> {
        Self::ensure_not_paused()?;
        let Question { contract_id, min_revision, payload, max_output, expires_at } = question;
        ensure!(max_output <= bounds::MAX_OUTPUT, Error::<T>::MaxOutputTooLarge);
        let now = Self::now();
        let earliest = now.saturating_add(MinLifetime::<T>::get());
        let latest = now.saturating_add(MaxLifetime::<T>::get());
        ensure!((earliest..=latest).contains(&expires_at), Error::<T>::ExpiryOutOfBounds);
        ensure!(payment >= Self::price(&payload, max_output), Error::<T>::PaymentTooLow);
        T::Currency::hold(&HoldReason::Payment.into(), &requester, payment)?;

        let sequence = NextSequence::<T>::mutate(|next| {
            let sequence = *next;
            *next = next.saturating_add(1);
            sequence
        });
        let parent_hash = frame_system::Pallet::<T>::parent_hash().into();
        let request = StoredRequest {
            sequence,
            parent_hash,
            requester,
            contract_id,
            min_revision,
            payload,
            max_output,
            expires_at,
            payment,
            submitted_at: frame_system::Pallet::<T>::block_number(),
            state: RequestState::Pending,
        };
        let request_id = request.id(Self::genesis(), Self::instance());
        Requests::<T>::insert(request_id, &request);
        Self::deposit_event(Event::RequestSubmitted {
            request_id,
            contract_id,
            requester: request.requester,
            sequence,
            parent_hash,
            min_revision,
            payload: request.payload,
            max_output,
            expires_at,
            payment,
        });
        Ok(request_id)
    }

    pub(crate) fn give_up(request_id: RequestId) -> DispatchResult {
        let request = Requests::<T>::get(request_id).ok_or(Error::<T>::NotPending)?;
        ensure!(Self::now() > request.expires_at, Error::<T>::NotExpired);
        Requests::<T>::remove(request_id);
        let closed = match request.state {
            RequestState::Pending => {
                Self::release(&request.requester, request.payment);
                Self::deposit_event(Event::RequestCancelled { request_id });
                Closed::Cancelled
            }
            RequestState::CallbackFailed(_) => {
                Self::deposit_event(Event::AnswerDropped { request_id });
                Closed::AnswerDropped
            }
        };
        if T::Consumer::asks_from(&request.requester) {
            T::Consumer::on_closed(&request_id, &request.requester, closed);
        }
        Ok(())
    }

    fn price(payload: &Payload, max_output: u32) -> BalanceOf<T> {
        Price::<T>::get().of(length(payload), max_output)
    }
}

impl<T: Config> Oracle<T::AccountId> for Pallet<T> {
    type Balance = BalanceOf<T>;

    fn quote(payload_length: u32, max_output: u32) -> BalanceOf<T> {
        Price::<T>::get().of(payload_length, max_output)
    }

    fn ask(requester: T::AccountId, question: Question, payment: BalanceOf<T>) -> Result<RequestId, DispatchError> {
        frame_support::storage::with_storage_layer(|| Self::submit(requester, question, payment))
    }

    fn ask_weight(payload_length: u32) -> Weight {
        T::WeightInfo::request(payload_length)
    }

    fn status(request_id: &RequestId) -> RequestStatus {
        match Requests::<T>::get(request_id).map(|request| request.state) {
            Some(RequestState::Pending) => RequestStatus::Pending,
            Some(RequestState::CallbackFailed(_)) => RequestStatus::CallbackFailed,
            None => RequestStatus::Unknown,
        }
    }

    fn cancel(request_id: RequestId) -> DispatchResult {
        Self::give_up(request_id)
    }

    fn cancel_weight() -> Weight {
        T::WeightInfo::cancel().saturating_add(T::Consumer::closed_weight())
    }
}

impl<T: Config> Pallet<T> {
    /// The most of a block's weight that one extrinsic may have.
    pub(crate) fn extrinsic_limit() -> Weight {
        let weights = T::BlockWeights::get();
        let normal = weights.get(frame_support::dispatch::DispatchClass::Normal);
        normal.max_extrinsic.unwrap_or(weights.max_block)
    }
}
