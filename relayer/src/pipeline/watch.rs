//! Stage `watch`: from the chain's blocks to rows.

use super::{ChainEnd, Progress, Stage, StageError, observe};
use crate::{
    clock::{Millis, SharedClock},
    store::{Checkpoint, WatchStore},
};
use async_trait::async_trait;
use phat_connector::Head;
use std::{
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

/// What the stored cursor is to the chain.
enum Cursor {
    /// The chain goes through it, or there is none yet.
    At(Option<Checkpoint>),
    /// The chain is shorter.
    Ahead,
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

    /// Where to go on from, once it is sure that the chain still goes through it.
    async fn cursor(&self, head: &Head) -> Result<Cursor, StageError> {
        let Some(cursor) = self.store.checkpoints(&self.chain.name, 1).await?.first().copied() else {
            return Ok(Cursor::At(None));
        };
        if cursor.number > head.latest.number {
            // A node that lags or syncs again. A shorter fork grows longer, and then shows itself.
            return Ok(Cursor::Ahead);
        }
        if self.is_canonical(cursor, head).await? {
            return Ok(Cursor::At(Some(cursor)));
        }
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
        Ok(Cursor::At(ancestor))
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
        let head = self.chain.source.head().await?;
        self.chain.doorbells.settle.notify_one();
        let cursor = match self.cursor(&head).await? {
            Cursor::At(cursor) => cursor,
            Cursor::Ahead => return Ok(self.rest(&head)),
        };
        let first = cursor.map_or(self.settings.from_block, |block| block.number.saturating_add(1));
        if first > head.confirmed.number {
            return self.rescan(cursor, &head).await;
        }
        let last = first.saturating_add(self.settings.max_range.max(1) - 1).min(head.confirmed.number);
        // The hash is read before the logs: when the chain is reorganised in between, the next step
        // finds another hash there and reads the logs again.
        let checkpoint = if last == head.confirmed.number {
            head.confirmed
        } else {
            match self.chain.source.block(last).await? {
                Some(block) => block,
                None => return Ok(self.rest(&head)),
            }
        };
        let overlapped = first.saturating_sub(self.settings.overlap).max(self.settings.from_block.min(first));
        let blocks = overlapped..=last;
        let requests = self.chain.source.requests(blocks.clone()).await?;
        let now = Millis::now(&*self.clock);
        let new = self.store.observe(&self.chain.name, &requests, checkpoint, now).await?;
        for request in requests.iter().filter(|request| request.block.number >= first) {
            observe::observed(&self.chain.name, request);
        }
        observe::watched(&self.chain.name, &blocks, requests.len(), new);
        if !requests.is_empty() {
            self.chain.doorbells.execute.notify_one();
            self.chain.doorbells.submit.notify_one();
        }
        if last < head.confirmed.number { Ok(Progress::More) } else { self.rescan(Some(checkpoint), &head).await }
    }

    /// Goes over blocks again where an operator ordered that. New blocks come first, so this is done
    /// when they are all watched; the cursor isn't touched.
    async fn rescan(&mut self, cursor: Option<Checkpoint>, head: &Head) -> Result<Progress, StageError> {
        let (Some(cursor), Some(first)) = (cursor, self.store.rescan(&self.chain.name).await?) else {
            return Ok(self.rest(head));
        };
        let last = first.saturating_add(self.settings.max_range.max(1) - 1).min(cursor.number);
        let requests = if first <= last { self.chain.source.requests(first..=last).await? } else { Vec::new() };
        let next = (last < cursor.number).then(|| last.saturating_add(1));
        let now = Millis::now(&*self.clock);
        let new = self.store.rescanned(&self.chain.name, &requests, first, next, now).await?;
        observe::watched(&self.chain.name, &(first..=last), requests.len(), new);
        if !requests.is_empty() {
            self.chain.doorbells.execute.notify_one();
            self.chain.doorbells.submit.notify_one();
        }
        Ok(Progress::More)
    }
}
