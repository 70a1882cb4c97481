//! The chain's start.

use crate::{
    Balance, BalancesConfig, EXISTENTIAL_DEPOSIT, PhatOracleConfig, PriceConsumer, RuntimeGenesisConfig, SudoConfig,
    UNIT,
};
use alloc::vec::Vec;
use pallet_phat_oracle::Prices;
use sp_genesis_builder::{DEV_RUNTIME_PRESET, PresetId};
use sp_keyring::Sr25519Keyring;
use sp_runtime::AccountId32;

/// How long a slot is where a node has slots, in milliseconds.
pub(crate) const SLOT_DURATION: u64 = 1_000;

/// What the accounts of the well-known keys have at the start.
const ENDOWMENT: Balance = 1_000_000 * UNIT;

/// The least that requests cost.
const PRICE: Prices<Balance> =
    Prices { per_request: UNIT / 100, per_payload_byte: UNIT / 1_000_000, per_output_byte: UNIT / 1_000_000 };

/// The genesis configuration of a preset's name, as JSON. There is `development`: the well-known keys have accounts,
/// and Alice has sudo.
pub fn preset(id: &PresetId) -> Option<Vec<u8>> {
    (id.as_str() == DEV_RUNTIME_PRESET).then(|| serde_json::to_vec(&development()).ok()).flatten()
}

fn development() -> RuntimeGenesisConfig {
    let consumer = PriceConsumer::account();
    let named = Sr25519Keyring::iter().map(|key| (key.to_account_id(), ENDOWMENT));
    let balances: Vec<(AccountId32, Balance)> = named.chain([(consumer, EXISTENTIAL_DEPOSIT)]).collect();
    RuntimeGenesisConfig {
        balances: BalancesConfig { balances, ..Default::default() },
        sudo: SudoConfig { key: Some(Sr25519Keyring::Alice.to_account_id()) },
        phat_oracle: PhatOracleConfig { allowed_pairs: Vec::new(), price: PRICE },
        ..Default::default()
    }
}
