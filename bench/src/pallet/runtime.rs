//! As much of a runtime as pallet-contracts takes, with the pallets' own settings for tests but for what these
//! contracts need.

use frame_support::{
    derive_impl, parameter_types,
    traits::{ConstU32, Randomness, Time},
};
use frame_system::pallet_prelude::BlockNumberFor;
use pallet_contracts::{Frame, Limits, Schedule};
use sp_runtime::{AccountId32, traits::IdentityLookup};

frame_support::construct_runtime!(
    pub enum Runtime {
        System: frame_system,
        Balances: pallet_balances,
        Contracts: pallet_contracts,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Runtime {
    type Block = frame_system::mocking::MockBlock<Runtime>;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
    type AccountStore = System;
}

parameter_types! {
    /// Guests are built with room for 64 pages, of which they begin with a few.
    pub Costs: Schedule<Runtime> =
        Schedule { limits: Limits { memory_pages: 64, ..Limits::default() }, ..Schedule::default() };
}

#[derive_impl(pallet_contracts::config_preludes::TestDefaultConfig)]
impl pallet_contracts::Config for Runtime {
    type Currency = Balances;
    type CallStack = [Frame<Self>; 5];
    type Schedule = Costs;
    type MaxDelegateDependencies = ConstU32<32>;
    type Time = Standing;
    type Randomness = Standing;
}

/// No answer depends on the time or on chance here.
pub struct Standing;

impl Time for Standing {
    type Moment = u64;

    fn now() -> u64 {
        1_800_000_000_000
    }
}

impl Randomness<<Runtime as frame_system::Config>::Hash, BlockNumberFor<Runtime>> for Standing {
    fn random(_subject: &[u8]) -> (<Runtime as frame_system::Config>::Hash, BlockNumberFor<Runtime>) {
        (Default::default(), 0)
    }
}
