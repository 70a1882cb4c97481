//! What calls weigh, measured.
//!
//! Requests are measured with the longest payload, which is read and written with them. Signatures are made by the keys
//! of the environment's keystore.

use crate::{signature::signer, *};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use frame_benchmarking::v2::{account, benchmarks, whitelisted_caller};
use frame_support::{
    BoundedVec,
    traits::{
        EnsureOrigin,
        fungible::{Inspect, Mutate},
    },
};
use frame_system::{RawOrigin, pallet_prelude::BlockNumberFor};
use phat_protocol::{Digest, GenesisHash, WorkerKeys, bounds, substrate};
use sp_io::{
    crypto::{ecdsa_generate, ecdsa_sign, ecdsa_sign_prehashed},
    hashing::blake2_256,
};
use sp_runtime::{KeyTypeId, MultiSignature, traits::Zero};

const KEYS: KeyTypeId = KeyTypeId(*b"phat");
const MEASUREMENT: Measurement = [1; 32];
const CONFIG_HASH: ConfigHash = [2; 32];

/// What benchmarks need of a runtime.
pub trait BenchmarkHelper {
    /// Has [`Config::Time`] be so many seconds of unix time.
    fn set_time(seconds: u64);
}

/// A key of the keystore, made from a secret of 32 bytes.
struct Key(sp_core::ecdsa::Public);

impl Key {
    fn new(secret: &[u8; 32]) -> Self {
        let uri = alloc::format!("{:?}", Digest(*secret));
        Self(ecdsa_generate(KEYS, Some(uri.into_bytes())))
    }

    fn sign(&self, digest: &[u8; 32]) -> [u8; 65] {
        let mut signature = ecdsa_sign_prehashed(KEYS, &self.0, digest).expect("the keystore has the key").0;
        signature[64] += 27;
        signature
    }

    /// As accounts with ECDSA keys sign.
    fn vouch(&self, message: &[u8]) -> MultiSignature {
        MultiSignature::Ecdsa(ecdsa_sign(KEYS, &self.0, message).expect("the keystore has the key"))
    }

    /// The account of the key.
    fn account<T: Config>(&self) -> T::AccountId {
        T::AccountId::decode(&mut blake2_256(&self.0.0).as_slice()).expect("accounts have 32 bytes")
    }

    fn address(&self) -> WorkerAddress {
        let digest = [0; 32];
        signer(&self.sign(&digest), &digest).expect("a signature")
    }
}

/// As the key with this secret signs, for verifiers of other crates too.
pub(crate) fn sign(secret: &[u8; 32], digest: &[u8; 32]) -> [u8; 65] {
    Key::new(secret).sign(digest)
}

/// So many workers of distinct operators, in the order of their addresses, who all have to sign.
fn workers<T: Config>(count: u32) -> Vec<Key> {
    AllowedPairs::<T>::insert((MEASUREMENT, CONFIG_HASH), ());
    Threshold::<T>::put(count);
    let mut keys: Vec<Key> = (1..=count).map(|index| Key::new(&secret(index))).collect();
    keys.sort_by_key(Key::address);
    for (key, index) in keys.iter().zip(0..) {
        Workers::<T>::insert(key.address(), worker::<T>(account("operator", index, 0), u64::MAX));
    }
    keys
}

/// Distinct for each index.
fn secret(index: u32) -> [u8; 32] {
    sp_io::hashing::keccak_256(&index.encode())
}

fn worker<T: Config>(operator: T::AccountId, expiry: u64) -> WorkerInfo<T::AccountId> {
    WorkerInfo {
        operator,
        expiry,
        revoked: false,
        x25519_key: [0; 32],
        vrf_key_hash: [0; 32],
        measurement: MEASUREMENT,
        config_hash: CONFIG_HASH,
    }
}

fn rich<T: Config>(who: &T::AccountId) -> BalanceOf<T> {
    let payment = Price::<T>::get().of(bounds::MAX_PAYLOAD, bounds::MAX_OUTPUT) + T::Currency::minimum_balance();
    T::Currency::set_balance(who, payment + payment + T::Currency::minimum_balance());
    payment
}

fn payload(length: u32) -> Payload {
    (0..length).map(|_| 0x5a).collect::<Vec<u8>>().try_into().expect("within bounds")
}

