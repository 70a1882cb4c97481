//! Group commit: the one task that seals reports. Reports that arrive while a commit is under way
//! wait for it and share the next one, so that a busy enclave pays one sync for many reports and an
//! idle one never waits for company.

use crate::{
    clock::EnclaveTime,
    store::{SealedReport, Store},
};
use std::{future::ready, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

/// A report on its way into the store.
#[derive(Debug)]
pub(crate) struct Sealing {
    pub(crate) report: SealedReport,
    /// Gets what is kept once the commit is durable, or the words of the failure.
    pub(crate) done: oneshot::Sender<Result<SealedReport, String>>,
}

/// How the store is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upkeep {
    /// The most reports in one commit.
    pub(crate) batch: usize,
    /// How often the high-water time is raised and expired reports are forgotten while nothing else
    /// is committed.
    pub(crate) every: Duration,
    /// How often a store that failed is tried again.
    pub(crate) retry: Duration,
}

/// What an upkeep left to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    Some,
}

pub(crate) struct Committer {
    pub(crate) store: Arc<Store>,
    pub(crate) time: Arc<EnclaveTime>,
    pub(crate) upkeep: Upkeep,
    pub(crate) queue: mpsc::Receiver<Sealing>,
}

impl Committer {
    /// Seals what arrives until `stop` is cancelled, and then what has arrived by that time.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut tick = interval(self.upkeep.retry.min(self.upkeep.every));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut kept_at: Option<Instant> = None;
        // Upkeep takes turns with sealing: nobody waits for more than one batch of it.
        let mut rest = Rest::Nothing;
        loop {
            tokio::select! {
                biased;
                _ = tick.tick() => {
                    if kept_at.is_none_or(|at| at.elapsed() >= self.upkeep.every) || self.store.fault().is_some() {
                        rest = self.keep_up().await;
                        kept_at = Some(Instant::now());
                    }
                }
                () = stop.cancelled() => break,
                first = self.queue.recv() => match first {
                    Some(first) => {
                        self.step(first).await;
                        if rest == Rest::Some {
                            rest = self.keep_up().await;
                        }
                    }
                    None => break,
                },
                () = ready(()), if rest == Rest::Some => rest = self.keep_up().await,
            }
        }
        self.queue.close();
        while let Some(first) = self.queue.recv().await {
            self.step(first).await;
        }
        self.keep_up().await;
    }

    /// One commit: `first` and everything that waits behind it.
    pub(crate) async fn step(&mut self, first: Sealing) {
        let mut group = vec![first];
        while group.len() < self.upkeep.batch {
            match self.queue.try_recv() {
                Ok(next) => group.push(next),
                Err(_) => break,
            }
        }
        let (reports, waiters): (Vec<_>, Vec<_>) = group.into_iter().map(|next| (next.report, next.done)).unzip();
        let (store, now) = (Arc::clone(&self.store), self.time.now());
        let sealed = tokio::task::spawn_blocking(move || store.put_reports(&reports, now)).await;
        let sealed = match sealed {
            Ok(Ok(kept)) => Ok(kept),
            Ok(Err(error)) => Err(error.to_string()),
            Err(panic) => Err(format!("the commit was lost: {panic}")),
        };
        match sealed {
            Ok(kept) => {
                tracing::debug!(reports = kept.len(), commits = self.store.commits(), "sealed");
                for (report, done) in kept.into_iter().zip(waiters) {
                    // Whoever waits is a task that outlives its caller; when even that is gone, the
                    // report is in the store for the next call.
                    let _ = done.send(Ok(report));
                }
            }
            Err(words) => {
                for done in waiters {
                    let _ = done.send(Err(words.clone()));
                }
            }
        }
    }

    /// Raises the mark and forgets one batch of what it has passed; after a fault, tries the store
    /// again first.
    async fn keep_up(&self) -> Rest {
        let (store, now, batch) = (Arc::clone(&self.store), self.time.now(), self.upkeep.batch);
        let kept = tokio::task::spawn_blocking(move || {
            if store.fault().is_some() {
                store.recover(now)?;
                tracing::info!("the store works again");
            }
            store.forget_reports(batch, now)
        });
        match kept.await {
            Ok(Ok(forgotten)) => {
                if forgotten > 0 {
                    tracing::debug!(forgotten, "forgot the reports of expired requests");
                }
                return if forgotten < batch { Rest::Nothing } else { Rest::Some };
            }
            Ok(Err(error)) => tracing::warn!(%error, "the store's upkeep failed"),
            Err(panic) => tracing::error!(%panic, "the store's upkeep was lost"),
        }
        Rest::Nothing
    }
}

#[cfg(test)]
mod tests;
