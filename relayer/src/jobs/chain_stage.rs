//! Stage `jobs/chain`: queues runs that a chain asks for, by its height or by what it tells. One look at the head
//! serves all jobs of the chain, and one query all that wait for events.

use super::{JobDoorbells, JobTrigger, Missed, SkipReason, observe};
use crate::{
    clock::{Millis, SharedClock},
    pipeline::{Progress, Stage, StageError},
    store::{Advance, ChainJob, ChainWait, Found, JobTurnStore, Turn, Turned},
};
use async_trait::async_trait;
use phat_connector::{BlockRef, ChainEvent, EventFilter, EventSource, Head, OracleStatus, RequestSource};
use phat_protocol::Chain;
use std::{num::NonZeroU64, sync::Arc};

/// How many blocks are read again after a reorganisation. Runs aren't repeated: what they were for is remembered.
const REACH: u64 = 512;
/// A job that has so many runs queued isn't given more: reading its events waits until it has caught up.
const MAX_QUEUED: u64 = 1_000;

/// A chain, as its jobs look at it.
#[derive(Clone)]
pub struct JobChain {
    /// Its configured name.
    pub name: Arc<str>,
    /// The chain.
    pub chain: Chain,
    /// Where it stands.
    pub source: Arc<dyn RequestSource>,
    /// Whether it is the configured one.
    pub status: Arc<dyn OracleStatus>,
    /// What it tells.
    pub events: Arc<dyn EventSource>,
    /// The most blocks that are asked for at once; at least 1.
    pub max_range: NonZeroU64,
}

/// Queues runs that one chain asks for.
pub struct ChainStage {
    chain: JobChain,
    store: Arc<dyn JobTurnStore>,
    clock: SharedClock,
    doorbells: JobDoorbells,
    /// Whether the endpoint was seen to serve the configured chain since it last failed.
    identified: bool,
    /// Whether jobs were looked at since the process began: what passed before that was missed.
    looked: bool,
}

impl ChainStage {
    /// A stage for `chain`.
    #[must_use]
    pub fn new(chain: JobChain, store: Arc<dyn JobTurnStore>, clock: SharedClock, doorbells: JobDoorbells) -> Self {
        Self { chain, store, clock, doorbells, identified: false, looked: false }
    }

    async fn look(&mut self) -> Result<Progress, StageError> {
        let jobs = self.store.chain_jobs(&self.chain.name).await?;
        if jobs.is_empty() {
            self.looked = true;
            return Ok(Progress::Idle);
        }
        if !self.identified {
            self.chain.status.facts().await?;
            self.identified = true;
        }
        let head = self.chain.source.head().await?;
        if self.reorganised(&jobs, &head).await? {
            return Ok(Progress::More);
        }
        let behind: Vec<&ChainJob> =
            jobs.iter().filter(|job| job.cursor.is_none_or(|cursor| cursor < head.confirmed.number)).collect();
        if behind.is_empty() {
            self.looked = true;
            return Ok(Progress::Idle);
        }
        let mut advances = Vec::new();
        for job in &behind {
            advances.extend(self.height(job, &head).await?);
        }
        let events = self.events(&behind, &head).await?;
        let is_behind = events.iter().any(|advance| advance.to < head.confirmed.number);
        advances.extend(events);
        if !advances.is_empty() {
            let turned = self.store.advance_jobs(self.chain.chain, &advances, Millis::now(&*self.clock)).await?;
            turned.iter().copied().for_each(observe::turned);
            if turned.contains(&Turned::Queued) {
                self.doorbells.run.notify_one();
            }
        }
        self.looked = true;
        Ok(if is_behind { Progress::More } else { Progress::Idle })
    }

    /// Sends jobs back that stand at a block which the chain doesn't go through any more. Says whether there were any.
    async fn reorganised(&self, jobs: &[ChainJob], head: &Head) -> Result<bool, StageError> {
        let mut stands: Vec<BlockRef> = jobs.iter().filter_map(|job| job.block).collect();
        stands.sort_unstable_by_key(|block| (block.number, block.hash));
        stands.dedup();
        let mut any = false;
        // A node that lags or syncs again knows nothing of what lies above its head.
        for block in stands.into_iter().filter(|block| block.number <= head.latest.number && *block != head.confirmed) {
            let canonical =
                block.number != head.confirmed.number && self.chain.source.block(block.number).await? == Some(block);
            if !canonical {
                let jobs = self.store.go_back(&self.chain.name, block, REACH).await?;
                observe::reorganised(&self.chain.name, block, jobs);
                any |= jobs > 0;
            }
        }
        Ok(any)
    }