fn output(length: u32) -> Output {
    (0..length).map(|_| 0xa5).collect::<Vec<u8>>().try_into().expect("within bounds")
}

/// A request with the longest payload, and its requester.
fn asked<T: Config>() -> (RequestId, T::AccountId) {
    let requester: T::AccountId = account("requester", 0, 0);
    let payment = rich::<T>(&requester);
    let question = Question {
        contract_id: [3; 32],
        min_revision: 0,
        payload: payload(bounds::MAX_PAYLOAD),
        max_output: bounds::MAX_OUTPUT,
        expires_at: Pallet::<T>::now() + MinLifetime::<T>::get(),
    };
    (Pallet::<T>::submit(requester.clone(), question, payment).expect("asked"), requester)
}

fn report<T: Config>(length: u32) -> Report<T::AccountId> {
    Report { outcome: 0, output: output(length), executed_at: 0, payee: account("payee", 0, 0) }
}

#[benchmarks]
mod calls {
    use super::*;
    use frame_benchmarking::v2::*;

    #[benchmark]
    fn request(p: Linear<0, { bounds::MAX_PAYLOAD }>) {
        let caller: T::AccountId = whitelisted_caller();
        let payment = rich::<T>(&caller);
        let expires_at = Pallet::<T>::now() + MinLifetime::<T>::get();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), [3; 32], 0, payload(p), bounds::MAX_OUTPUT, expires_at, payment);

        assert_eq!(Requests::<T>::iter().count(), 1);
    }

    #[benchmark]
    fn fulfill(s: Linear<1, { MAX_THRESHOLD }>, o: Linear<0, { bounds::MAX_OUTPUT }>) {
        let keys = workers::<T>(s);
        let (request_id, _) = asked::<T>();
        let report = report::<T>(o);
        let digest = Pallet::<T>::report_digest(&request_id, &report);
        let signatures: Vec<_> = keys.iter().map(|key| key.sign(&digest)).collect();
        let signatures = signatures.try_into().expect("within bounds");

        #[extrinsic_call]
        _(RawOrigin::Signed(whitelisted_caller()), request_id, report, signatures);

        assert!(!Requests::<T>::contains_key(request_id));
    }

    /// A report, as nodes look at it before it is in a block.
    #[benchmark]
    fn authorize_submission(s: Linear<1, { MAX_THRESHOLD }>, o: Linear<0, { bounds::MAX_OUTPUT }>) {
        let keys = workers::<T>(s);
        let (request_id, _) = asked::<T>();
        let payee = Key::new(&secret(0));
        let submission = Submission { submitter: payee.account::<T>(), nonce: 0, last_block: u64::MAX };
        let report = Report { payee: submission.submitter.clone(), ..report::<T>(o) };
        let digest = Pallet::<T>::report_digest(&request_id, &report);
        let signatures: Vec<_> = keys.iter().map(|key| key.sign(&digest)).collect();
        let entries =
            Vec::from([Entry { request_id, report, signatures: signatures.try_into().expect("within bounds") }]);
        let signature = payee.vouch(&Pallet::<T>::submission_digest(&submission, &entries));
        let checked;

        #[block]
        {
            checked = Pallet::<T>::check_submission(&submission, &entries, &signature);
        }

        assert_eq!(checked, Ok(()));
    }

    #[benchmark]
    fn use_nonce() {
        let submission = Submission { submitter: whitelisted_caller::<T::AccountId>(), nonce: 7, last_block: u64::MAX };

        #[block]
        {
            Pallet::<T>::take_submission(&submission, Vec::new());
        }

        assert_eq!(SubmissionNonces::<T>::get(submission.submitter), 8);
    }

    #[benchmark]
    fn retry_callback(o: Linear<0, { bounds::MAX_OUTPUT }>) {
        let (request_id, requester) = asked::<T>();
        let answered = report::<T>(o);
        let mut stored = Requests::<T>::get(request_id).expect("asked");
        Pallet::<T>::release(&requester, stored.payment);
        stored.state = RequestState::CallbackFailed(answered);
        Requests::<T>::insert(request_id, stored);

        #[extrinsic_call]
        _(RawOrigin::Signed(whitelisted_caller()), request_id);

        assert!(!Requests::<T>::contains_key(request_id));
    }

    #[benchmark]
    fn cancel() {
        let (request_id, _) = asked::<T>();
        let expires_at = Requests::<T>::get(request_id).expect("asked").expires_at;
        T::BenchmarkHelper::set_time(expires_at + 1);

        #[extrinsic_call]
        _(RawOrigin::Signed(whitelisted_caller()), request_id);

        assert!(!Requests::<T>::contains_key(request_id));
    }

    #[benchmark]
    fn withdraw() {
        let caller: T::AccountId = whitelisted_caller();
        Credits::<T>::insert(&caller, T::Currency::minimum_balance());

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()));

        assert!(Credits::<T>::get(caller).is_zero());
    }

    /// The operator's list is full of workers that expired.
    #[benchmark]
    fn register_worker() -> Result<(), BenchmarkError> {
        let operator: T::AccountId = account("operator", 0, 0);
        let expired: Vec<WorkerAddress> = (1..=MAX_WORKERS_PER_OPERATOR)
            .map(|index| secret(index).last_chunk().copied().expect("20 of 32 bytes"))
            .collect();
        for address in &expired {
            Workers::<T>::insert(address, WorkerInfo { revoked: true, ..worker::<T>(operator.clone(), 0) });
        }
        WorkersOf::<T>::insert(&operator, BoundedVec::truncate_from(expired));
        AllowedPairs::<T>::insert((MEASUREMENT, CONFIG_HASH), ());
        frame_system::Pallet::<T>::set_block_number(BlockNumberFor::<T>::from(1_u32));
        let keys = WorkerKeys {
            worker: phat_protocol::WorkerAddress([9; 20]),
            x25519: Digest([0; 32]),
            vrf_key_hash: Digest([0; 32]),
        };
        let place = substrate::Registration {
            genesis: GenesisHash(Pallet::<T>::genesis()),
            instance: Pallet::<T>::instance().into(),
            operator: operator.encode(),
            block_number: 0,
            block_hash: Pallet::<T>::genesis().into(),
        };
        let evidence = T::Verifier::evidence(MEASUREMENT, &place.report_data(&keys, &Digest(CONFIG_HASH)).0);
        let registration = WorkerRegistration {
            operator,
            worker: keys.worker.0,
            x25519_key: keys.x25519.0,
            vrf_key_hash: keys.vrf_key_hash.0,
            measurement: MEASUREMENT,
            config_hash: CONFIG_HASH,
            block_number: place.block_number,
            block_hash: place.block_hash.0,
            evidence: evidence.try_into().map_err(|_| "the evidence is too long")?,
        };
        let origin = T::RegisterOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, registration);

        assert!(Workers::<T>::contains_key([9; 20]));
        Ok(())
    }

    #[benchmark]
    fn revoke_worker() -> Result<(), BenchmarkError> {
        let operator: T::AccountId = whitelisted_caller();
        Workers::<T>::insert([9; 20], worker::<T>(operator.clone(), u64::MAX));
        WorkersOf::<T>::insert(&operator, BoundedVec::truncate_from([[9; 20]].into()));

        #[extrinsic_call]
        _(RawOrigin::Signed(operator), [9; 20]);

        assert!(Workers::<T>::get([9; 20]).is_some_and(|info| info.revoked));
        Ok(())
    }

    #[benchmark]
    fn allow_pair() -> Result<(), BenchmarkError> {
        let origin = T::AdditionOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, MEASUREMENT, CONFIG_HASH);

        assert!(AllowedPairs::<T>::contains_key((MEASUREMENT, CONFIG_HASH)));
        Ok(())
    }

    #[benchmark]
    fn disallow_pair() -> Result<(), BenchmarkError> {
        AllowedPairs::<T>::insert((MEASUREMENT, CONFIG_HASH), ());
        let origin = T::AdminOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, MEASUREMENT, CONFIG_HASH);

        assert!(!AllowedPairs::<T>::contains_key((MEASUREMENT, CONFIG_HASH)));
        Ok(())
    }

    /// The setting that writes most.
    #[benchmark]
    fn set() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

        #[extrinsic_call]
        set_lifetimes(origin as T::RuntimeOrigin, bounds::LEAST_LIFETIME, bounds::MAX_LIFETIME);

        assert_eq!(MaxLifetime::<T>::get(), bounds::MAX_LIFETIME);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::chain_with_keys(), crate::tests::mock::Test);
}
