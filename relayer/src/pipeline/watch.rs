//! Stage `watch`: from the chain's blocks to rows.

use super::{ChainEnd, Progress, Stage, StageError, observe};
use crate::{
    clock::{Millis, SharedClock},
    store::{Checkpoint, WatchStore},
};
use async_trait::async_trait;
use phat_connector::{Head, ObservedRequest};
use std::{
    ops::RangeInclusive,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// How many checkpoints are asked for when the common ancestor is sought.
const ANCESTRY: u32 = 512;

/// How soon an announced block is looked for again.
const LAG: Duration = Duration::from_millis(200);
/// How often it is looked for before it is forgotten.
const PATIENCE: u32 = 50;

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct WatchSettings {
    /// The first block that matters, where nothing is stored yet.
    pub from_block: u64,
    /// The most blocks that are asked for at once; at least 1.
    pub max_range: u64,
    /// How many blocks below the cursor are read again, for nodes that index logs late.
    pub overlap: u64,
}

/// What was read of some blocks.
struct Seen {
    blocks: RangeInclusive<u64>,
    checkpoint: Checkpoint,
    requests: Vec<ObservedRequest>,
}

/// Watches one chain.
pub struct WatchStage {
    chain: ChainEnd,
    store: Arc<dyn WatchStore>,
    clock: SharedClock,
    settings: WatchSettings,
    /// How often in a row an announced block didn't show.
    disappointed: u32,
    /// Whether the endpoint was seen to serve the configured chain and oracle since it last failed.
    identified: bool,
}

impl WatchStage {
    /// A stage for `chain`.
    #[must_use]
    pub fn new(chain: ChainEnd, store: Arc<dyn WatchStore>, clock: SharedClock, settings: WatchSettings) -> Self {
        Self { chain, store, clock, settings, disappointed: 0, identified: false }
    }

    /// Goes back to the newest checkpoint that the chain still goes through.
    async fn rewind(&self, cursor: Checkpoint, head: &Head) -> Result<(), StageError> {
        // Another chain's blocks are others, and take nothing back.
        self.chain.status.facts().await?;
        let mut ancestor = None;
        for checkpoint in self.store.checkpoints(&self.chain.name, ANCESTRY).await?.into_iter().skip(1) {
            if self.is_canonical(checkpoint, head).await? {
                ancestor = Some(checkpoint);
                break;
            }
        }
        let orphaned = self.store.rewind(&self.chain.name, ancestor, Millis::now(&*self.clock)).await?;
        observe::reorganised(&self.chain.name, cursor, ancestor, orphaned);
        self.chain.doorbells.submit.notify_one();
        Ok(())
    }

    /// Whether the chain still goes through the cursor.
    async fn continues(&self, cursor: Option<Checkpoint>, head: &Head) -> Result<bool, StageError> {
        match cursor {
            Some(cursor) => self.is_canonical(cursor, head).await,
            None => Ok(true),
        }
    }

    /// What comes next after the cursor; none where nothing does.
    async fn next(&self, cursor: Option<Checkpoint>, head: &Head) -> Result<Option<Seen>, StageError> {
        let first = cursor.map_or(self.settings.from_block, |block| block.number.saturating_add(1));
        if first > head.confirmed.number {
            return Ok(None);
        }
        let last = first.saturating_add(self.settings.max_range.max(1) - 1).min(head.confirmed.number);
        // The hash is read before the logs: when the chain is reorganised in between, the next step
        // finds another hash there and reads the logs again.
        let checkpoint = if last == head.confirmed.number {
            head.confirmed
        } else {
            match self.chain.source.block(last).await? {
                Some(block) => block,
                None => return Ok(None),
            }
        };
        let overlapped = first.saturating_sub(self.settings.overlap).max(self.settings.from_block.min(first));
        let blocks = overlapped..=last;
        let requests = self.chain.source.requests(blocks.clone()).await?;
        Ok(Some(Seen { blocks, checkpoint, requests }))
    }

    /// How long to rest. A subscription may know of a block that the endpoint doesn't show yet; one
    /// that never shows was dropped or never there.
    fn rest(&mut self, head: &Head) -> Progress {
        let announced = &self.chain.doorbells.announced;
        if announced.load(Ordering::Relaxed) <= head.latest.number {
            self.disappointed = 0;
            return Progress::Idle;
        }
        self.disappointed += 1;
        if self.disappointed > PATIENCE {
            announced.store(0, Ordering::Relaxed);
            self.disappointed = 0;
            return Progress::Idle;
        }
        Progress::Soon(LAG)
    }

    async fn is_canonical(&self, checkpoint: Checkpoint, head: &Head) -> Result<bool, StageError> {
        if checkpoint.number == head.confirmed.number {
            return Ok(checkpoint == head.confirmed);
        }
        Ok(self.chain.source.block(checkpoint.number).await? == Some(checkpoint))
    }
}

#[async_trait]
impl Stage for WatchStage {
    fn name(&self) -> &'static str {
        "watch"
    }

    fn chain(&self) -> &str {
        &self.chain.name
    }

    async fn step(&mut self) -> Result<Progress, StageError> {
        let looked = self.look().await;
        self.identified = looked.is_ok();
        looked
    }
}

impl WatchStage {
    async fn look(&mut self) -> Result<Progress, StageError> {
        if !self.identified {
            // On another chain nothing is ours, and the cursor must not pass what isn't there.
            self.chain.status.facts().await?;
        }
        let (head, stored) = tokio::join!(self.chain.source.head(), self.store.checkpoints(&self.chain.name, 1));
        let (head, cursor) = (head?, stored?.first().copied());
        self.chain.doorbells.settle.notify_one();
        if cursor.is_some_and(|cursor| cursor.number > head.latest.number) {
            // A node that lags or syncs again. A shorter fork grows longer, and then shows itself.
            return Ok(self.rest(&head));
        }
        // What is read beside the check counts only if the chain still goes through the cursor.
        let (continues, next) = tokio::try_join!(self.continues(cursor, &head), self.next(cursor, &head))?;
        if let Some(cursor) = cursor
            && !continues
        {
            self.rewind(cursor, &head).await?;
            return Ok(Progress::More);
        }
        let Some(Seen { blocks, checkpoint, requests }) = next else { return Ok(self.rest(&head)) };
        let now = Millis::now(&*self.clock);
        let new = self.store.observe(&self.chain.name, &requests, checkpoint, now).await?;
        let is_news = |number: u64| cursor.is_none_or(|cursor| number > cursor.number);
        for request in requests.iter().filter(|request| is_news(request.block.number)) {
            observe::observed(&self.chain.name, request);
        }
        observe::watched(&self.chain.name, &blocks, requests.len(), new);
        if !requests.is_empty() {
            self.chain.doorbells.execute.notify_one();
            self.chain.doorbells.submit.notify_one();
        }
        Ok(if checkpoint.number < head.confirmed.number { Progress::More } else { self.rest(&head) })
    }
}
