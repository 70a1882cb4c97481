//! Stage `watch`: from the chain's blocks to rows.

mod ancestor;
mod parts;

use super::{ChainEnd, Progress, Stage, StageError, observe};
use crate::{
    clock::{Millis, SharedClock},
    store::{Checkpoint, WatchStore},
};
use ancestor::{Place, Search};
use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use parts::Seen;
use phat_connector::{ChainError, Head};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// How many parts are read at once where there is much to catch up with.
const AHEAD: usize = 4;
/// How many parts a step reads at most, so that the head is looked at again now and then.
const PARTS: usize = 64;

/// How many steps in a row an endpoint may lack a block below its newest: the doors of one provider lead to nodes of
/// different heights.
const LACKING: u32 = 5;

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

/// Watches one chain.
pub struct WatchStage {
    chain: ChainEnd,
    store: Arc<dyn WatchStore>,
    clock: SharedClock,
    settings: WatchSettings,
    /// How many parts are read at once: fewer while the endpoint fails, so that a limited rate leaves room
    /// for some to be read whole.
    ahead: usize,
    /// How often in a row an announced block didn't show.
    disappointed: u32,
    /// How many steps in a row the endpoint lacked a block below its newest.
    lacking: u32,
    /// Whether the endpoint was seen to serve the configured chain and oracle since it last failed.
    identified: bool,
    /// Whether this step stored anything.
    advanced: bool,
}

impl WatchStage {
    /// A stage for `chain`.
    #[must_use]
    pub fn new(chain: ChainEnd, store: Arc<dyn WatchStore>, clock: SharedClock, settings: WatchSettings) -> Self {
        Self {
            chain,
            store,
            clock,
            settings,
            ahead: AHEAD,
            disappointed: 0,
            lacking: 0,
            identified: false,
            advanced: false,
        }
    }

    /// Goes back to the newest checkpoint that the chain still goes through; says whether it found out which.
    async fn rewind(&self, cursor: Checkpoint, head: &Head) -> Result<bool, StageError> {
        // Another chain's blocks are others, and take nothing back.
        self.chain.status.facts().await?;
        let known = self.store.checkpoints(&self.chain.name, u32::MAX).await?;
        let older = known.get(1..).unwrap_or_default();
        let mut search = Search::among(older.len());
        while let Some(index) = search.next()
            && let Some(checkpoint) = older.get(index)
        {
            match self.place(*checkpoint, head).await? {
                Place::Unknown => return Ok(false),
                place @ (Place::Canonical | Place::Replaced) => search.saw(index, place == Place::Canonical),
            }
        }
        let ancestor = match older.get(search.found()) {
            Some(checkpoint) => Some(*checkpoint),
            // What lies below the first block that matters isn't watched, and stays as it is.
            None => match self.settings.from_block.checked_sub(1) {
                Some(below) => self.chain.source.block(below).await?,
                None => None,
            },
        };
        let orphaned = self.store.rewind(&self.chain.name, ancestor, Millis::now(&*self.clock)).await?;
        observe::reorganised(&self.chain.name, cursor, ancestor, orphaned);
        self.chain.doorbells.submit.notify_one();
        Ok(true)
    }

    /// Reads what comes after the cursor, some parts at once, and stores each after the one before. Answers
    /// the new cursor, and what is at the end of what was read: `Replaced` where it is no ancestor of what
    /// comes next.
    async fn catch_up(
        &mut self,
        mut cursor: Option<Checkpoint>,
        head: &Head,
    ) -> Result<(Option<Checkpoint>, Place), StageError> {
        let source = Arc::clone(&self.chain.source);
        let parts = parts::parts(self.settings, cursor, head.confirmed.number, || source.reach()).take(PARTS);
        let reads = stream::iter(parts).map(|part| parts::read(&*source, part, head)).buffered(self.ahead);
        let mut reads = std::pin::pin!(reads);
        while let Some(read) = reads.try_next().await? {
            let Some(seen) = read else { return Ok((cursor, Place::Unknown)) };
            if seen.before != cursor {
                return Ok((cursor, Place::Replaced));
            }
            self.keep(&seen, cursor).await?;
            self.advanced = true;
            cursor = Some(seen.checkpoint);
        }
        Ok((cursor, Place::Canonical))
    }

    /// Stores what was read after the cursor.
    async fn keep(&self, seen: &Seen, cursor: Option<Checkpoint>) -> Result<(), StageError> {
        let Seen { blocks, checkpoint, requests, .. } = seen;
        let now = Millis::now(&*self.clock);
        let new = self.store.observe(&self.chain.name, requests, *checkpoint, now).await?;
        let is_news = |number: u64| cursor.is_none_or(|cursor| number > cursor.number);
        for request in requests.iter().filter(|request| is_news(request.block.number)) {
            observe::observed(&self.chain.name, request);
        }
        observe::watched(&self.chain.name, blocks, requests.len(), new);
        if !requests.is_empty() {
            self.chain.doorbells.execute.notify_one();
            self.chain.doorbells.submit.notify_one();
        }
        Ok(())
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

    async fn place(&self, checkpoint: Checkpoint, head: &Head) -> Result<Place, ChainError> {
        let there = if checkpoint.number == head.confirmed.number {
            Some(head.confirmed)
        } else {
            self.chain.source.block(checkpoint.number).await?
        };
        Ok(match there {
            Some(block) if block == checkpoint => Place::Canonical,
            Some(_) => Place::Replaced,
            None => Place::Unknown,
        })
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
        self.advanced = false;
        let looked = self.look().await;
        self.identified = looked.is_ok();
        self.ahead = if looked.is_ok() { (self.ahead + 1).min(AHEAD) } else { (self.ahead / 2).max(1) };
        looked
    }

    fn advanced(&self) -> bool {
        self.advanced
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
        let (reached, place) = match cursor {
            // Nothing to read: the cursor's own block is looked at all the same.
            Some(cursor) if cursor.number >= head.confirmed.number => (Some(cursor), self.place(cursor, &head).await?),
            Some(_) | None => self.catch_up(cursor, &head).await?,
        };
        let progress = match place {
            Place::Replaced => match cursor {
                Some(cursor) if reached == Some(cursor) => self.rewind(cursor, &head).await?.then_some(Progress::More),
                // Stored in this step: the next one compares it with the head of then.
                Some(_) | None => Some(Progress::More),
            },
            Place::Canonical if reached.is_some_and(|block| block.number < head.confirmed.number) => {
                Some(Progress::More)
            }
            Place::Canonical => Some(self.rest(&head)),
            Place::Unknown => None,
        };
        match progress {
            Some(progress) => {
                self.lacking = 0;
                Ok(progress)
            }
            None if self.lacking < LACKING => {
                self.lacking += 1;
                Ok(self.rest(&head))
            }
            None => {
                let cause = format!("blocks are missing below the newest, {}", head.latest.number);
                Err(ChainError::Malformed { method: "block".to_owned(), cause }.into())
            }
        }
    }
}
