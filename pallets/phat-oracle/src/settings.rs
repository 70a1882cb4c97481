//! What an admin may set, and within which bounds.

use crate::{
    AllowedPairs, BalanceOf, Config, Error, Event, GenesisConfig, MAX_REGISTRATION_VALIDITY, MAX_WORKERS_PER_OPERATOR,
    MaxLifetime, MaxWorkersPerOperator, MinLifetime, OnPhatReport, Pallet, Paused, Price, RegistrationValidity,
    Threshold, WeightInfo,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{EnsureOrigin, Get},
};
use frame_system::pallet_prelude::{BlockNumberFor, OriginFor};
use phat_protocol::bounds;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::traits::AtLeast32BitUnsigned;

/// The most signatures that a report can need.
pub const MAX_THRESHOLD: u32 = 32;

pub(crate) const DEFAULT_MIN_LIFETIME: u64 = bounds::LEAST_LIFETIME;
pub(crate) const DEFAULT_MAX_LIFETIME: u64 = 24 * 60 * 60;
pub(crate) const DEFAULT_REGISTRATION_VALIDITY: u64 = 30 * 24 * 60 * 60;

/// The least that a request costs. A pending request is stored whole, so that a price of zero lets anyone fill the
/// chain's storage.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct Prices<Balance> {
    /// For every request.
    pub per_request: Balance,
    /// For each byte of the payload.
    pub per_payload_byte: Balance,
    /// For each byte of the longest output.
    pub per_output_byte: Balance,
}

impl<Balance: AtLeast32BitUnsigned + Copy> Prices<Balance> {
    /// What a request costs with so many bytes of payload, and of output at most.
    pub fn of(&self, payload_length: u32, max_output: u32) -> Balance {
        self.per_request
            .saturating_add(self.per_payload_byte.saturating_mul(payload_length.into()))
            .saturating_add(self.per_output_byte.saturating_mul(max_output.into()))
    }
}

impl<T: Config> Pallet<T> {
    /// Settings at the chain's start: written, so that nobody has to know the defaults.
    pub(crate) fn start(config: &GenesisConfig<T>) {
        Threshold::<T>::put(Threshold::<T>::get());
        MinLifetime::<T>::put(DEFAULT_MIN_LIFETIME);
        MaxLifetime::<T>::put(DEFAULT_MAX_LIFETIME);
        RegistrationValidity::<T>::put(DEFAULT_REGISTRATION_VALIDITY);
        MaxWorkersPerOperator::<T>::put(MaxWorkersPerOperator::<T>::get());
        Paused::<T>::put(false);
        Price::<T>::put(config.price);
        for pair in &config.allowed_pairs {
            AllowedPairs::<T>::insert(pair, ());
        }
    }

    /// Whoever may add may set anything; the admin alone what lets nobody new in.
    pub(crate) fn ensure_may_set(origin: OriginFor<T>, widens: bool) -> DispatchResult {
        if widens {
            T::AdditionOrigin::ensure_origin(origin)?;
        } else {
            T::AdminOrigin::ensure_origin(origin)?;
        }
        Ok(())
    }

    pub(crate) fn change_threshold(threshold: u32) -> DispatchResult {
        ensure!((1..=MAX_THRESHOLD).contains(&threshold), Error::<T>::InvalidSetting);
        Threshold::<T>::put(threshold);
        Self::deposit_event(Event::ThresholdChanged { threshold });
        Ok(())
    }

    pub(crate) fn change_lifetimes(min: u64, max: u64) -> DispatchResult {
        let bounded = bounds::LEAST_LIFETIME <= min && min <= max && max <= bounds::MAX_LIFETIME;
        ensure!(bounded, Error::<T>::InvalidSetting);
        MinLifetime::<T>::put(min);
        MaxLifetime::<T>::put(max);
        Self::deposit_event(Event::LifetimesChanged { min, max });
        Ok(())
    }

    pub(crate) fn change_price(price: Prices<BalanceOf<T>>) {
        Price::<T>::put(price);
        Self::deposit_event(Event::PriceChanged { price });
    }

    pub(crate) fn change_paused(paused: bool) {
        Paused::<T>::put(paused);
        Self::deposit_event(Event::PausedChanged { paused });
    }

    pub(crate) fn change_max_workers_per_operator(max: u32) -> DispatchResult {
        ensure!((1..=MAX_WORKERS_PER_OPERATOR).contains(&max), Error::<T>::InvalidSetting);
        MaxWorkersPerOperator::<T>::put(max);
        Self::deposit_event(Event::MaxWorkersPerOperatorChanged { max });
        Ok(())
    }

    pub(crate) fn change_registration_validity(validity: u64) -> DispatchResult {
        ensure!((1..=MAX_REGISTRATION_VALIDITY).contains(&validity), Error::<T>::InvalidSetting);
        RegistrationValidity::<T>::put(validity);
        Self::deposit_event(Event::RegistrationValidityChanged { validity });
        Ok(())
    }

    /// What a runtime must keep to. Panics in its tests, where it doesn't.
    pub(crate) fn check_runtime() {
        let limit = Self::extrinsic_limit();
        let heaviest = T::WeightInfo::fulfill(MAX_THRESHOLD, bounds::MAX_OUTPUT)
            .saturating_add(T::Consumer::weight(bounds::MAX_OUTPUT));
        assert!(heaviest.all_lte(limit), "the heaviest report weighs {heaviest}, and an extrinsic at most {limit}");
        let submitted = heaviest
            .saturating_add(T::WeightInfo::authorize_submission(MAX_THRESHOLD, bounds::MAX_OUTPUT))
            .saturating_add(T::WeightInfo::use_nonce());
        let fits = T::UnsignedPriority::get().is_none() || submitted.all_lte(limit);
        assert!(fits, "the heaviest submission weighs {submitted}, and an extrinsic at most {limit}");
        let kept = T::BlockHashCount::get();
        let needed = u32::try_from(bounds::MAX_QUOTE_AGE).map_or(u32::MAX, |age| age);
        assert!(kept >= BlockNumberFor::<T>::from(needed), "evidence names blocks that the system forgot");
        assert!(T::MaxBatch::get() > 0, "a batch holds an entry");
    }
}
