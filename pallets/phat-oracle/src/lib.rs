//! The oracle of Phat Contracts for FRAME runtimes.
//!
//! An account or a pallet asks ([`Call::request`], [`Oracle::ask`]); a relayer carries the report of an enclave back
//! ([`Call::fulfill`]); the pallet checks the workers' signatures, pays whom the report names, and calls the consumer
//! ([`OnPhatReport`]). `docs/protocol.md` defines ids, digests and rules; `docs/frame.md` shows how to use the pallet.
//!
//! # What always holds
//! - What the payments of an account's pending requests add up to is on hold there for [`HoldReason::Payment`].
//! - Every other amount that a request brought is with whom it belongs to, or in [`Credits`].
//! - A request is answered once: it is gone, or waits with its answer, before its consumer is called.
//! - What a consumer does in a callback that fails is undone, and nothing else.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod answering;
mod asking;
mod attestation;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod consumer;
mod event;
#[cfg(any(feature = "try-runtime", test))]
mod integrity;
pub mod migration;
mod oracle;
mod origin;
mod payment;
mod registry;
mod report;
mod request;
mod settings;
mod signature;
mod skip_reason;
mod storage;
mod submission;
#[cfg(test)]
mod tests;
pub mod weights;
mod worker;

pub use attestation::{AttestationVerifier, Attested, EvidenceRefused, SimulatedVerifier};
#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use consumer::{Answer, Closed, OnPhatReport};
pub use oracle::{Oracle, Question, RequestStatus};
pub use origin::EnsureRootOrSigned;
pub use pallet::*;
pub use report::{Entry, Report, Signatures};
pub use request::{RequestState, StoredRequest};
pub use settings::{MAX_THRESHOLD, Prices};
pub use skip_reason::SkipReason;
pub use submission::{Submission, SubmissionRefused};
pub use weights::WeightInfo;
pub use worker::{MAX_EVIDENCE, MAX_REGISTRATION_VALIDITY, MAX_WORKERS_PER_OPERATOR, WorkerInfo, WorkerRegistration};

use frame_support::{
    pallet_macros::import_section,
    traits::{ConstU32, fungible::Inspect},
};
use frame_system::pallet_prelude::BlockNumberFor;
use phat_protocol::bounds;
use sp_runtime::MultiSignature;

/// A request's id.
pub type RequestId = [u8; 32];
/// A Phat Contract's id.
pub type ContractId = [u8; 32];
/// A worker's name: the Ethereum-style address of its secp256k1 key.
pub type WorkerAddress = [u8; 20];
/// A measurement: what hardware says is running.
pub type Measurement = [u8; 32];
/// The hash of an enclave's configuration.
pub type ConfigHash = [u8; 32];
/// What a request asks, at most [`bounds::MAX_PAYLOAD`] bytes.
pub type Payload = frame_support::BoundedVec<u8, ConstU32<{ bounds::MAX_PAYLOAD }>>;
/// What a report answers, at most [`bounds::MAX_OUTPUT`] bytes.
pub type Output = frame_support::BoundedVec<u8, ConstU32<{ bounds::MAX_OUTPUT }>>;
/// An amount in the runtime's currency.
pub type BalanceOf<T> = <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

type StoredRequestOf<T> = StoredRequest<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;
type ReportOf<T> = Report<<T as frame_system::Config>::AccountId>;
type EntryOf<T> = Entry<<T as frame_system::Config>::AccountId>;

