//! What the pallet keeps.

use frame_support::pallet_macros::pallet_section;

/// The storage, as a part of the pallet's module.
#[pallet_section]
mod storage {
    /// Requests that are not answered, and those whose consumer failed when it was called.
    #[pallet::storage]
    pub type Requests<T: Config> = StorageMap<_, Identity, RequestId, StoredRequestOf<T>>;

    /// The sequence of the next request.
    #[pallet::storage]
    pub type NextSequence<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<1>>;

    /// What accounts may withdraw.
    #[pallet::storage]
    pub type Credits<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, BalanceOf<T>, ValueQuery>;

    /// The lowest nonce that a payee's next unsigned submission may have.
    #[pallet::storage]
    pub type SubmissionNonces<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u64, ValueQuery>;

    /// Whether asking, fulfilling and retrying are stopped.
    #[pallet::storage]
    pub type Paused<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// How many workers must have signed a report.
    #[pallet::storage]
    pub type Threshold<T: Config> = StorageValue<_, u32, ValueQuery, ConstU32<1>>;

    /// How far ahead of the clock a request must expire at least, in seconds.
    #[pallet::storage]
    pub type MinLifetime<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<{ settings::DEFAULT_MIN_LIFETIME }>>;

    /// How far ahead of the clock a request may expire at most, in seconds.
    #[pallet::storage]
    pub type MaxLifetime<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<{ settings::DEFAULT_MAX_LIFETIME }>>;

    /// The least that requests cost.
    #[pallet::storage]
    pub type Price<T: Config> = StorageValue<_, Prices<BalanceOf<T>>, ValueQuery>;

    /// Every worker that was ever registered. One counts unless it is revoked, until it expires, and while its pair is
    /// allowed.
    #[pallet::storage]
    pub type Workers<T: Config> = StorageMap<_, Blake2_128Concat, WorkerAddress, WorkerInfo<T::AccountId>>;

    /// The workers of an operator that count against its limit: neither revoked nor, when it was written, expired.
    #[pallet::storage]
    pub type WorkersOf<T: Config> = StorageMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        BoundedVec<WorkerAddress, ConstU32<MAX_WORKERS_PER_OPERATOR>>,
        ValueQuery,
    >;

    /// The pairs of measurement and configuration hash that workers may have.
    #[pallet::storage]
    pub type AllowedPairs<T: Config> = StorageMap<_, Blake2_128Concat, (Measurement, ConfigHash), ()>;

    /// How many workers an operator may have.
    #[pallet::storage]
    pub type MaxWorkersPerOperator<T: Config> = StorageValue<_, u32, ValueQuery, ConstU32<2>>;

    /// How long a registration counts, in seconds.
    #[pallet::storage]
    pub type RegistrationValidity<T: Config> =
        StorageValue<_, u64, ValueQuery, ConstU64<{ settings::DEFAULT_REGISTRATION_VALIDITY }>>;
}
