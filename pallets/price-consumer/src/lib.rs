//! An example of a consumer: a pallet that asks a Phat Contract for prices, and keeps what it hears.
//!
//! It asks from an account of its own, which the runtime endows with the existential deposit. Whoever asks through it
//! pays; a request that nobody answers is refunded to them.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod asking;
mod hearing;
mod pair;

pub use pair::{Pair, Ticker, TickerError};
pub use pallet::*;

use frame_support::traits::fungible::Inspect;
use pallet_phat_oracle::{ContractId, RequestId};

/// An amount in the runtime's currency.
pub type BalanceOf<T> = <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// The longest answer, in bytes: a price has 32, and the rest is for errors.
pub const MAX_OUTPUT: u32 = 256;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
    use frame_support::{
        PalletId,
        pallet_prelude::*,
        traits::{UnixTime, fungible},
    };
    use frame_system::pallet_prelude::*;
    use pallet_phat_oracle::Oracle;
    use scale_info::TypeInfo;

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// What the pallet needs of a runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// Who is asked.
        type Oracle: Oracle<Self::AccountId, Balance = BalanceOf<Self>>;

        /// What is paid in.
        type Currency: fungible::Mutate<Self::AccountId>;

        /// The chain's clock.
        type Time: UnixTime;

        /// Whose account the pallet asks from.
        #[pallet::constant]
        type PalletId: Get<PalletId>;

        /// For how many seconds a request can be answered.
        #[pallet::constant]
        type Lifetime: Get<u64>;

        /// May name the contract that is asked.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;
    }

    /// A price, as it was heard last.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
    pub struct Price {
        /// With as many decimals as the contract was told in its init data.
        pub value: u128,
        /// When it was asked for, unix seconds: the workers' claim.
        pub executed_at: u64,
        /// The request that brought it.
        pub request_id: RequestId,
    }

    /// A question that is not answered.
    #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
    pub struct Open<AccountId, Balance> {
        /// Who asked, and is refunded.
        pub asker: AccountId,
        /// For the price of what, in what.
        pub pair: Pair,
        /// What was paid.
        pub payment: Balance,
        /// The contract that was asked.
        pub contract_id: ContractId,
    }

    /// The contract that is asked, and the least revision of its state that may answer.
    #[pallet::storage]
    pub type Contract<T: Config> = StorageValue<_, (ContractId, u64)>;

    /// Prices, by pair.
    #[pallet::storage]
    pub type Prices<T: Config> = StorageMap<_, Blake2_128Concat, Pair, Price>;

    /// Questions that are not answered.
    #[pallet::storage]
    pub type OpenQuestions<T: Config> = StorageMap<_, Identity, RequestId, Open<T::AccountId, BalanceOf<T>>>;

    /// What came back of requests that nobody answered, and to whom it goes.
    #[pallet::storage]
    pub type Refunds<T: Config> = StorageMap<_, Identity, RequestId, (T::AccountId, BalanceOf<T>)>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// The contract that is asked was named.
        ContractChanged {
            /// The contract.
            contract_id: ContractId,
            /// The least revision of its state that may answer.
            min_revision: u64,
        },
        /// Somebody asked for a price.
        PriceAsked {
            /// The request.
            request_id: RequestId,
            /// Who asked.
            asker: T::AccountId,
            /// For the price of what, in what.
            pair: Pair,
        },
        /// A price was heard.
        PriceAnswered {
            /// The request.
            request_id: RequestId,
            /// For the price of what, in what.
            pair: Pair,
            /// With as many decimals as the contract was told.
            value: u128,
        },
        /// The contract had no price.
        PriceFailed {
            /// The request.
            request_id: RequestId,
            /// How the run ended; never 0.
            outcome: u8,
        },
        /// A question that nobody answered was refunded.
        PriceRefunded {
            /// The request.
            request_id: RequestId,
            /// To whom.
            asker: T::AccountId,
            /// How much.
            amount: BalanceOf<T>,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// No contract was named.
        NoContract,
        /// The answer is no unsigned integer of 256 bits that is below 2^128.
        UnreadableAnswer,
        /// The answer is that of a contract which is asked no more.
        ContractReplaced,
        /// The request is none that this pallet waits for.
        UnknownRequest,
        /// The request is answered, or was refunded, or never made.
        NothingToRefund,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Names the contract that is asked from now on. Answers of another are not taken.
        #[pallet::call_index(0)]
        #[pallet::weight(T::DbWeight::get().reads_writes(0, 1))]
        pub fn set_contract(origin: OriginFor<T>, contract_id: ContractId, min_revision: u64) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Contract::<T>::put((contract_id, min_revision));
            Self::deposit_event(Event::ContractChanged { contract_id, min_revision });
            Ok(())
        }

        /// Asks for the price of `base` in `quote`, and pays for it: at least what the oracle wants.
        #[pallet::call_index(1)]
        #[pallet::weight(Pallet::<T>::ask_weight())]
        pub fn ask(origin: OriginFor<T>, base: Ticker, quote: Ticker, payment: BalanceOf<T>) -> DispatchResult {
            let asker = ensure_signed(origin)?;
            Self::ask_for(asker, Pair { base, quote }, payment)
        }

        /// Gives back to who asked what a request cost that expired unanswered. Anyone may, and the request may have
        /// been cancelled already.
        #[pallet::call_index(2)]
        #[pallet::weight(Pallet::<T>::refund_weight())]
        pub fn claim_refund(origin: OriginFor<T>, request_id: RequestId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::refund(request_id)
        }
    }
}
