//! Money: released, paid, and credited where an account can't take it.

use crate::{BalanceOf, Config, Credits, Error, Event, HoldReason, Pallet};
use frame_support::{
    defensive,
    dispatch::DispatchResult,
    ensure,
    storage::with_storage_layer,
    traits::{
        fungible::{Mutate, MutateHold},
        tokens::{Fortitude, Precision, Restriction},
    },
};
use sp_runtime::{Saturating, traits::Zero};

impl<T: Config> Pallet<T> {
    /// Gives a payment that is on hold to the payee. What its account can't take is credited.
    pub(crate) fn pay(requester: &T::AccountId, payee: &T::AccountId, amount: BalanceOf<T>) {
        let transfer = || {
            T::Currency::transfer_on_hold(
                &HoldReason::Payment.into(),
                requester,
                payee,
                amount,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Force,
            )
            .map(|_| ())
        };
        Self::hand_over(requester, payee, amount, transfer);
    }

    /// Gives a payment that is on hold back.
    pub(crate) fn release(requester: &T::AccountId, amount: BalanceOf<T>) {
        let release =
            || T::Currency::release(&HoldReason::Payment.into(), requester, amount, Precision::Exact).map(|_| ());
        Self::hand_over(requester, requester, amount, release);
    }

    /// Pays an account's credit out.
    pub(crate) fn pay_credit(account: &T::AccountId) -> DispatchResult {
        let amount = Credits::<T>::take(account);
        ensure!(!amount.is_zero(), Error::<T>::NothingToWithdraw);
        T::Currency::mint_into(account, amount)?;
        Self::deposit_event(Event::Withdrawn { account: account.clone(), amount });
        Ok(())
    }

    /// Hands over; where that fails, burns what is on hold and credits it, to be minted again when it is withdrawn.
    fn hand_over(
        holder: &T::AccountId,
        to: &T::AccountId,
        amount: BalanceOf<T>,
        direct: impl FnOnce() -> DispatchResult,
    ) {
        if amount.is_zero() || with_storage_layer(direct).is_ok() {
            return;
        }
        let burnt = T::Currency::burn_held(
            &HoldReason::Payment.into(),
            holder,
            amount,
            Precision::BestEffort,
            Fortitude::Force,
        );
        let Ok(amount) = burnt else {
            defensive!("a payment is on hold until it is handed over");
            return;
        };
        Credits::<T>::mutate(to, |credit| credit.saturating_accrue(amount));
        Self::deposit_event(Event::Credited { account: to.clone(), amount });
    }
}