#[expect(clippy::type_complexity, reason = "the macro names the type of what looks at unsigned calls")]
#[import_section(event::events)]
#[import_section(storage::storage)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use frame_support::{
        pallet_prelude::*,
        traits::{ConstU64, UnixTime, fungible},
    };
    use frame_system::pallet_prelude::*;

    /// The layout of the pallet's storage.
    pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the pallet needs of a runtime. Accounts have 32 bytes, as the report's digest has them.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId: Into<[u8; 32]>, Hash: Into<[u8; 32]>, RuntimeEvent: From<Event<Self>>>
    {
        /// What is paid in. Mints only what it burned before: a payment that the payee's account could not take.
        type Currency: fungible::Mutate<Self::AccountId, Balance: Into<u128>>
            + fungible::hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;

        /// The runtime's reasons for holds.
        type RuntimeHoldReason: From<HoldReason>;

        /// The chain's clock.
        type Time: UnixTime;

        /// Who hears the answers; a tuple of pallets, or `()`.
        type Consumer: OnPhatReport<Self::AccountId>;

        /// Checks the evidence that workers register with.
        type Verifier: AttestationVerifier;

        /// May register workers: its own, where it is an account, and anyone's otherwise.
        type RegisterOrigin: EnsureOrigin<Self::RuntimeOrigin, Success = Option<Self::AccountId>>;

        /// May take away and change what lets nobody new in, at once: revoke, disallow, pause, set.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// May add to what is trusted: allow a pair, lower the threshold, let operators have more workers or
        /// registrations last longer. A runtime with a timelock names it here, and [`Config::AdminOrigin`] otherwise.
        type AdditionOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// How far ahead of the clock a report may say that it ran, in seconds: [`bounds::MAX_EXECUTED_AHEAD`] but on
        /// development chains whose clock is behind.
        #[pallet::constant]
        type MaxExecutedAhead: Get<u64>;

        /// The most entries of a batch.
        #[pallet::constant]
        type MaxBatch: Get<u32>;

        /// The priority of a submitter's first unsigned submission in pools; each later one has less. None lets in
        /// no unsigned submissions. Where there are any, the runtime's transaction extensions begin with
        /// `frame_system::AuthorizeCall`.
        #[pallet::constant]
        type UnsignedPriority: Get<Option<TransactionPriority>>;

        /// What calls weigh.
        type WeightInfo: WeightInfo;

        /// Sets the clock for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper;
    }

    /// What accounts' money is on hold for.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The payments of pending requests.
        Payment,
    }

    /// The settings at the chain's start.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Pairs of measurement and configuration hash that workers may have.
        pub allowed_pairs: alloc::vec::Vec<(Measurement, ConfigHash)>,
        /// The least that requests cost.
        pub price: Prices<BalanceOf<T>>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            Pallet::<T>::start(self);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            Self::check_runtime();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::check_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Asks a Phat Contract. `payment`, at least the price, is held until the request is answered or cancelled.
        /// `expires_at` is in unix seconds, `max_output` in bytes.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::request(asking::length(payload)))]
        pub fn request(
            origin: OriginFor<T>,
            contract_id: ContractId,
            min_revision: u64,
            payload: Payload,
            max_output: u32,
            expires_at: u64,
            payment: BalanceOf<T>,
        ) -> DispatchResult {
            let requester = ensure_signed(origin)?;
            let question = Question { contract_id, min_revision, payload, max_output, expires_at };
            Self::submit(requester, question, payment).map(|_| ())
        }

        /// Answers a request with a report that exactly the threshold's number of workers signed. Anyone may; no fee
        /// is paid for a report that is accepted.
        #[pallet::call_index(1)]
        #[pallet::weight(Pallet::<T>::fulfill_weight(report, signatures))]
        pub fn fulfill(
            origin: OriginFor<T>,
            request_id: RequestId,
            report: ReportOf<T>,
            signatures: Signatures,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Self::ensure_not_paused()?;
            Self::answer(request_id, report, &signatures).map_err(Error::<T>::from)?;
            Ok(Pays::No.into())
        }

        /// Answers several requests. An entry that can't be taken is passed over with an event; no fee is paid when
        /// every entry was taken.
        #[pallet::call_index(2)]
        #[pallet::weight(Pallet::<T>::batch_weight(entries))]
        pub fn fulfill_batch(
            origin: OriginFor<T>,
            entries: BoundedVec<EntryOf<T>, T::MaxBatch>,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Self::ensure_not_paused()?;
            ensure!(!entries.is_empty(), Error::<T>::EmptyBatch);
            Ok(Self::answer_all(entries.into_inner()))
        }

        /// Calls a consumer again that failed, until the request expires. Anyone may.
        #[pallet::call_index(3)]
        #[pallet::weight(Pallet::<T>::retry_weight(request_id))]
        pub fn retry_callback(origin: OriginFor<T>, request_id: RequestId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::ensure_not_paused()?;
            Self::retry(request_id)
        }

        /// Gives up a request that expired, and releases its payment. An answer that its consumer did not take is
        /// forgotten. Anyone may.
        #[pallet::call_index(4)]
        #[pallet::weight(<Pallet<T> as Oracle<T::AccountId>>::cancel_weight())]
        pub fn cancel(origin: OriginFor<T>, request_id: RequestId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::give_up(request_id)
        }

        /// Pays out the sender's credit.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::withdraw())]
        pub fn withdraw(origin: OriginFor<T>) -> DispatchResult {
            Self::pay_credit(&ensure_signed(origin)?)
        }

        /// Registers a worker, or renews its registration, with evidence of what it runs.
        #[pallet::call_index(6)]
        #[pallet::weight(Pallet::<T>::register_weight(registration))]
        pub fn register_worker(origin: OriginFor<T>, registration: WorkerRegistration<T::AccountId>) -> DispatchResult {
            let operator = T::RegisterOrigin::ensure_origin(origin)?;
            ensure!(operator.is_none_or(|operator| operator == registration.operator), Error::<T>::NotOperator);
            Self::register(registration)
        }

        /// Revokes a worker for ever. The admin may, and the worker's operator.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::revoke_worker())]
        pub fn revoke_worker(origin: OriginFor<T>, worker: WorkerAddress) -> DispatchResult {
            if let Err(origin) = T::AdminOrigin::try_origin(origin) {
                let sender = ensure_signed(origin)?;
                let operator = Workers::<T>::get(worker).map(|info| info.operator);
                ensure!(operator == Some(sender), Error::<T>::NotOperator);
            }
            Self::revoke(worker)
        }

        /// Lets workers of a measurement and configuration register, and count.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::allow_pair())]
        pub fn allow_pair(origin: OriginFor<T>, measurement: Measurement, config_hash: ConfigHash) -> DispatchResult {
            T::AdditionOrigin::ensure_origin(origin)?;
            AllowedPairs::<T>::insert((measurement, config_hash), ());
            Self::deposit_event(Event::PairAllowed { measurement, config_hash });
            Ok(())
        }

        /// Has workers of a measurement and configuration count no more.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::disallow_pair())]
        pub fn disallow_pair(
            origin: OriginFor<T>,
            measurement: Measurement,
            config_hash: ConfigHash,
        ) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            AllowedPairs::<T>::remove((measurement, config_hash));
            Self::deposit_event(Event::PairDisallowed { measurement, config_hash });
            Ok(())
        }

        /// Sets how many workers must have signed a report: 1 to [`MAX_THRESHOLD`].
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::set())]
        pub fn set_threshold(origin: OriginFor<T>, threshold: u32) -> DispatchResult {
            Self::ensure_may_set(origin, threshold < Threshold::<T>::get())?;
            Self::change_threshold(threshold)
        }

        /// Sets how far ahead of the clock requests must expire, in seconds: 60 <= min <= max <= 30 days.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::set())]
        pub fn set_lifetimes(origin: OriginFor<T>, min: u64, max: u64) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::change_lifetimes(min, max)
        }

        /// Sets the least that requests cost.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::set())]
        pub fn set_price(origin: OriginFor<T>, price: Prices<BalanceOf<T>>) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::change_price(price);
            Ok(())
        }

        /// Stops asking, fulfilling and retrying, or lets them go on. Cancelling and withdrawing always go on.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::set())]
        pub fn set_paused(origin: OriginFor<T>, paused: bool) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::change_paused(paused);
            Ok(())
        }

        /// Sets how many workers an operator may have: 1 to [`MAX_WORKERS_PER_OPERATOR`].
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::set())]
        pub fn set_max_workers_per_operator(origin: OriginFor<T>, max: u32) -> DispatchResult {
            Self::ensure_may_set(origin, max > MaxWorkersPerOperator::<T>::get())?;
            Self::change_max_workers_per_operator(max)
        }

        /// Sets how long registrations count that are made from now on: 1 s to [`MAX_REGISTRATION_VALIDITY`].
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::set())]
        pub fn set_registration_validity(origin: OriginFor<T>, validity: u64) -> DispatchResult {
            Self::ensure_may_set(origin, validity > RegistrationValidity::<T>::get())?;
            Self::change_registration_validity(validity)
        }

        /// Answers several requests in an extrinsic that nobody signs and pays for: the payee of every report signs
        /// `submission` and `entries` instead. It is included only where every entry is taken.
        #[pallet::call_index(16)]
        #[pallet::weight(Pallet::<T>::submission_weight(entries))]
        #[pallet::authorize(Pallet::<T>::authorize_submission)]
        #[pallet::weight_of_authorize(Pallet::<T>::authorize_weight(entries))]
        pub fn fulfill_batch_unsigned(
            origin: OriginFor<T>,
            submission: Submission<T::AccountId>,
            entries: BoundedVec<EntryOf<T>, T::MaxBatch>,
            signature: MultiSignature,
        ) -> DispatchResultWithPostInfo {
            ensure_authorized(origin)?;
            let _ = signature;
            Ok(Self::take_submission(&submission, entries.into_inner()))
        }
    }
}
