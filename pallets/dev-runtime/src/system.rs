//! Blocks, transactions, and the pallets that every chain has.

use crate::{
    AllPalletsWithSystem, Balance, OriginCaller, PalletInfo, Runtime, RuntimeCall, RuntimeEvent, RuntimeOrigin,
    RuntimeTask,
};
use alloc::borrow::Cow;
use frame_support::{
    derive_impl,
    dispatch::DispatchClass,
    parameter_types,
    traits::{ConstU16, ConstU32, ConstU64},
    weights::{
        Weight,
        constants::{RocksDbWeight, WEIGHT_REF_TIME_PER_SECOND},
    },
};
use frame_system::limits::{BlockLength, BlockWeights};
use sp_runtime::{AccountId32, MultiAddress, MultiSignature, Perbill, generic, traits::BlakeTwo256};
use sp_version::RuntimeVersion;

/// How accounts are named in transactions.
pub type Address = MultiAddress<AccountId32, ()>;
/// Signatures of sr25519, ed25519 and ECDSA keys.
pub type Signature = MultiSignature;
/// A block's header.
pub type Header = generic::Header<u32, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// What is checked of each transaction beside its signature.
pub type TxExtension = (
    frame_system::AuthorizeCall<Runtime>,
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckEra<Runtime>,
    frame_system::CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
    pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
);
/// A transaction.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// Executes blocks.
pub type Executive =
    frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem>;

/// The runtime's version.
macro_rules! version {
    ($spec_version:tt, $transaction_version:tt) => {
        /// What the runtime calls itself.
        #[sp_version::runtime_version]
        pub const VERSION: RuntimeVersion = RuntimeVersion {
            spec_name: Cow::Borrowed("phat-dev"),
            impl_name: Cow::Borrowed("phat-dev"),
            authoring_version: 1,
            spec_version: $spec_version,
            impl_version: 1,
            apis: crate::apis::RUNTIME_API_VERSIONS,
            transaction_version: $transaction_version,
            system_version: 1,
        };
    };
}

#[cfg(not(feature = "next"))]
version!(1, 1);
#[cfg(feature = "next")]
version!(2, 2);

parameter_types! {
    pub const Version: RuntimeVersion = VERSION;
    /// Two seconds of a block are for executing it, and three quarters of that for transactions that pay.
    pub Weights: BlockWeights = BlockWeights::with_sensible_defaults(
        Weight::from_parts(2 * WEIGHT_REF_TIME_PER_SECOND, 5 * 1024 * 1024),
        NORMAL_SHARE,
    );
    pub Length: BlockLength = BlockLength::builder()
        .max_length(5 * 1024 * 1024)
        .modify_max_length_for_class(DispatchClass::Normal, |max| *max = NORMAL_SHARE * *max)
        .build();
}

const NORMAL_SHARE: Perbill = Perbill::from_percent(75);

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
    type Block = Block;
    type BlockWeights = Weights;
    type BlockLength = Length;
    type BlockHashCount = ConstU32<4096>;
    type DbWeight = RocksDbWeight;
    type Version = Version;
    type AccountData = pallet_balances::AccountData<Balance>;
    type SS58Prefix = ConstU16<42>;
    type MaxConsumers = ConstU32<16>;
}

impl pallet_timestamp::Config for Runtime {
    type Moment = u64;
    type OnTimestampSet = ();
    type MinimumPeriod = ConstU64<1>;
    type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}

impl pallet_sudo::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}

impl pallet_utility::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}
