//! The example that asks for random values.

use crate::{Asked, Chain, Oracle, bindings::dice, consumer::mined, phat_oracle::PhatOracle};
use anyhow::Result;
use ethers::providers::{Http, Provider};
use ethers::types::U256;
use phat_protocol::{ContractId, Digest, RequestId};

/// What is known of a roll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roll {
    /// Nothing yet.
    Rolling,
    /// The face that lies on top.
    Landed(u8),
    /// The answer was none; what was wrong with it, as `PhatRandomness.Verdict` numbers it.
    Void(u8),
}

/// The example consumer, `Dice`.
#[derive(Clone, Debug)]
pub struct Dice {
    contract: dice::Dice<Provider<Http>>,
    oracle: PhatOracle<Provider<Http>>,
}

impl Dice {
    /// Deploys it, to ask `contract_id`, and to believe the key with this hash.
    ///
    /// # Errors
    /// When the transaction fails.
    pub async fn deploy(chain: &Chain, oracle: &Oracle, contract_id: ContractId, vrf_key_hash: Digest) -> Result<Self> {
        let arguments = (oracle.address, contract_id.0, vrf_key_hash.0);
        let contract = dice::Dice::deploy(chain.provider(), arguments)?.send().await?;
        Ok(Self { contract, oracle: PhatOracle::new(oracle.address, chain.provider()) })
    }

    /// Rolls, and pays what is due.
    ///
    /// # Errors
    /// When the transaction fails.
    pub async fn roll(&self) -> Result<Asked> {
        let gas = self.contract.callback_gas_limit().call().await?;
        let due = self.oracle.quote(gas, U256::zero(), self.contract.max_output().call().await?).call().await?;
        Asked::from_receipt(&mined(self.contract.roll().value(due)).await?, self.oracle.address())
    }

    /// What is known of a roll.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn outcome_of(&self, id: RequestId) -> Result<Roll> {
        let (_, _, face, void) = self.contract.rolls(id.0).call().await?;
        if !void {
            return Ok(if face == 0 { Roll::Rolling } else { Roll::Landed(face) });
        }
        let filter = self.contract.event::<dice::VoidFilter>().from_block(0).topic1(ethers::types::H256(id.0));
        let verdicts: Vec<u8> = filter.query().await?.into_iter().map(|event| event.verdict).collect();
        anyhow::ensure!(verdicts.len() == 1, "void {} times", verdicts.len());
        Ok(Roll::Void(verdicts[0]))
    }
}
