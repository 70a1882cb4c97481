//! What always holds of the pallet's storage.

use crate::{
    Config, Credits, HoldReason, MAX_REGISTRATION_VALIDITY, MAX_THRESHOLD, MAX_WORKERS_PER_OPERATOR, MaxLifetime,
    MaxWorkersPerOperator, MinLifetime, NextSequence, Pallet, RegistrationValidity, Requests, Threshold, Workers,
    WorkersOf,
};
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use phat_protocol::bounds;
use sp_runtime::{Saturating, TryRuntimeError, traits::Zero};

impl<T: Config> Pallet<T> {
    /// Checks all of it.
    pub(crate) fn check_state() -> Result<(), TryRuntimeError> {
        Self::check_requests()?;
        Self::check_workers()?;
        Self::check_settings()?;
        let has_empty = Credits::<T>::iter_values().any(|credit| credit.is_zero());
        ensure!(!has_empty, "an empty credit is stored");
        Ok(())
    }

    fn check_requests() -> Result<(), TryRuntimeError> {
        let next = NextSequence::<T>::get();
        let mut held = BTreeMap::new();
        for (request_id, request) in Requests::<T>::iter() {
            let is_named = request_id == request.id(Self::genesis(), Self::instance());
            ensure!(is_named, "a request is stored under another id than its own");
            ensure!((1..next).contains(&request.sequence), "a request has a sequence that was not given out");
            ensure!(request.max_output <= bounds::MAX_OUTPUT, "a request allows more output than there can be");
            if request.is_pending() {
                let sum = held.entry(request.requester).or_insert_with(Zero::zero);
                *sum = request.payment.saturating_add(*sum);
            }
        }
        for (requester, sum) in held {
            let on_hold = T::Currency::balance_on_hold(&HoldReason::Payment.into(), &requester);
            ensure!(on_hold == sum, "what is on hold isn't what pending requests pay");
        }
        Ok(())
    }

    fn check_workers() -> Result<(), TryRuntimeError> {
        for (operator, workers) in WorkersOf::<T>::iter() {
            for worker in workers {
                let info = Workers::<T>::get(worker).ok_or("an operator has a worker that was never registered")?;
                ensure!(info.operator == operator, "an operator has a worker that isn't its own");
                ensure!(!info.revoked, "a revoked worker counts");
            }
        }
        Ok(())
    }

    fn check_settings() -> Result<(), TryRuntimeError> {
        let (min, max) = (MinLifetime::<T>::get(), MaxLifetime::<T>::get());
        let bounded = bounds::LEAST_LIFETIME <= min && min <= max && max <= bounds::MAX_LIFETIME;
        ensure!(bounded, "lifetimes are out of bounds");
        ensure!((1..=MAX_THRESHOLD).contains(&Threshold::<T>::get()), "the threshold is out of bounds");
        let workers = MaxWorkersPerOperator::<T>::get();
        ensure!((1..=MAX_WORKERS_PER_OPERATOR).contains(&workers), "the limit of workers is out of bounds");
        let validity = RegistrationValidity::<T>::get();
        ensure!((1..=MAX_REGISTRATION_VALIDITY).contains(&validity), "the validity is out of bounds");
        Ok(())
    }
}
