//! Stage `submit`: carries reports to the chain. An attempt and its transaction are stored before
//! the broadcast, so a crash at any point leaves either nothing or a transaction that is sent again.
//! Attempts are opened while earlier ones wait to be mined, and prepared while earlier ones are sent.

mod batches;
mod broadcast;
mod tend;

use super::{ChainEnd, Progress, RetrySettings, Stage, StageError, observe, resolve::Resolver};
use crate::{
    attempt::OpenAttempt,
    clock::{Millis, SharedClock},
    store::{NewAttempt, ReadyReport, SettleStore, SubmitStore},
};
use async_trait::async_trait;
use batches::Signed;
use broadcast::{Broadcaster, Sends};
use phat_connector::Outlook;
use std::{sync::Arc, time::Duration};
use tracing::Span;

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct SubmitSettings {
    /// The most reports in one transaction; at least 1.
    pub batch: u32,
    /// The most attempts whose transactions wait to be mined; at least 1.
    pub max_open: u32,
    /// A transaction that isn't mined is sent again so often.
    pub rebroadcast: Duration,
    /// A transaction that isn't mined for so long is replaced by one that offers more.
    pub bump_after: Duration,
    /// How often an attempt's transaction is replaced at most.
    pub max_bumps: u32,
    /// A report is not sent any more when its request expires within this time.
    pub expiry_margin: Duration,
    /// The bounds of the wait before a report that the oracle refuses is tried again.
    pub retry: RetrySettings,
}

/// The most reports that one step reads: what one round of calls can ask about.
const ROUND: u32 = 500;

/// Submits one chain's reports.
pub struct SubmitStage {
    chain: ChainEnd,
    store: Arc<dyn SubmitStore>,
    resolver: Resolver,
    broadcaster: Broadcaster,
    clock: SharedClock,
    settings: SubmitSettings,
    sends: Sends,
}

impl SubmitStage {
    /// A stage for `chain`.
    #[must_use]
    pub fn new<Store: SubmitStore + SettleStore + 'static>(
        chain: ChainEnd,
        store: Arc<Store>,
        clock: SharedClock,
        settings: SubmitSettings,
    ) -> Self {
        let resolver = Resolver { chain: chain.clone(), store: store.clone(), clock: clock.clone() };
        let broadcaster = Broadcaster { chain: chain.clone(), store: store.clone(), clock: clock.clone() };
        Self { chain, store, resolver, broadcaster, clock, settings, sends: Sends::default() }
    }

    /// Attempts that a step may open.
    fn room(&self, open: &[OpenAttempt], mined_nonce: u64) -> usize {
        let waiting = open.iter().filter(|attempt| attempt.nonce >= mined_nonce && !attempt.is_mined()).count();
        usize::try_from(self.settings.max_open.max(1)).unwrap_or(usize::MAX).saturating_sub(waiting)
    }

    /// Carries as many of the reports as there is room for.
    async fn carry(
        &mut self,
        ready: Vec<ReadyReport>,
        open: &[OpenAttempt],
        room: usize,
        outlook: &Outlook,
    ) -> Result<(), StageError> {
        let (admitted, over, head) = self.admitted(ready).await?;
        let batches = self.batches(&admitted, room, outlook.gas_limit);
        let Signed { attempts, stopped } = self.sign(batches, free_nonces(open, outlook.mined_nonce), outlook).await?;
        self.open(attempts).await?;
        self.resolver.resolve(&over, &head).await?;
        stopped.map_or(Ok(()), Err)
    }

    /// Uses a nonce that nothing else will use, so that those above it can be mined.
    async fn fill(&mut self, nonce: u64, outlook: &Outlook) -> Result<(), StageError> {
        let prepared = self.chain.sink.prepare_filler(nonce, outlook.fees).await?;
        self.open(vec![self.attempt(Vec::new(), prepared)]).await
    }

    /// Stores the attempts, all or none, and begins to send them once the earlier ones are sent.
    async fn open(&mut self, attempts: Vec<NewAttempt>) -> Result<(), StageError> {
        if attempts.is_empty() {
            return Ok(());
        }
        let spans: Vec<Vec<Span>> = attempts
            .iter()
            .map(|attempt| observe::spans(observe::Work::Submit, &self.chain.name, attempt.requests.iter().copied()))
            .collect();
        self.store.begin(&attempts, Millis::now(&*self.clock)).await?;
        for (NewAttempt { transaction, .. }, spans) in attempts.iter().zip(&spans) {
            observe::submitted(&self.chain.name, transaction.hash, transaction.nonce, spans);
        }
        let sent = self.sends.end().await;
        self.sends.begin(&self.broadcaster, attempts.into_iter().map(|attempt| attempt.transaction).collect());
        sent
    }
}

#[async_trait]
impl Stage for SubmitStage {
    fn name(&self) -> &'static str {
        "submit"
    }

    fn chain(&self) -> &str {
        &self.chain.name
    }

    async fn step(&mut self) -> Result<Progress, StageError> {
        let now = Millis::now(&*self.clock);
        let most = self
            .settings
            .batch
            .max(1)
            .saturating_mul(self.settings.max_open.max(1))
            .min(ROUND.max(self.settings.batch));
        let (open, ready) = tokio::try_join!(
            self.store.open_attempts(&self.chain.name),
            self.store.ready(&self.chain.name, most, now)
        )?;
        if open.is_empty() && ready.is_empty() {
            self.sends.end().await?;
            return Ok(Progress::Idle);
        }
        let outlook = self.chain.sink.outlook().await?;
        // One attempt's trouble is not another's, nor that of the reports that wait.
        let mut trouble = None;
        for attempt in &open {
            if let Err(error) = self.tend(attempt, &outlook).await {
                trouble.get_or_insert(error);
            }
        }
        let room = self.room(&open, outlook.mined_nonce);
        let progress = if ready.is_empty() || room == 0 {
            let gap = free_nonces(&open, outlook.mined_nonce).next();
            if let (Some(gap), Some(last)) = (gap, open.last())
                && gap < last.nonce
            {
                self.fill(gap, &outlook).await?;
            }
            self.sends.end().await?;
            Progress::Idle
        } else {
            self.carry(ready, &open, room, &outlook).await?;
            Progress::More
        };
        trouble.map_or(Ok(progress), Err)
    }

    async fn finish(&mut self) {
        // What is lost here is sent again from its row.
        let _ = self.sends.end().await;
    }
}

/// The nonces that no mined transaction and no open attempt uses: the gaps, then what follows.
fn free_nonces(open: &[OpenAttempt], mined_nonce: u64) -> impl Iterator<Item = u64> {
    let mut used = open.iter().map(|attempt| attempt.nonce).filter(move |nonce| *nonce >= mined_nonce).peekable();
    let mut next = mined_nonce;
    // By nonce, so that one pass is enough.
    std::iter::from_fn(move || {
        while used.next_if_eq(&next).is_some() {
            next = next.saturating_add(1);
        }
        let free = next;
        next = next.saturating_add(1);
        Some(free)
    })
}
