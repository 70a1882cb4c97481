//! Stage `settle`: reads from the chain what became of attempts and requests. A terminal state is
//! written only after that.

mod recheck;

use super::{ChainEnd, Progress, Stage, StageError, observe, resolve::Resolver};
use crate::{
    attempt::{AttemptId, OpenAttempt},
    clock::{Millis, SharedClock},
    store::{Attempted, SettleStore, SubmitStore, Suspect},
};
use async_trait::async_trait;
use futures_util::future::{join_all, try_join_all};
use phat_connector::{Account, BlockRef, Head, OnChainState, Receipt, Sent, TxHash};
use phat_protocol::RequestId;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

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
    /// How soon to look again for what was broadcast and doesn't show yet.
    patience: Patience,
    /// Up to which block, and when, requests were settled last.
    settled: Option<(BlockRef, Millis)>,
    /// At which newest block attempts that were final were looked at again.
    rechecked: Option<BlockRef>,
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

/// How often requests are settled where no block is new: only what an old block brought late can be over.
const SETTLE_AGAIN: Duration = Duration::from_secs(5);

impl SettleStage {
    /// A stage for `chain`.
    #[must_use]
    pub fn new<Store: SubmitStore + SettleStore + 'static>(
        chain: ChainEnd,
        store: Arc<Store>,
        clock: SharedClock,
    ) -> Self {
        let resolver = Resolver { chain: chain.clone(), store: store.clone(), clock: clock.clone() };
        Self {
            chain,
            attempts: store.clone(),
            store,
            resolver,
            clock,
            doubted: HashMap::new(),
            patience: Patience::default(),
            settled: None,
            rechecked: None,
        }
    }

    async fn settle_attempts(&mut self, head: &Head) -> Result<Progress, StageError> {
        let open = self.attempts.open_attempts(&self.chain.name).await?;
        if open.is_empty() {
            self.doubted.clear();
            return Ok(Progress::Idle);
        }
        // The nonce is read first: a receipt that is older than it shows in what is read after.
        let mined_nonces = self.mined_nonces(&open).await?;
        let sent: Vec<Sent> = open.iter().flat_map(sent).collect();
        let receipts = self.chain.status.receipts(&sent).await?;
        let mined: HashMap<TxHash, &Receipt> = receipts.iter().map(|receipt| (receipt.hash, receipt)).collect();
        let mut changes = Vec::with_capacity(open.len());
        let mut missing = 0;
        for attempt in &open {
            let receipt = attempt.transactions.iter().find_map(|transaction| mined.get(&transaction.hash));
            match receipt {
                Some(receipt) => changes.push(self.mined(attempt, receipt, head)),
                None => {
                    missing += 1;
                    let mined_nonce = mined_nonces.get(&attempt.submitter).copied().unwrap_or(0);
                    match attempt.mined_in() {
                        // An endpoint that doesn't show what it has shown says nothing.
                        Some(block) if !self.is_gone(block).await? => drop(self.doubted.remove(&attempt.id)),
                        Some(_) | None => changes.push(self.missing(attempt, mined_nonce, head)),
                    }
                }
            }
        }
        // One commit for all, and one attempt's trouble is not another's.
        let written = join_all(changes.into_iter().map(|changes| self.write(changes))).await;
        for changed in written {
            changed?;
        }
        let newest = open.iter().map(|attempt| attempt.id).max();
        Ok(self.patience.rest(newest, missing))
    }

    /// How many nonces each account used, for the accounts that submit still.
    async fn mined_nonces(&self, open: &[OpenAttempt]) -> Result<HashMap<Account, u64>, StageError> {
        let accounts: BTreeSet<&Account> = open.iter().map(|attempt| &attempt.submitter).collect();
        let sinks = accounts.into_iter().filter_map(|account| self.chain.submitters.of(account));
        let nonces = try_join_all(sinks.map(|sink| async { Ok((sink.submitter(), sink.mined_nonce().await?)) }));
        nonces.await.map(HashMap::from_iter).map_err(StageError::Chain)
    }

    /// What the attempt's receipt tells that isn't written yet.
    fn mined<'a>(&mut self, attempt: &'a OpenAttempt, receipt: &'a Receipt, head: &Head) -> Vec<Change<'a>> {
        self.doubted.remove(&attempt.id);
        let is_final = receipt.block.number <= head.confirmed.number;
        let known = attempt
            .transactions
            .iter()
            .any(|transaction| transaction.hash == receipt.hash && transaction.mined_in == Some(receipt.block));
        if known && !is_final { Vec::new() } else { vec![Change::Mined { attempt, receipt, known, is_final }] }
    }

    /// Whether another block is in the place of this one.
    async fn is_gone(&self, block: BlockRef) -> Result<bool, StageError> {
        match self.chain.source.block(block.number).await? {
            Some(there) if there != block => {}
            // A node that lags has none there. A shorter fork grows longer, and then shows itself.
            Some(_) | None => return Ok(false),
        }
        // Another chain's blocks are others, and take nothing back.
        self.chain.status.facts().await?;
        Ok(true)
    }

    /// What it means that the attempt has no receipt, and its block, where it was in one, is gone.
    fn missing<'a>(&mut self, attempt: &'a OpenAttempt, mined_nonce: u64, head: &Head) -> Vec<Change<'a>> {
        let now = Millis::now(&*self.clock);
        let mut changes = Vec::new();
        if attempt.is_mined() {
            changes.push(Change::Unsettled(attempt));
        }
        if attempt.nonce >= mined_nonce {
            self.doubted.remove(&attempt.id);
            return changes;
        }
        let doubt = self.doubted.entry(attempt.id).or_insert(Doubt { height: head.latest.number, at: now });
        if head.latest.number >= doubt.height.saturating_add(DOUBT_BLOCKS) || doubt.at.after(DOUBT_TIME) <= now {
            self.doubted.remove(&attempt.id);
            changes.push(Change::Dead(attempt));
        }
        changes
    }

    async fn write(&self, changes: Vec<Change<'_>>) -> Result<(), StageError> {
        let now = Millis::now(&*self.clock);
        for change in changes {
            match change {
                Change::Mined { attempt, receipt, known, is_final } => {
                    let requests = attempt.requests.iter().copied();
                    let spans = observe::spans(observe::Work::Settle, &self.chain.name, requests);
                    let ended = Attempted::Mined(receipt.clone());
                    self.store.attempted(attempt.id, &ended, is_final, now).await?;
                    observe::mined(&self.chain.name, receipt, &spans, known, is_final);
                }
                Change::Unsettled(attempt) => {
                    self.store.unsettle(attempt.id, now).await?;
                    observe::unsettled(&self.chain.name, attempt.nonce);
                }
                Change::Dead(attempt) => {
                    self.store.attempted(attempt.id, &Attempted::Dead, true, now).await?;
                    observe::attempt_dead(&self.chain.name, attempt.nonce);
                }
            }
            // What it had no effect on waits to be submitted again, and there is room for another.
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

    /// What the chain's clock and its slots say changes with its blocks alone, however often attempts are
    /// looked at between two of them.
    async fn settle_requests(&mut self, head: &Head) -> Result<(), StageError> {
        let now = Millis::now(&*self.clock);
        if self.settled.is_some_and(|(block, at)| block == head.confirmed && now < at.after(SETTLE_AGAIN)) {
            return Ok(());
        }
        self.settle_requests_at(head).await?;
        self.settled = Some((head.confirmed, now));
        Ok(())
    }

    async fn settle_requests_at(&self, head: &Head) -> Result<(), StageError> {
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
        self.recheck(&head).await?;
        self.prove().await?;
        // Neither waits for the other.
        let attempts = self.settle_attempts(&head).await;
        self.settle_requests(&head).await?;
        attempts
    }
}

/// The transactions of an attempt.
fn sent(attempt: &OpenAttempt) -> impl Iterator<Item = Sent> {
    let of_attempt = |hash: TxHash| Sent { hash, account: attempt.submitter.clone(), nonce: attempt.nonce };
    attempt.transactions.iter().map(move |transaction| of_attempt(transaction.hash))
}

/// What a look at the chain changes.
enum Change<'a> {
    /// `known` where it was seen in this block before.
    Mined { attempt: &'a OpenAttempt, receipt: &'a Receipt, known: bool, is_final: bool },
    /// The transaction that had settled its requests is gone from the chain.
    Unsettled(&'a OpenAttempt),
    /// A stranger's transaction used the nonce.
    Dead(&'a OpenAttempt),
}

/// How soon to look again while something that was broadcast doesn't show: a chain that mines at once
/// has it in a moment, and where no blocks are announced nothing else would tell.
#[derive(Debug, Default)]
struct Patience {
    newest: Option<AttemptId>,
    missing: usize,
    wait: Duration,
}

/// After the first look. Doubled with each one that shows nothing new.
const FIRST_LOOK: Duration = Duration::from_millis(10);

impl Patience {
    fn rest(&mut self, newest: Option<AttemptId>, missing: usize) -> Progress {
        let news = newest != self.newest || missing < self.missing;
        self.wait = if news { FIRST_LOOK } else { self.wait.saturating_mul(2) };
        (self.newest, self.missing) = (newest, missing);
        if missing == 0 { Progress::Idle } else { Progress::Soon(self.wait) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_just_broadcast_is_looked_for_soon_and_then_ever_later() {
        let mut patience = Patience::default();
        let looks: Vec<Progress> = (0..4).map(|_| patience.rest(Some(AttemptId(1)), 2)).collect();
        assert_eq!(looks, [10, 20, 40, 80].map(|ms| Progress::Soon(Duration::from_millis(ms))));
        assert_eq!(patience.rest(Some(AttemptId(1)), 1), Progress::Soon(FIRST_LOOK), "one of them showed");
        assert_eq!(patience.rest(Some(AttemptId(1)), 1), Progress::Soon(FIRST_LOOK * 2));
        assert_eq!(patience.rest(Some(AttemptId(2)), 2), Progress::Soon(FIRST_LOOK), "another was broadcast");
        assert_eq!(patience.rest(Some(AttemptId(2)), 0), Progress::Idle);
    }
}
