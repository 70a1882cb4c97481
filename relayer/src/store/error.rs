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
    Migration(#[from] sqlx::migrate::MigrateError),
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
