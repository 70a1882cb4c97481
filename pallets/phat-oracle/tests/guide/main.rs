//! The consumer of `docs/frame.md`, and the tests that the guide shows.
#![expect(missing_docs, unreachable_pub, reason = "a test that reads like the crate of a pallet")]

mod bitcoin;

use bitcoin::pallet as pallet_bitcoin;
use frame_support::{
    assert_ok, derive_impl, parameter_types,
    traits::{ConstU32, ConstU64, ConstU128},
};
use frame_system::EnsureRoot;
use pallet_phat_oracle::{
    Answer, EnsureRootOrSigned, OnPhatReport, Requests, SimulatedVerifier, weights::SubstrateWeight,
};
use sp_runtime::{AccountId32, BuildStorage, traits::IdentityLookup};

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeTask
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;
    #[runtime::pallet_index(2)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(3)]
    pub type PhatOracle = pallet_phat_oracle;
    #[runtime::pallet_index(4)]
    pub type Bitcoin = pallet_bitcoin;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountData = pallet_balances::AccountData<u128>;
    type BlockHashCount = ConstU32<256>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = u128;
    type ExistentialDeposit = ConstU128<1>;
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
}

impl pallet_timestamp::Config for Test {
    type Moment = u64;
    type OnTimestampSet = ();
    type MinimumPeriod = ConstU64<1>;
    type WeightInfo = ();
}

parameter_types! {
    pub const DevelopmentKey: [u8; 20] = [0; 20];
    pub const PriceContract: [u8; 32] = [0xc0; 32];
}

impl pallet_phat_oracle::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Time = Timestamp;
    type Consumer = Bitcoin;
    type Verifier = SimulatedVerifier<DevelopmentKey>;
    type RegisterOrigin = EnsureRootOrSigned<AccountId32>;
    type AdminOrigin = EnsureRoot<AccountId32>;
    type AdditionOrigin = EnsureRoot<AccountId32>;
    type MaxExecutedAhead = ConstU64<300>;
    type MaxBatch = ConstU32<16>;
    type UnsignedPriority = ();
    type WeightInfo = SubstrateWeight<Test>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = NoClock;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct NoClock;

#[cfg(feature = "runtime-benchmarks")]
impl pallet_phat_oracle::BenchmarkHelper for NoClock {
    fn set_time(seconds: u64) {
        Timestamp::set_timestamp(seconds * 1_000);
    }
}

impl pallet_bitcoin::Config for Test {
    type Oracle = PhatOracle;
    type Time = Timestamp;
    type ContractId = PriceContract;
}

const ALICE: AccountId32 = AccountId32::new([1; 32]);

fn chain() -> sp_io::TestExternalities {
    let balances = vec![(Bitcoin::account(), 1_000_000)];
    let balances = BalancesConfig { balances, ..Default::default() };
    let genesis = RuntimeGenesisConfig { balances, ..Default::default() };
    genesis.build_storage().expect("a genesis").into()
}

#[test]
fn it_asks_and_hears() {
    chain().execute_with(|| {
        assert_ok!(Bitcoin::ask(RuntimeOrigin::signed(ALICE)));
        let (request_id, request) = Requests::<Test>::iter().next().expect("a request");
        assert_eq!(request.payload.as_slice(), br#"{"base":"BTC","quote":"USD"}"#);

        let mut output = [0; 32];
        output[31] = 42;
        let requester = Bitcoin::account();
        let answer = Answer { request_id, requester: &requester, outcome: 0, output: &output, executed_at: 0 };
        assert_ok!(Bitcoin::on_phat_report(&answer));
        assert_eq!(pallet_bitcoin::Price::<Test>::get(), Some(42));
    });
}

#[test]
fn the_guide_shows_what_is_tested() {
    let guide = include_str!("../../../../docs/frame.md");
    let shown = |source: &str| guide.contains(source.trim());
    assert!(shown(include_str!("bitcoin.rs")), "docs/frame.md and bitcoin.rs differ");
    let test = include_str!("main.rs");
    let start = test.find("#[test]\nfn it_asks_and_hears").expect("a test");
    let end = test[start..].find("\n}\n").expect("its end") + start + 2;
    assert!(shown(&test[start..end]), "docs/frame.md and the test differ");
    let start = test.find("impl pallet_phat_oracle::Config for Test {").expect("a configuration");
    let end = test[start..].find("    #[cfg(feature").expect("its end") + start;
    assert!(shown(&test[start..end].replace("Test", "Runtime")), "docs/frame.md and the configuration differ");
}
