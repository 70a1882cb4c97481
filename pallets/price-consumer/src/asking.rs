//! Questions: asked for others, and refunded.

use crate::{Config, Contract, Error, Event, MAX_OUTPUT, Open, OpenQuestions, Pair, Pallet, Refunds};
use alloc::format;
use frame_support::{
    dispatch::DispatchResult,
    traits::{Get, UnixTime, fungible::Mutate, tokens::Preservation},
    weights::Weight,
};
use pallet_phat_oracle::{Oracle, Payload, Question, RequestId, RequestStatus};
use sp_runtime::traits::AccountIdConversion;

/// More than any payload of a pair has, in bytes.
const MAX_PAYLOAD: u32 = 64;

impl<T: Config> Pallet<T> {
    /// The account that the pallet asks from.
    pub fn account() -> T::AccountId {
        T::PalletId::get().into_account_truncating()
    }

    pub(crate) fn ask_for(asker: T::AccountId, pair: Pair, payment: crate::BalanceOf<T>) -> DispatchResult {
        let (contract_id, min_revision) = Contract::<T>::get().ok_or(Error::<T>::NoContract)?;
        let account = Self::account();
        T::Currency::transfer(&asker, &account, payment, Preservation::Preserve)?;
        let payload = format!(r#"{{"base":"{}","quote":"{}"}}"#, pair.base, pair.quote).into_bytes();
        let question = Question {
            contract_id,
            min_revision,
            payload: Payload::truncate_from(payload),
            max_output: MAX_OUTPUT,
            expires_at: T::Time::now().as_secs().saturating_add(T::Lifetime::get()),
        };
        let request_id = T::Oracle::ask(account, question, payment)?;
        let open = Open { asker: asker.clone(), pair: pair.clone(), payment, contract_id };
        OpenQuestions::<T>::insert(request_id, open);
        Self::deposit_event(Event::PriceAsked { request_id, asker, pair });
        Ok(())
    }

    /// Cancels the request where nobody did, and pays what came back by that.
    pub(crate) fn refund(request_id: RequestId) -> DispatchResult {
        match T::Oracle::status(&request_id) {
            RequestStatus::Pending => T::Oracle::cancel(request_id)?,
            RequestStatus::CallbackFailed | RequestStatus::Unknown => {}
        }
        let (asker, amount) = Refunds::<T>::take(request_id).ok_or(Error::<T>::NothingToRefund)?;
        T::Currency::transfer(&Self::account(), &asker, amount, Preservation::Preserve)?;
        Self::deposit_event(Event::PriceRefunded { request_id, asker, amount });
        Ok(())
    }

    pub(crate) fn ask_weight() -> Weight {
        T::Oracle::ask_weight(MAX_PAYLOAD).saturating_add(T::DbWeight::get().reads_writes(4, 3))
    }

    pub(crate) fn refund_weight() -> Weight {
        T::Oracle::cancel_weight().saturating_add(T::DbWeight::get().reads_writes(4, 3))
    }
}
