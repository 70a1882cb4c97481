//! The store on SQLite: one file, no server.

mod admin;
mod catalogue;
mod events;
mod execute;
mod figures;
mod inspect;
mod jobs;
mod metadata;
mod read;
mod rescan;
mod row;
mod settle;
mod submit;
mod transition;
mod watch;
mod writer;

pub use inspect::{Schema, SqliteInspection};

use super::StoreError;
use futures_util::future::BoxFuture;
use sqlx::{
    ConnectOptions, SqliteConnection, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{path::Path, time::Duration};
use tokio::sync::watch as changes;
use writer::Writer;

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");

/// The store on SQLite. Clones share its connections.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    /// Readers; WAL lets them read beside the writer.
    readers: SqlitePool,
    /// SQLite takes one writer at a time: one connection, so that no writer meets `SQLITE_BUSY`.
    writer: Writer,
}

impl SqliteStore {
    /// Opens the database at `path`, makes it when it isn't there, and brings its schema up to date.
    ///
    /// # Errors
    /// When it can't be opened, or was written by a newer release.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A lost commit could use a nonce twice, so a commit is on the disk when it returns.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        let mut writing = options.connect().await?;
        refuse_newer(&mut writing).await?;
        MIGRATIONS.run(&mut writing).await?;
        // One process uses the file, so whoever held a lease is dead. (The enclave answers a request
        // once all the same.)
        sqlx::query("UPDATE requests SET lease_token = NULL, lease_until = 0 WHERE lease_token IS NOT NULL")
            .execute(&mut writing)
            .await?;
        // What is to be tried later is tried at once: a clock that was ahead may have put it off for long.
        sqlx::query("UPDATE requests SET next_try_at = 0 WHERE next_try_at > 0 AND state IN ('observed', 'reported')")
            .execute(&mut writing)
            .await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_with(options.read_only(true)).await?;
        Ok(Self { readers, writer: Writer::start(writing) })
    }

    /// Connections for reading.
    pub(crate) const fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Runs `work` on the connection that writes, all of it or nothing, and answers once it is on the
    /// disk. Work that waits at the same time shares one commit; what was left here is done even if
    /// its caller goes away.
    ///
    /// # Errors
    /// The work's own; `Lost` when the commit failed; `Closed` when the writing task is gone.
    pub(crate) async fn write<T, Work>(&self, work: Work) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Work: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        self.writer.write(work).await
    }

    /// The number of commits since the database was opened, as it changes: whoever shows what is in
    /// the database looks again then.
    #[must_use]
    pub fn changes(&self) -> changes::Receiver<u64> {
        self.writer.commits()
    }

    /// Returns when the task that writes is gone, after which every write fails with `Closed`.
    pub async fn ended(&self) {
        self.writer.ended().await;
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it doesn't.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }
}

async fn refuse_newer(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    let table: Option<(String,)> =
        sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'")
            .fetch_optional(&mut *connection)
            .await?;
    if table.is_none() {
        return Ok(());
    }
    let (found,): (Option<i64>,) =
        sqlx::query_as("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(connection).await?;
    match found {
        Some(found) if found > known => Err(StoreError::Newer { found, known }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod plans;
