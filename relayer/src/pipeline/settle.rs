//! Stage `settle`: reads from the chain what became of attempts and requests. A terminal state is
//! written only after that.

use super::{ChainEnd, Progress, Stage, StageError, observe, resolve::Resolver};
use crate::{
    attempt::{AttemptId, OpenAttempt},
    clock::{Millis, SharedClock},
    store::{Attempted, SettleStore, SubmitStore, Suspect},
};
use async_trait::async_trait;
use phat_connector::{Head, OnChainState, Receipt, TxHash};
use phat_protocol::RequestId;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Settles one chain's attempts and requests.
pub struct SettleStage {
    chain: ChainEnd,
    attempts: Arc<dyn SubmitStore>,
    store: Arc<dyn SettleStore>,
    resolver: Resolver,
    clock: SharedClock,
    /// Attempts whose nonce was used while none of their receipts showed, and since when. An
    /// endpoint's nonce may be newer than its receipts, so that must hold for a while.
    doubted: HashMap<AttemptId, Doubt>,
}

/// When an attempt was doubted first.
struct Doubt {
    height: u64,
    at: Millis,
}

/// A doubt is believed once the chain is so many blocks higher,
const DOUBT_BLOCKS: u64 = 3;
/// or after this time on a chain without new blocks.
const DOUBT_TIME: Duration = Duration::from_secs(10);

impl SettleStage {
    /// A stage for `chain`.
    #[must_use]
    pub fn new<Store: SubmitStore + SettleStore + 'static>(
        chain: ChainEnd,
        store: Arc<Store>,
        clock: SharedClock,
    ) -> Self {
        let resolver = Resolver { chain: chain.clone(), store: store.clone(), clock: clock.clone() };
        Self { chain, attempts: store.clone(), store, resolver, clock, doubted: HashMap::new() }
    }

    async fn settle_attempts(&mut self, head: &Head) -> Result<(), StageError> {
        let open = self.attempts.open_attempts(&self.chain.name).await?;
        if open.is_empty() {
            self.doubted.clear();
            return Ok(());
        }
        // The nonce is read first: a receipt that is older than it shows in what is read after.
        let mined_nonce = self.chain.sink.mined_nonce().await?;
        let hashes: Vec<TxHash> =
            open.iter().flat_map(|attempt| attempt.transactions.iter().map(|transaction| transaction.hash)).collect();
        let receipts = self.chain.status.receipts(&hashes).await?;
        for attempt in &open {
            let receipt = receipts
                .iter()
                .find(|receipt| attempt.transactions.iter().any(|transaction| transaction.hash == receipt.hash));
            match receipt {
                Some(receipt) => self.mined(attempt, receipt, head).await?,
                None => self.missing(attempt, mined_nonce, head).await?,
            }
        }
        Ok(())
    }

    async fn mined(&mut self, attempt: &OpenAttempt, receipt: &Receipt, head: &Head) -> Result<(), StageError> {
        self.doubted.remove(&attempt.id);
        let is_final = receipt.block.number <= head.confirmed.number;
        let known = attempt
            .transactions
            .iter()
            .any(|transaction| transaction.hash == receipt.hash && transaction.mined_in == Some(receipt.block));
        if known && !is_final {
            return Ok(());
        }
        let now = Millis::now(&*self.clock);
        let spans = observe::spans(observe::Work::Settle, &self.chain.name, attempt.requests.iter().copied());
        self.store.attempted(attempt.id, &Attempted::Mined(receipt.clone()), is_final, now).await?;
        observe::mined(&self.chain.name, receipt, &spans, known, is_final);
        // What it had no effect on waits to be submitted again, and the next nonce is free.
        self.chain.doorbells.submit.notify_one();
        Ok(())
    }

    async fn missing(&mut self, attempt: &OpenAttempt, mined_nonce: u64, head: &Head) -> Result<(), StageError> {
        let now = Millis::now(&*self.clock);
        if attempt.transactions.iter().any(|transaction| transaction.mined_in.is_some()) {
            self.store.unsettle(attempt.id, now).await?;
            observe::unsettled(&self.chain.name, attempt.nonce);
            self.chain.doorbells.submit.notify_one();
        }
        if attempt.nonce >= mined_nonce {
            self.doubted.remove(&attempt.id);
            return Ok(());
        }
        let doubt = self.doubted.entry(attempt.id).or_insert(Doubt { height: head.latest.number, at: now });
        if head.latest.number >= doubt.height.saturating_add(DOUBT_BLOCKS) || doubt.at.after(DOUBT_TIME) <= now {
            self.doubted.remove(&attempt.id);
            self.store.attempted(attempt.id, &Attempted::Dead, true, now).await?;
            observe::attempt_dead(&self.chain.name, attempt.nonce);
            self.chain.doorbells.submit.notify_one();
        }
        Ok(())
    }

    /// The requests whose callback had failed, and whose slot doesn't say so any more.
    async fn retried(&self, before: u64, head: &Head) -> Result<Vec<Suspect>, StageError> {
        let failed = self.store.retryable(&self.chain.name, before).await?;
        if failed.is_empty() {
            return Ok(failed);
        }
        let ids: Vec<RequestId> = failed.iter().map(|request| request.id).collect();
        let states = self.chain.status.states(&ids, Some(head.confirmed.number)).await?;
        let changed = failed.into_iter().zip(states).filter(|(_, state)| *state == OnChainState::Closed);
        Ok(changed.map(|(request, _)| request).collect())
    }

    async fn settle_requests(&self, head: &Head) -> Result<(), StageError> {
        let before = head.confirmed_timestamp.saturating_sub(1);
        let mut suspects = self.store.overdue(&self.chain.name, before).await?;
        suspects.extend(self.retried(before, head).await?);
        self.resolver.resolve(&suspects, head).await
    }
}

#[async_trait]
impl Stage for SettleStage {
    fn name(&self) -> &'static str {
        "settle"
    }

    fn chain(&self) -> &str {
        &self.chain.name
    }

    async fn step(&mut self) -> Result<Progress, StageError> {
        let head = self.chain.source.head().await?;
        // Neither waits for the other.
        let attempts = self.settle_attempts(&head).await;
        self.settle_requests(&head).await?;
        attempts?;
        Ok(Progress::Idle)
    }
}