    /// How far a job moves on that waits for heights; none for another.
    async fn height(&self, job: &ChainJob, head: &Head) -> Result<Option<Advance>, StageError> {
        let ChainWait::Height(every) = job.wait else { return Ok(None) };
        let to = head.confirmed.number;
        let due = job.cursor.map_or(0, |cursor| (to / every).saturating_sub(cursor / every));
        let turn = if due == 0 { None } else { Some(self.turn(job, to / every * every.get(), head).await?) };
        let found = Found::Height { turn, passed: due.saturating_sub(1) };
        Ok(Some(Advance { id: job.id, from: job.cursor, to, block: None, found }))
    }

    async fn turn(&self, job: &ChainJob, height: u64, head: &Head) -> Result<Turn, StageError> {
        if !self.looked {
            match job.missed {
                Missed::Skip => return Ok(Turn::Skip(SkipReason::Missed)),
                Missed::Once => {}
            }
        }
        if job.contract_paused {
            return Ok(Turn::Skip(SkipReason::ContractPaused));
        }
        let block = if height == head.confirmed.number {
            Some(head.confirmed)
        } else {
            self.chain.source.block(height).await?
        };
        // The chain grew shorter between two calls; another height will come.
        Ok(block.map_or(Turn::Skip(SkipReason::Passed), |block| Turn::Run(JobTrigger::block(self.chain.chain, block))))
    }

    /// How far the jobs move on that wait for events.
    async fn events(&self, jobs: &[&ChainJob], head: &Head) -> Result<Vec<Advance>, StageError> {
        let mut advances = Vec::new();
        let mut reading: Vec<(&ChainJob, &EventFilter, u64)> = Vec::new();
        for job in jobs {
            let ChainWait::Event(filter) = &job.wait else { continue };
            match job.cursor {
                // What counts lies above the block that is seen first.
                None => advances.push(Advance {
                    id: job.id,
                    from: None,
                    to: head.confirmed.number,
                    block: Some(head.confirmed),
                    found: Found::Events(Vec::new()),
                }),
                Some(cursor) if job.open_runs < MAX_QUEUED => reading.push((job, filter, cursor)),
                Some(_) => {}
            }
        }
        let Some(lowest) = reading.iter().map(|(.., cursor)| *cursor).min() else { return Ok(advances) };
        let first = lowest.saturating_add(1);
        let last = lowest.saturating_add(self.chain.max_range.get()).min(head.confirmed.number);
        // The hash is read before the events: when the chain is reorganised in between, the next look finds another
        // hash there and reads them again.
        let block =
            if last == head.confirmed.number { Some(head.confirmed) } else { self.chain.source.block(last).await? };
        let Some(block) = block else { return Ok(advances) };
        let reading: Vec<_> = reading.into_iter().filter(|(.., cursor)| *cursor < last).collect();
        let filters: Vec<EventFilter> = reading.iter().map(|(_, filter, _)| (*filter).clone()).collect();
        let events = self.chain.events.events(&filters, first..=last).await?;
        advances.extend(reading.into_iter().map(|(job, filter, cursor)| Advance {
            id: job.id,
            from: job.cursor,
            to: last,
            block: Some(block),
            found: Found::Events(told(&events, filter, cursor)),
        }));
        Ok(advances)
    }
}

/// The events above `cursor` that the filter admits.
fn told(events: &[ChainEvent], filter: &EventFilter, cursor: u64) -> Vec<ChainEvent> {
    events.iter().filter(|event| event.block.number > cursor && filter.admits(event)).cloned().collect()
}

#[async_trait]
impl Stage for ChainStage {
    fn name(&self) -> &'static str {
        "jobs_chain"
    }

    fn chain(&self) -> &str {
        &self.chain.name
    }

    async fn step(&mut self) -> Result<Progress, StageError> {
        let looked = self.look().await;
        self.identified &= looked.is_ok();
        looked
    }
}

#[cfg(test)]
mod tests;
