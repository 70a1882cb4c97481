//! The node's own time for a transaction.

use super::{figure::Figures, leg::Leg, replay::Replay, spread::Spread, watcher::Watcher};
use anyhow::{Context, Result};
use ethers::types::H256;
use std::time::Duration;
use tokio::time::Instant;

/// How fast a node is that nobody else uses.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeLimits {
    /// From sending a transaction that asks to seeing its event.
    pub(super) transaction: Duration,
}

impl NodeLimits {
    /// Asks so many times on a node in the leg's state, that no relayer watches.
    pub(super) async fn measure(leg: &mut Leg, samples: usize) -> Result<Self> {
        let node = Replay::prepare(leg.environment()).await?.node().await?;
        let mut watcher = Watcher::oracle(&node.anvil, &leg.environment().end.oracle).await?;
        let provider = node.chain.provider();
        let mut seen = Vec::new();
        for _ in 0..samples {
            let signed = leg.asks().sign()?;
            let sent = Instant::now();
            provider.request::<_, H256>("eth_sendRawTransaction", [signed]).await?;
            watcher.next().await?.context("the node shows no request")?;
            seen.push(sent.elapsed());
        }
        Ok(Self { transaction: Spread::of(seen).percentile(50) })
    }

    pub(super) fn report(&self, figures: &mut Figures) {
        figures.milliseconds("transaction_seen", self.transaction);
    }
}
