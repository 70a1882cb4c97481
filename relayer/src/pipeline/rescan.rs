//! Stage `rescan`: goes over a chain's old blocks again where an operator ordered that, beside the
//! watching of new ones. Blocks that its endpoint doesn't serve hold up nothing else.

use super::{ChainEnd, Progress, RetrySettings, Stage, StageError, observe, retry::Waits};
use crate::{
    clock::{Millis, SharedClock},
    store::{Checkpoint, Rescan, RescanStore, Rescanned, WatchStore},
};
use async_trait::async_trait;
use phat_connector::ChainError;
use std::sync::Arc;

/// Carries out one chain's orders.
pub struct RescanStage {
    chain: ChainEnd,
    store: Arc<dyn RescanStore>,
    watched: Arc<dyn WatchStore>,
    clock: SharedClock,
    /// The most blocks that are asked for at once.
    max_range: u64,
    waits: Waits,
    /// Whether the endpoint was seen to serve the configured chain and oracle since it last failed.
    identified: bool,
}

impl RescanStage {
    /// A stage for `chain` that asks for at most `max_range` blocks at once.
    #[must_use]
    pub fn new<Store: RescanStore + WatchStore + 'static>(
        chain: ChainEnd,
        store: Arc<Store>,
        clock: SharedClock,
        max_range: u64,
        retry: RetrySettings,
    ) -> Self {
        let waits = retry.waits();
        Self {
            chain,
            store: store.clone(),
            watched: store,
            clock,
            max_range: max_range.max(1),
            waits,
            identified: false,
        }
    }

    /// What the order's next blocks hold; none while the endpoint doesn't go through the cursor, as when
    /// it lags or the chain was reorganised.
    async fn read(&mut self, order: &Rescan, cursor: Checkpoint) -> Result<Option<Rescanned>, ChainError> {
        if !self.identified {
            // On another chain there is nothing of ours, and the order must not pass what isn't there.
            self.chain.status.facts().await?;
            self.identified = true;
        }
        if self.chain.source.block(cursor.number).await? != Some(cursor) {
            return Ok(None);
        }
        let first = order.next_block;
        let most = self.max_range.min(self.chain.source.reach()).max(1);
        let last = first.saturating_add(most - 1).min(cursor.number);
        let requests = if first <= last { self.chain.source.requests(first..=last).await? } else { Vec::new() };
        let next = (last < cursor.number).then(|| last.saturating_add(1));
        observe::rescanned(&self.chain.name, &(first..=last), requests.len());
        Ok(Some(Rescanned { order: order.clone(), cursor, requests, next }))
    }

    async fn keep(&mut self, part: &Rescanned) -> Result<(), StageError> {
        let new = self.store.rescanned(&self.chain.name, part, Millis::now(&*self.clock)).await?;
        self.waits.reset();
        if !part.requests.is_empty() {
            observe::found_again(&self.chain.name, part.requests.len(), new);
            self.chain.doorbells.execute.notify_one();
            self.chain.doorbells.submit.notify_one();
        }
        Ok(())
    }
}

#[async_trait]
impl Stage for RescanStage {
    fn name(&self) -> &'static str {
        "rescan"
    }

    fn chain(&self) -> &str {
        &self.chain.name
    }

    async fn step(&mut self) -> Result<Progress, StageError> {
        let Some(order) = self.store.rescan(&self.chain.name).await? else {
            self.waits.reset();
            return Ok(Progress::Idle);
        };
        let Some(cursor) = self.watched.checkpoints(&self.chain.name, 1).await?.first().copied() else {
            return Ok(Progress::Idle);
        };
        match self.read(&order, cursor).await {
            Ok(Some(part)) => {
                self.keep(&part).await?;
                Ok(Progress::More)
            }
            Ok(None) => Ok(Progress::Soon(self.waits.next())),
            // The order's own trouble: the chain is as well as its other stages find it.
            Err(error) => {
                self.identified = false;
                let wait = self.waits.next().max(error.retry_after().unwrap_or_default());
                self.store.rescan_failed(&self.chain.name, &order, &error.to_string()).await?;
                observe::rescan_failed(&self.chain.name, order.next_block, error, wait);
                Ok(Progress::Soon(wait))
            }
        }
    }
}
