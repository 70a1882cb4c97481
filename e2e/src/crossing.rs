//! One relayer between an EVM chain and a Substrate chain.

use crate::{Environment, Evm, Ground, Guest, OracleEnd, Settings, Substrate, settings::ether};
use anyhow::Result;
use serde_json::{Value, json};

/// What the relayer's configuration calls the Substrate chain.
const SUBSTRATE_NAME: &str = "relay";

/// What the contract at [`ANSWERING`] returns, whatever it is asked.
pub const ANSWER: u8 = 42;
/// Where [`Crossing::answering`] puts a contract.
pub const ANSWERING: &str = "0x4242424242424242424242424242424242424242";
/// PUSH1 42, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN.
const CODE: &str = "0x602a60005260206000f3";

/// An environment whose relayer and worker serve a Substrate chain too, and whose guests may read both chains' nodes.
#[derive(Debug)]
pub struct Crossing {
    /// The parts, with the EVM chain.
    pub environment: Environment,
    /// The Substrate chain.
    pub substrate: Substrate,
}

impl Crossing {
    /// Starts the parts, and has the worker registered on both chains.
    ///
    /// # Errors
    /// When a part doesn't come up.
    pub async fn start(mut settings: Settings) -> Result<Self> {
        let (anvil, chopsticks) = (Evm::node(&settings).await?, Substrate::node(&settings).await?);
        settings.allowed.extend([anvil.address(), chopsticks.address()]);
        let mut ground = Ground::<Evm>::on(anvil, settings).await?;
        let substrate = Substrate::deploy(chopsticks, &ground.settings, &ground.enclave).await?;
        ground.settings.other_chains.push((SUBSTRATE_NAME.to_owned(), substrate.chain_config()?));
        let (funds, progress) = (ground.settings.funds, ground.settings.progress);
        let environment = Environment::on(ground).await?;
        substrate.fund(funds.max(ether(1))).await?;
        environment.api_command(["worker", "register", "--chain", SUBSTRATE_NAME]).await?;
        progress("the worker is registered on the Substrate chain too");
        Ok(Self { environment, substrate })
    }

    /// `substrate-read`, reading what is issued of the Substrate chain's currency.
    ///
    /// # Errors
    /// When its module isn't built.
    pub fn issuance(&self) -> Result<Guest> {
        let init = json!({
            "endpoints": endpoints(&self.substrate.chopsticks.url()),
            "pallet": "Balances",
            "item": "TotalIssuance",
            "decode": {"offset": 0, "type": "u128"},
        });
        Guest::ready_made("substrate-read.wasm", "issuance", &init)
    }

    /// `evm-read`, reading the price of a pair from a contract on the EVM chain that says [`ANSWER`] of any, and which
    /// this puts there, in its finalised state.
    ///
    /// # Errors
    /// When the node refuses, or the module isn't built.
    pub async fn answering(&self) -> Result<Guest> {
        let chain = &self.environment.end.chain;
        chain.provider().request::<_, ()>("anvil_setCode", (ANSWERING, CODE)).await?;
        chain.mine(8).await?;
        let init = json!({
            "endpoints": endpoints(&self.environment.end.anvil.url()),
            "address": ANSWERING,
            "signature": "price(string,string)",
            "args": ["{base}", "{quote}"],
        });
        Guest::ready_made("evm-read.wasm", "answering", &init)
    }

    /// Ends the relayer and the enclave as an operator would, and expects them to take it well.
    ///
    /// # Errors
    /// When one doesn't end, or ends badly.
    pub async fn finish(self) -> Result<()> {
        self.environment.finish().await
    }
}

/// Three endpoints of one chain, of which one is down.
fn endpoints(url: &str) -> Value {
    let endpoint = |name: &str, origin: &str| json!({"name": name, "origin": origin, "path": "/"});
    json!([endpoint("a", url), endpoint("b", url), endpoint("down", "https://192.0.2.1")])
}
