//! pallet-contracts: the contract on a chain whose state is in memory, called as a node's `ContractsApi` calls
//! it, without a transaction, a signature or a block around it.

mod runtime;

use crate::{contract::Contract, host::Host};
use anyhow::{Result, anyhow, ensure};
use frame_support::weights::Weight;
use pallet_contracts::{Code, CollectEvents, DebugInfo, Determinism};
use runtime::{Balances, Contracts, Runtime, System};
use sp_io::TestExternalities;
use sp_runtime::{AccountId32, BuildStorage};

/// The contract, ready to be called.
pub(crate) struct Pallet {
    state: TestExternalities,
    contract: AccountId32,
    input: Vec<u8>,
}

const CALLER: AccountId32 = AccountId32::new([1; 32]);
/// More than any call takes.
const GAS: Weight = Weight::from_parts(u64::MAX / 2, u64::MAX / 2);

impl Pallet {
    /// Uploads and instantiates.
    pub(crate) fn deploy(contract: &Contract) -> Result<Self> {
        let genesis = frame_system::GenesisConfig::<Runtime>::default().build_storage();
        let mut state = TestExternalities::new(genesis.map_err(|error| anyhow!("{error}"))?);
        let made = state.execute_with(|| {
            System::set_block_number(1);
            let _ = <Balances as frame_support::traits::Currency<_>>::deposit_creating(&CALLER, u64::MAX / 2);
            Contracts::bare_instantiate(
                CALLER,
                0,
                GAS,
                None,
                Code::Upload(contract.wasm.clone()),
                contract.init.clone(),
                Vec::new(),
                DebugInfo::Skip,
                CollectEvents::Skip,
            )
        });
        let made =
            made.result.map_err(|error| anyhow!("pallet-contracts doesn't deploy {}: {error:?}", contract.name))?;
        ensure!(!made.result.did_revert(), "pallet-contracts: {} reverts its constructor", contract.name);
        Ok(Self { state, contract: made.account_id, input: contract.input.clone() })
    }
}

impl Host for Pallet {
    fn name(&self) -> &'static str {
        "pallet"
    }

    fn call(&mut self) -> Result<Vec<u8>> {
        let Self { state, contract, input } = self;
        let called = state.execute_with(|| {
            Contracts::bare_call(
                CALLER,
                contract.clone(),
                0,
                GAS,
                None,
                input.clone(),
                DebugInfo::Skip,
                CollectEvents::Skip,
                Determinism::Enforced,
            )
        });
        let returned = called.result.map_err(|error| anyhow!("pallet-contracts: {error:?}"))?;
        ensure!(!returned.did_revert(), "pallet-contracts: the call reverts");
        Ok(returned.data)
    }
}
