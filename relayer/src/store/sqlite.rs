//! The store on SQLite: one file, no server.

mod catalogue;
mod execute;
mod read;
mod row;
mod settle;
mod submit;
mod transition;
mod watch;

use super::StoreError;
use sqlx::{
    SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{path::Path, time::Duration};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");

/// The store on SQLite. Clones share one pool.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    /// Readers; WAL lets them read beside the writer.
    readers: SqlitePool,
    /// SQLite takes one writer at a time: one connection, so that no writer meets `SQLITE_BUSY`.
    writer: SqlitePool,
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
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        refuse_newer(&writer).await?;
        MIGRATIONS.run(&writer).await?;
        // One process uses the file, so whoever held a lease is dead. (The enclave answers a request
        // once all the same.)
        sqlx::query("UPDATE requests SET lease_token = NULL, lease_until = 0 WHERE lease_token IS NOT NULL")
            .execute(&writer)
            .await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_with(options.read_only(true)).await?;
        Ok(Self { readers, writer })
    }

    /// Connections for reading.
    pub(crate) const fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// The one connection for writing.
    pub(crate) const fn writer(&self) -> &SqlitePool {
        &self.writer
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

async fn refuse_newer(pool: &SqlitePool) -> Result<(), StoreError> {
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    let table: Option<(String,)> =
        sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'")
            .fetch_optional(pool)
            .await?;
    if table.is_none() {
        return Ok(());
    }
    let (found,): (Option<i64>,) = sqlx::query_as("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(pool).await?;
    match found {
        Some(found) if found > known => Err(StoreError::Newer { found, known }),
        Some(_) | None => Ok(()),
    }
}
