use sqlx::migrate::MigrateError;
use std::sync::Arc;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database answered an error.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The commit that held the change failed, for everyone who shared it.
    #[error("the database failed to commit: {0}")]
    Lost(Arc<sqlx::Error>),
    /// The task that writes is gone.
    #[error("the database is closed")]
    Closed,
    /// The schema can't be brought up to date.
    #[error("the database's schema can't be brought up to date: {0}")]
    Migration(#[from] MigrateError),
    /// The database was written by a newer release.
    #[error("the database is at schema version {found}, newer than this release's {known}; run the newer release")]
    Newer {
        /// The newest migration in the database.
        found: i64,
        /// The newest migration that this release knows.
        known: i64,
    },
    /// A row that this release can't have written.
    #[error("table {table}, column {column} of row {row} can't be read: {cause}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
        /// What is wrong.
        cause: String,
    },
    /// A step that no request takes.
    #[error(transparent)]
    Transition(#[from] crate::request::InvalidTransition),
    /// Another replica, or an earlier step, changed the row first.
    #[error("{what} changed meanwhile")]
    Conflict {
        /// The row.
        what: String,
    },
}

impl StoreError {
    /// The variant's name, for counting.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Database(_) => "database",
            Self::Lost(_) => "lost",
            Self::Closed => "closed",
            Self::Migration(_) => "migration",
            Self::Newer { .. } => "newer",
            Self::Corrupt { .. } => "corrupt",
            Self::Transition(_) => "transition",
            Self::Conflict { .. } => "conflict",
        }
    }

    /// Whether the disk or the file's permissions stood in the way: every row is as it was, and the same step
    /// succeeds once they don't.
    #[must_use]
    pub fn is_disk(&self) -> bool {
        match self {
            Self::Database(error) => is_disk(error),
            Self::Lost(error) => is_disk(error),
            Self::Migration(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => is_disk(error),
            Self::Migration(_)
            | Self::Closed
            | Self::Newer { .. }
            | Self::Corrupt { .. }
            | Self::Transition(_)
            | Self::Conflict { .. } => false,
        }
    }

    /// Whether the same step may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Database(_) | Self::Lost(_) | Self::Conflict { .. } => true,
            Self::Closed | Self::Migration(_) | Self::Newer { .. } | Self::Corrupt { .. } | Self::Transition(_) => {
                false
            }
        }
    }
}

/// SQLite's primary result code is the lowest byte of what it answers (<https://www.sqlite.org/rescode.html>):
/// `SQLITE_BUSY`, `SQLITE_READONLY`, `SQLITE_IOERR`, `SQLITE_FULL` and `SQLITE_CANTOPEN`.
fn is_disk(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 8 | 10 | 13 | 14))
}
