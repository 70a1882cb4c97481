//! Stage `submit`: carries reports to the chain. An attempt and its transaction are stored before
//! the broadcast, so a crash at any point leaves either nothing or a transaction that is sent again.

use super::{ChainEnd, Progress, RetrySettings, Stage, StageError, observe, resolve::Resolver};
use crate::{
    attempt::OpenAttempt,
    clock::{Millis, SharedClock},
    store::{NewAttempt, Postponed, ReadyReport, SettleStore, SubmitStore, Suspect},
};
use async_trait::async_trait;
use phat_connector::{Acceptance, ChainError, Entry, EntryRefusal, Fees, Head, PreparedTransaction, TxHash};
use phat_protocol::{Amount, OracleChain, RequestId};
use std::{sync::Arc, time::Duration};

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct SubmitSettings {
    /// The most reports in one transaction; at least 1.
    pub batch: u32,
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

/// Submits one chain's reports.
pub struct SubmitStage {
    chain: ChainEnd,
    store: Arc<dyn SubmitStore>,
    resolver: Resolver,
    clock: SharedClock,
    settings: SubmitSettings,
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
        Self { chain, store, resolver, clock, settings }
    }

    /// Sends what was stored and never sent, or not mined for long, and replaces what is stuck.
    async fn tend(&self, attempt: &OpenAttempt, mined_nonce: u64) -> Result<(), StageError> {
        let now = Millis::now(&*self.clock);
        let Some(last) = attempt.transactions.last() else { return Ok(()) };
        if attempt.transactions.iter().any(|transaction| transaction.mined_in.is_some()) {
            return Ok(());
        }
        // Only the lowest nonce can be stuck for what it offers: the others wait for it.
        let stuck = attempt.nonce == mined_nonce && last.prepared_at.after(self.settings.bump_after) <= now;
        if stuck && self.may_replace(attempt, last.fees).await? {
            return self.replace(attempt, last.fees, now).await;
        }
        if last.broadcast_at.is_some_and(|at| at.after(self.settings.rebroadcast) > now) {
            return Ok(());
        }
        let needless = !attempt.requests.is_empty() && self.store.entries(attempt.id).await?.is_empty();
        if needless && self.may_replace(attempt, last.fees).await? {
            return self.replace(attempt, last.fees, now).await;
        }
        match self.send(last.hash, &last.raw).await? {
            Acceptance::Underpriced if self.may_replace(attempt, last.fees).await? => {
                self.replace(attempt, last.fees, now).await
            }
            Acceptance::Pooled | Acceptance::NonceUsed | Acceptance::Underpriced => Ok(()),
        }
    }

    /// Whether another transaction may be signed for the attempt: the setting bounds how often, but
    /// not where the last offers less than half of what inclusion costs, for it would never be mined.
    async fn may_replace(&self, attempt: &OpenAttempt, offered: Fees) -> Result<bool, StageError> {
        let bumps = u32::try_from(attempt.transactions.len() - 1).unwrap_or(u32::MAX);
        if bumps < self.settings.max_bumps {
            return Ok(true);
        }
        let current = self.chain.sink.current_fees().await?.max_fee.to_u128().unwrap_or(u128::MAX);
        Ok(offered.max_fee.to_u128().unwrap_or(u128::MAX) < current / 2)
    }

    /// Another transaction with the same nonce: the same reports for more, or nothing when no
    /// report needs it any more.
    async fn replace(&self, attempt: &OpenAttempt, fees: Fees, now: Millis) -> Result<(), StageError> {
        let fees = bumped(fees, self.chain.sink.current_fees().await?);
        let entries = self.store.entries(attempt.id).await?;
        let prepared = if entries.is_empty() {
            self.chain.sink.prepare_filler(attempt.nonce, fees).await?
        } else {
            match self.chain.sink.prepare(&entries, attempt.nonce, fees).await {
                // Every entry would be refused, so the nonce is all that is left to use.
                Err(ChainError::Reverted { .. }) => self.chain.sink.prepare_filler(attempt.nonce, fees).await?,
                prepared => prepared?,
            }
        };
        self.store.add_transaction(attempt.id, &prepared, now).await?;
        observe::replaced(&self.chain.name, prepared.hash, attempt.nonce, entries.is_empty());
        self.send(prepared.hash, &prepared.raw).await?;
        Ok(())
    }

    async fn send(&self, hash: TxHash, raw: &[u8]) -> Result<Acceptance, StageError> {
        let acceptance = self.chain.sink.broadcast(raw).await?;
        self.store.sent(&[hash], Millis::now(&*self.clock)).await?;
        self.chain.doorbells.settle.notify_one();
        Ok(acceptance)
    }

    /// The reports that the oracle would take now, and those that may be over. The others wait.
    async fn admitted(
        &self,
        ready: Vec<ReadyReport>,
        head: &Head,
    ) -> Result<(Vec<ReadyReport>, Vec<Suspect>), StageError> {
        let deadline = head.timestamp.saturating_add(self.settings.expiry_margin.as_secs());
        let (late, in_time): (Vec<_>, Vec<_>) =
            ready.into_iter().partition(|report| report.entry.request.expires_at() <= deadline);
        let mut refused: Vec<(ReadyReport, EntryRefusal)> =
            late.into_iter().map(|report| (report, EntryRefusal::Expired)).collect();
        let entries: Vec<Entry> = in_time.iter().map(|report| report.entry.clone()).collect();
        let refusals = if entries.is_empty() { Vec::new() } else { self.chain.status.refusals(&entries).await? };
        let (mut admitted, mut over) = (Vec::new(), Vec::new());
        for (report, refusal) in in_time.into_iter().zip(refusals) {
            let Some(refusal) = refusal else {
                admitted.push(report);
                continue;
            };
            if refusal == EntryRefusal::NotPending {
                let expires_at = report.entry.request.expires_at();
                over.push(Suspect { id: report.id, block: report.block, expires_at });
            }
            refused.push((report, refusal));
        }
        self.put_off(&refused).await?;
        Ok((admitted, over))
    }

    async fn put_off(&self, refused: &[(ReadyReport, EntryRefusal)]) -> Result<(), StageError> {
        let now = Millis::now(&*self.clock);
        let mut postponed = Vec::with_capacity(refused.len());
        for (report, refusal) in refused {
            observe::refused(&self.chain.name, report.id, refusal);
            let next_try_at = now.after(self.settings.retry.after_tries(report.tries));
            let why = format!("the oracle refuses it: {refusal:?}");
            postponed.push(Postponed { id: report.id, why, next_try_at });
        }
        self.store.put_off(&postponed).await?;
        Ok(())
    }

    /// Signs a transaction for as many of the reports, from the first, as one can carry.
    async fn prepare(
        &self,
        reports: &[ReadyReport],
        nonce: u64,
    ) -> Result<Option<(PreparedTransaction, usize)>, StageError> {
        let fees = self.chain.sink.current_fees().await?;
        let mut carried = reports.len();
        loop {
            let entries: Vec<Entry> = reports.iter().take(carried).map(|report| report.entry.clone()).collect();
            match self.chain.sink.prepare(&entries, nonce, fees).await {
                Ok(prepared) => return Ok(Some((prepared, carried))),
                Err(ChainError::Reverted { .. }) if carried > 1 => carried /= 2,
                Err(ChainError::Reverted { reason }) => {
                    if let Some(report) = reports.first() {
                        self.put_off(&[(report.clone(), EntryRefusal::Other(reason))]).await?;
                    }
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl SubmitStage {
    /// Sends as many of the reports as one transaction carries.
    async fn carry(&self, ready: Vec<ReadyReport>, nonce: u64) -> Result<(), StageError> {
        let head = self.chain.source.head().await?;
        let (admitted, over) = self.admitted(ready, &head).await?;
        if !admitted.is_empty()
            && let Some((prepared, carried)) = self.prepare(&admitted, nonce).await?
        {
            let requests: Vec<RequestId> = admitted.iter().take(carried).map(|report| report.id).collect();
            self.open(&requests, &prepared).await?;
        }
        self.resolver.resolve(&over, &head).await
    }

    /// Uses a nonce that nothing else will use, so that those above it can be mined.
    async fn fill(&self, nonce: u64) -> Result<(), StageError> {
        let fees = self.chain.sink.current_fees().await?;
        let prepared = self.chain.sink.prepare_filler(nonce, fees).await?;
        self.open(&[], &prepared).await
    }

    /// Stores the attempt, then sends it.
    async fn open(&self, requests: &[RequestId], prepared: &PreparedTransaction) -> Result<(), StageError> {
        let submitter = self.chain.sink.submitter();
        let attempt = NewAttempt { chain: &self.chain.name, submitter: &submitter, requests, transaction: prepared };
        let spans = observe::spans(observe::Work::Submit, &self.chain.name, requests.iter().copied());
        self.store.open_attempt(attempt, Millis::now(&*self.clock)).await?;
        observe::submitted(&self.chain.name, prepared.hash, prepared.nonce, &spans);
        self.send(prepared.hash, &prepared.raw).await?;
        Ok(())
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
        let open = self.store.open_attempts(&self.chain.name).await?;
        let now = Millis::now(&*self.clock);
        let ready = self.store.ready(&self.chain.name, self.settings.batch.max(1), now).await?;
        if open.is_empty() && ready.is_empty() {
            return Ok(Progress::Idle);
        }
        let mined_nonce = self.chain.sink.mined_nonce().await?;
        // One attempt's trouble is not another's, nor that of the reports that wait.
        let mut trouble = None;
        for attempt in &open {
            if let Err(error) = self.tend(attempt, mined_nonce).await {
                trouble.get_or_insert(error);
            }
        }
        let nonce = free_nonce(&open, mined_nonce);
        let progress = if ready.is_empty() {
            if open.last().is_some_and(|last| nonce < last.nonce) {
                self.fill(nonce).await?;
            }
            Progress::Idle
        } else {
            self.carry(ready, nonce).await?;
            Progress::More
        };
        trouble.map_or(Ok(progress), Err)
    }
}

/// The lowest nonce that no mined transaction and no open attempt uses: a gap, or the next.
fn free_nonce(open: &[OpenAttempt], mined_nonce: u64) -> u64 {
    let mut nonce = mined_nonce;
    // By nonce, so that one pass is enough.
    for attempt in open {
        if attempt.nonce == nonce {
            nonce = nonce.saturating_add(1);
        }
    }
    nonce
}

/// Fees that replace a pooled transaction: nodes ask for a tenth more on both parts (go-ethereum's
/// `txpool.pricebump`), so an eighth more is offered, or what inclusion costs now where that is more.
fn bumped(old: Fees, current: Fees) -> Fees {
    let raise = |amount: Amount, floor: Amount| {
        let old = amount.to_u128().unwrap_or(u128::MAX);
        Amount::from(old.saturating_add(old / 8).saturating_add(1)).max(floor)
    };
    Fees {
        max_fee: raise(old.max_fee, current.max_fee),
        max_priority_fee: raise(old.max_priority_fee, current.max_priority_fee),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bump_offers_a_tenth_more_and_never_less_than_inclusion_costs(
            max_fee in 0u128..1 << 90, priority in 0u128..1 << 90, now in 0u128..1 << 90,
        ) {
            let old = Fees { max_fee: max_fee.into(), max_priority_fee: priority.into() };
            let current = Fees { max_fee: now.into(), max_priority_fee: now.into() };
            let new = bumped(old, current);
            for (new, old) in [(new.max_fee, max_fee), (new.max_priority_fee, priority)] {
                let new = new.to_u128().unwrap();
                prop_assert!(new >= old + old / 10 && new > old && new >= now);
            }
        }
    }
}
