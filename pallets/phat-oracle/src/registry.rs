//! The registry of workers.

use crate::{
    AllowedPairs, AttestationVerifier, Config, Error, Event, MaxWorkersPerOperator, Pallet, RegistrationValidity,
    WeightInfo, WorkerAddress, WorkerInfo, WorkerRegistration, Workers, WorkersOf, asking::length,
};
use codec::Encode;
use frame_support::{dispatch::DispatchResult, ensure, weights::Weight};
use frame_system::pallet_prelude::BlockNumberFor;
use phat_protocol::{BlockHash, Digest, GenesisHash, WorkerKeys, bounds, substrate};
use sp_runtime::traits::UniqueSaturatedInto;

impl<T: Config> Pallet<T> {
    /// The operator of a worker that counts: registered, not revoked, not expired, its pair allowed.
    pub(crate) fn operator_of(worker: &WorkerAddress) -> Option<T::AccountId> {
        let info = Workers::<T>::get(worker)?;
        let counts = info.is_live(Self::now()) && AllowedPairs::<T>::contains_key((info.measurement, info.config_hash));
        counts.then_some(info.operator)
    }

    pub(crate) fn register(registration: WorkerRegistration<T::AccountId>) -> DispatchResult {
        let worker = registration.worker;
        ensure!(worker != [0; 20], Error::<T>::ZeroWorker);
        if let Some(known) = Workers::<T>::get(worker) {
            ensure!(!known.revoked, Error::<T>::WorkerRevoked);
            ensure!(known.operator == registration.operator, Error::<T>::WorkerOfAnotherOperator);
        }
        Self::check_evidence(&registration)?;
        let pair = (registration.measurement, registration.config_hash);
        ensure!(AllowedPairs::<T>::contains_key(pair), Error::<T>::PairNotAllowed);
        Self::count_worker(&registration.operator, worker)?;

        let operator = registration.operator.clone();
        let expiry = Self::now().saturating_add(RegistrationValidity::<T>::get());
        let info = WorkerInfo {
            operator: registration.operator,
            expiry,
            revoked: false,
            x25519_key: registration.x25519_key,
            vrf_key_hash: registration.vrf_key_hash,
            measurement: registration.measurement,
            config_hash: registration.config_hash,
        };
        Workers::<T>::insert(worker, info);
        Self::deposit_event(Event::WorkerRegistered { worker, operator, expiry });
        Ok(())
    }

    pub(crate) fn revoke(worker: WorkerAddress) -> DispatchResult {
        let mut info = Workers::<T>::get(worker).ok_or(Error::<T>::UnknownWorker)?;
        WorkersOf::<T>::mutate_exists(&info.operator, |counted| {
            let Some(workers) = counted else { return };
            workers.retain(|counted| *counted != worker);
            if workers.is_empty() {
                *counted = None;
            }
        });
        info.revoked = true;
        Workers::<T>::insert(worker, info);
        Self::deposit_event(Event::WorkerRevoked { worker });
        Ok(())
    }

    /// What a registration weighs, with the check of its evidence.
    pub(crate) fn register_weight(registration: &WorkerRegistration<T::AccountId>) -> Weight {
        T::WeightInfo::register_worker().saturating_add(T::Verifier::weight(length(&registration.evidence)))
    }

    /// Whether the evidence vouches for what the registration says, here and lately.
    fn check_evidence(registration: &WorkerRegistration<T::AccountId>) -> DispatchResult {
        Self::ensure_recent(registration.block_number, &registration.block_hash)?;
        let attested =
            T::Verifier::verify(&registration.evidence, Self::now()).map_err(|_| Error::<T>::EvidenceRefused)?;
        let place = substrate::Registration {
            genesis: GenesisHash(Self::genesis()),
            instance: Self::instance().into(),
            operator: registration.operator.encode(),
            block_number: registration.block_number,
            block_hash: BlockHash(registration.block_hash),
        };
        let keys = WorkerKeys {
            worker: phat_protocol::WorkerAddress(registration.worker),
            x25519: Digest(registration.x25519_key),
            vrf_key_hash: Digest(registration.vrf_key_hash),
        };
        let expected = place.report_data(&keys, &Digest(registration.config_hash));
        let vouched = attested.report_data == expected.0 && attested.measurement == registration.measurement;
        ensure!(vouched, Error::<T>::EvidenceMismatch);
        Ok(())
    }

    fn ensure_recent(number: u64, hash: &[u8; 32]) -> DispatchResult {
        let current: u64 = frame_system::Pallet::<T>::block_number().unique_saturated_into();
        let is_recent = number < current && current - number <= bounds::MAX_QUOTE_AGE;
        ensure!(is_recent, Error::<T>::BlockNotRecent);
        let number: BlockNumberFor<T> = number.unique_saturated_into();
        let known: [u8; 32] = frame_system::Pallet::<T>::block_hash(number).into();
        ensure!(known == *hash && known != [0; 32], Error::<T>::BlockNotRecent);
        Ok(())
    }

    /// Counts a worker among its operator's, once those that expired are gone.
    fn count_worker(operator: &T::AccountId, worker: WorkerAddress) -> DispatchResult {
        let now = Self::now();
        WorkersOf::<T>::try_mutate(operator, |workers| {
            workers.retain(|counted| {
                *counted != worker && Workers::<T>::get(counted).is_some_and(|info| info.is_live(now))
            });
            ensure!(length_of(workers) < MaxWorkersPerOperator::<T>::get(), Error::<T>::TooManyWorkers);
            workers.try_push(worker).map_err(|_| Error::<T>::TooManyWorkers)?;
            Ok(())
        })
    }
}

fn length_of(workers: &[WorkerAddress]) -> u32 {
    u32::try_from(workers.len()).unwrap_or(u32::MAX)
}
