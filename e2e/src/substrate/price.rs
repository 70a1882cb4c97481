//! The example consumer, `pallet-price-consumer`.

use super::{Substrate, account::Signer};
use crate::Asked;
use anyhow::{Context, Result};
use ethers::types::U256;
use phat_protocol::ContractId;
use subxt::{
    dynamic::Value,
    ext::scale_value::{Composite, Primitive, ValueDef},
};

/// The pallet's name in the development runtime.
const PALLET: &str = "PriceConsumer";
/// Who has it ask.
const ASKING: &str = "//Charlie";
/// What a question brings, in the smallest unit.
const PAYMENT: u128 = 1_000_000_000_000;

/// A pallet that asks for prices, and stores them.
#[derive(Debug)]
pub struct PalletConsumer<'s> {
    chain: &'s Substrate,
}

impl<'s> PalletConsumer<'s> {
    /// Has it ask that contract.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn of(chain: &'s Substrate, contract_id: ContractId) -> Result<Self> {
        let fields = vec![("contract_id", Value::from_bytes(contract_id.0)), ("min_revision", Value::u128(0))];
        chain.as_admin(PALLET, "set_contract", fields).await?;
        Ok(Self { chain })
    }

    /// Asks for a pair.
    ///
    /// # Errors
    /// When the extrinsic fails.
    pub async fn ask(&self, base: &str, quote: &str) -> Result<Asked> {
        let fields = vec![Value::from_bytes(base), Value::from_bytes(quote), Value::u128(PAYMENT)];
        let runtime = &self.chain.runtime;
        let block = runtime.included(&Signer::of(ASKING)?, PALLET, "ask", fields).await?;
        block.asked(runtime.genesis()).into_iter().next().context("the pallet asked nothing")
    }

    /// The price that it stores for a pair.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn price(&self, base: &str, quote: &str) -> Result<Option<U256>> {
        let key = Value::unnamed_composite([Value::from_bytes(base), Value::from_bytes(quote)]);
        let stored = self.chain.runtime.stored(PALLET, "Prices", vec![key]).await?;
        stored.map(|price| number(&price).context("a price without a number")).transpose()
    }
}

/// The number in a value: itself, or its first field.
fn number(value: &Value) -> Option<U256> {
    match &value.value {
        ValueDef::Primitive(Primitive::U128(number)) => Some(U256::from(*number)),
        ValueDef::Primitive(Primitive::U256(bytes)) => Some(U256::from_little_endian(bytes)),
        ValueDef::Composite(Composite::Unnamed(limbs)) if limbs.len() == 4 => {
            // A `U256` of four words, the lowest first.
            limbs.iter().rev().try_fold(U256::zero(), |sum, limb| Some((sum << 64) + number(limb)?))
        }
        ValueDef::Composite(fields) => fields.values().next().and_then(number),
        ValueDef::Primitive(_) | ValueDef::Variant(_) | ValueDef::BitSequence(_) => None,
    }
}
