//! Looks into a database that may be in use, without writing to it or bringing its schema up to date.

use super::{MIGRATIONS, row::Place};
use crate::store::StoreError;
use phat_protocol::ContractId;
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use std::{path::Path, time::Duration};

/// A database, opened for reading alone.
#[derive(Clone, Debug)]
pub struct SqliteInspection {
    pool: SqlitePool,
}

/// The schema of a database beside the one that this release knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Migrations that are applied.
    pub applied: usize,
    /// Migrations that this release knows.
    pub known: usize,
    /// Whether the applied ones are the first of those that this release knows, byte for byte.
    pub is_known: bool,
    /// Whether one was begun and not finished.
    pub is_broken: bool,
}

impl SqliteInspection {
    /// Opens the database at `path`, which must be there.
    ///
    /// # Errors
    /// When it can't be opened.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .read_only(true)
            .busy_timeout(Duration::from_secs(5));
        Ok(Self { pool: SqlitePoolOptions::new().max_connections(1).connect_with(options).await? })
    }

    /// Which migrations are applied.
    ///
    /// # Errors
    /// When it can't be read, or is no database.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        let known = MIGRATIONS.iter().count();
        if !self.has_table("_sqlx_migrations").await? {
            return Ok(Schema { applied: 0, known, is_known: true, is_broken: false });
        }
        let applied: Vec<(i64, Vec<u8>, bool)> =
            sqlx::query_as("SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version")
                .fetch_all(&self.pool)
                .await?;
        let mut ours = MIGRATIONS.iter();
        let is_ours = |(version, checksum, _): &(i64, Vec<u8>, bool)| {
            ours.next().is_some_and(|known| known.version == *version && *known.checksum == checksum[..])
        };
        Ok(Schema {
            applied: applied.len(),
            known,
            is_broken: applied.iter().any(|(_, _, success)| !success),
            is_known: applied.iter().all(is_ours),
        })
    }

    /// Id and name of every contract of the catalogue.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn contracts(&self) -> Result<Vec<(ContractId, String)>, StoreError> {
        if !self.has_table("contracts").await? {
            return Ok(Vec::new());
        }
        let rows: Vec<(Vec<u8>, String)> =
            sqlx::query_as("SELECT id, name FROM contracts ORDER BY name, id").fetch_all(&self.pool).await?;
        let place = Place { table: "contracts", row: &"(unreadable id)" };
        rows.into_iter().map(|(id, name)| Ok((place.id("id", &id)?, name))).collect()
    }

    async fn has_table(&self, name: &str) -> Result<bool, StoreError> {
        let (found,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?")
            .bind(name)
            .fetch_one(&self.pool)
            .await?;
        Ok(found > 0)
    }
}
