#[frame_support::pallet]
pub mod pallet {
    use frame_support::{PalletId, pallet_prelude::*, traits::UnixTime};
    use frame_system::pallet_prelude::*;
    use pallet_phat_oracle::{Answer, ContractId, OnPhatReport, Oracle, Payload, Question};
    use sp_runtime::traits::AccountIdConversion;

    const PAYLOAD: &[u8] = br#"{"base":"BTC","quote":"USD"}"#;
    const MAX_OUTPUT: u32 = 256;

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        type Oracle: Oracle<Self::AccountId>;
        type Time: UnixTime;
        type ContractId: Get<ContractId>;
    }

    #[pallet::storage]
    pub type Price<T> = StorageValue<_, u128>;

    #[pallet::error]
    pub enum Error<T> {
        NoPrice,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        #[pallet::call_index(0)]
        #[pallet::weight(T::Oracle::ask_weight(64))]
        pub fn ask(origin: OriginFor<T>) -> DispatchResult {
            ensure_signed(origin)?;
            let question = Question {
                contract_id: T::ContractId::get(),
                min_revision: 0,
                payload: Payload::truncate_from(PAYLOAD.to_vec()),
                max_output: MAX_OUTPUT,
                expires_at: T::Time::now().as_secs() + 3_600,
            };
            T::Oracle::ask(Self::account(), question, T::Oracle::quote(64, MAX_OUTPUT))?;
            Ok(())
        }
    }

    impl<T: Config> Pallet<T> {
        pub fn account() -> T::AccountId {
            PalletId(*b"bitcoin!").into_account_truncating()
        }
    }

    impl<T: Config> OnPhatReport<T::AccountId> for Pallet<T> {
        fn asks_from(requester: &T::AccountId) -> bool {
            *requester == Self::account()
        }

        fn weight(_: u32) -> Weight {
            T::DbWeight::get().writes(1)
        }

        fn on_phat_report(answer: &Answer<'_, T::AccountId>) -> DispatchResult {
            // 0 is Ok; anything else is a failure, which this consumer passes over.
            if answer.outcome == 0 {
                // abi.encode(uint256), as ready-made contracts answer.
                let value = answer.output.last_chunk().ok_or(Error::<T>::NoPrice)?;
                Price::<T>::put(u128::from_be_bytes(*value));
            }
            Ok(())
        }
    }
}
