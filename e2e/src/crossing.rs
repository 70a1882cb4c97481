//! One relayer between an EVM chain and a Substrate chain.

use crate::{Environment, Evm, Ground, OracleEnd, Settings, Substrate, settings::ether};
use anyhow::Result;

/// What the relayer's configuration calls the Substrate chain.
const SUBSTRATE_NAME: &str = "relay";

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

    /// Ends the relayer and the enclave as an operator would, and expects them to take it well.
    ///
    /// # Errors
    /// When one doesn't end, or ends badly.
    pub async fn finish(self) -> Result<()> {
        self.environment.finish().await
    }
}
