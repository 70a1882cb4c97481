//! Group commit: the one task that writes. Jobs that arrive while a commit is under way wait for it
//! and share the next one, so that a busy relayer pays one sync for many rows and an idle one never
//! waits for company. Each job runs in a savepoint of its own: one that fails is rolled back alone.

use crate::{metrics::recorded, store::StoreError};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use sqlx::{SqliteConnection, sqlite::SqliteQueryResult};
use std::{sync::Arc, time::Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// The most jobs that wait; whoever has another waits until there is room.
const QUEUE: usize = 1024;
/// The most jobs in one commit, so that the first of them doesn't wait for ever.
const GROUP: usize = 256;

/// Where jobs are left for the writing task. Clones share the task; it ends with the last of them.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    commits: watch::Receiver<u64>,
}

impl Writer {
    /// Starts the writing task over the one connection that writes.
    pub(super) fn start(connection: SqliteConnection) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (committed, commits) = watch::channel(0);
        // It ends with the last of its senders, or is missed by `ended`.
        tokio::spawn(Committer { connection, jobs, committed, failing: false }.run());
        Self { queue, commits }
    }

    /// Runs `work` in a transaction that others may share, and answers once it is committed. What was
    /// left here is done even if nobody waits for it any more.
    ///
    /// # Errors
    /// The work's own, after which nothing of it is left; `Lost` when the commit failed; `Closed`
    /// when the writing task is gone.
    pub(super) async fn write<T, Work>(&self, work: Work) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Work: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let job = Box::new(Asked { work: Some(work), outcome: None, caller });
        self.queue.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// The number of commits so far, as it changes.
    pub(super) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.clone()
    }

    /// Returns when the writing task is gone.
    pub(super) async fn ended(&self) {
        self.queue.closed().await;
    }
}

/// Work on its way to a commit.
#[async_trait]
trait Job: Send {
    /// Does the work; says whether it is to be kept.
    async fn run(&mut self, connection: &mut SqliteConnection) -> bool;

    /// Tells the caller how it went, once it is known whether the commit succeeded.
    fn answer(self: Box<Self>, committed: Result<(), &Arc<sqlx::Error>>);
}

struct Asked<Work, T> {
    work: Option<Work>,
    outcome: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

#[async_trait]
impl<Work, T> Job for Asked<Work, T>
where
    T: Send,
    Work: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send,
{
    async fn run(&mut self, connection: &mut SqliteConnection) -> bool {
        let Some(work) = self.work.take() else { return false };
        let outcome = work(connection).await;
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), &Arc<sqlx::Error>>) {
        let answer = match (self.outcome, committed) {
            (Some(Ok(done)), Ok(())) => Ok(done),
            (Some(Err(error)), Ok(()) | Err(_)) => Err(error),
            (Some(Ok(_)) | None, Err(cause)) => Err(StoreError::Lost(Arc::clone(cause))),
            (None, Ok(())) => Err(StoreError::Closed),
        };
        // Nobody may be waiting any more: the rows tell whoever comes next.
        let _ = self.caller.send(answer);
    }
}

/// The task's own side.
struct Committer {
    connection: SqliteConnection,
    jobs: mpsc::Receiver<Box<dyn Job>>,
    committed: watch::Sender<u64>,
    /// Whether the last commit failed.
    failing: bool,
}

impl Committer {
    async fn run(mut self) {
        let mut group = Vec::with_capacity(GROUP);
        while self.jobs.recv_many(&mut group, GROUP).await > 0 {
            let began = Instant::now();
            let committed = self.commit(&mut group).await.map_err(Arc::new);
            recorded().commits.ended(began.elapsed(), group.len(), committed.is_ok());
            self.note(committed.as_ref().err());
            for job in group.drain(..) {
                job.answer(committed.as_ref().copied());
            }
        }
    }

    /// Tells of a commit, and in the log where commits begin or cease to fail.
    fn note(&mut self, failure: Option<&Arc<sqlx::Error>>) {
        match failure {
            Some(error) if !self.failing => {
                tracing::error!(%error, "the database takes no writes: nothing new is begun until it does");
            }
            None if self.failing => tracing::info!("the database takes writes again"),
            Some(_) | None => {}
        }
        self.failing = failure.is_some();
        if !self.failing {
            self.committed.send_modify(|commits| *commits += 1);
        }
    }

    /// One transaction for the whole group.
    async fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), sqlx::Error> {
        let committed = self.attempt(group).await;
        if committed.is_err() {
            // Fails where SQLite has rolled back by itself, as it does when the disk is full.
            let _ = self.execute("ROLLBACK").await;
        }
        committed
    }

    async fn attempt(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), sqlx::Error> {
        self.execute("BEGIN IMMEDIATE").await?;
        for job in group {
            self.execute("SAVEPOINT job").await?;
            if !job.run(&mut self.connection).await {
                // Fails where the whole transaction is gone, so that no later job runs outside of one.
                self.execute("ROLLBACK TO job").await?;
            }
            self.execute("RELEASE job").await?;
        }
        self.execute("COMMIT").await.map(|_| ())
    }

    async fn execute(&mut self, statement: &'static str) -> Result<SqliteQueryResult, sqlx::Error> {
        sqlx::query(statement).execute(&mut self.connection).await
    }
}

#[cfg(test)]
mod tests;
