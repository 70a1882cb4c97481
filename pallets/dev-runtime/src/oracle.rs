//! The oracle, and its consumer.

use crate::{Balances, PhatOracle, PriceConsumer, Runtime, RuntimeHoldReason, Timestamp};
use frame_support::{
    PalletId, parameter_types,
    traits::{ConstU32, ConstU64},
};
use frame_system::EnsureRoot;
use pallet_phat_oracle::{EnsureRootOrSigned, SimulatedVerifier, WorkerAddress, weights::SubstrateWeight};
use sp_runtime::{AccountId32, transaction_validity::TransactionPriority};

/// In seconds.
const HOUR: u64 = 60 * 60;

parameter_types! {
    /// The address of the key that signs simulated evidence.
    pub const DevelopmentKey: WorkerAddress = [
        0x64, 0x62, 0xed, 0x14, 0x5c, 0x51, 0xb5, 0x2b, 0x71, 0xaf, 0x86, 0xe6, 0xcb, 0xc6, 0xd1, 0x6e, 0x5d, 0xe9,
        0x82, 0x42,
    ];
    /// What pays comes first.
    pub const UnsignedPriority: Option<TransactionPriority> = Some(1 << 20);
    pub const ConsumerId: PalletId = PalletId(*b"phat/prc");
}

impl pallet_phat_oracle::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Time = Timestamp;
    type Consumer = PriceConsumer;
    type Verifier = SimulatedVerifier<DevelopmentKey>;
    type RegisterOrigin = EnsureRootOrSigned<AccountId32>;
    type AdminOrigin = EnsureRoot<AccountId32>;
    type AdditionOrigin = EnsureRoot<AccountId32>;
    // The clock of `polkadot-omni-node --dev` begins two hours behind.
    type MaxExecutedAhead = ConstU64<{ 3 * HOUR }>;
    type MaxBatch = ConstU32<64>;
    type UnsignedPriority = UnsignedPriority;
    type WeightInfo = SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Clock;
}

/// The clock, which benchmarks set.
#[cfg(feature = "runtime-benchmarks")]
pub struct Clock;

#[cfg(feature = "runtime-benchmarks")]
impl pallet_phat_oracle::BenchmarkHelper for Clock {
    fn set_time(seconds: u64) {
        pallet_timestamp::Now::<Runtime>::put(seconds * 1_000);
    }
}

impl pallet_price_consumer::Config for Runtime {
    type Oracle = PhatOracle;
    type Currency = Balances;
    type Time = Timestamp;
    type PalletId = ConsumerId;
    // Beyond what the clock can be behind: workers refuse what expired by theirs.
    type Lifetime = ConstU64<{ 4 * HOUR }>;
    type AdminOrigin = EnsureRoot<AccountId32>;
}
