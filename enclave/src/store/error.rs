use std::{io, path::PathBuf};

/// Why the store can't do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store was written by another version of the enclave.
    #[error(
        "the store {path} has format {found}, and this enclave knows format {known}: run the release that wrote it"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The format of this release.
        known: u64,
    },
    /// Another process has it open.
    #[error("another process has the store {path} open")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file can't be made or opened.
    #[error("the store {path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A row was changed outside the enclave, or was sealed with another key.
    #[error("row {row} of table {table} was changed outside the enclave, or sealed with another key")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The row's key.
        row: String,
    },
    /// It is being opened again after a fault.
    #[error("the store is closed until its disk works again")]
    Closed,
    /// The disk or the database fails.
    #[error("the store fails: {0}")]
    Database(Box<redb::Error>),
}

impl StoreError {
    /// A row that doesn't open in its place.
    pub(super) fn damaged(table: &'static str, key: &[u8]) -> Self {
        let row = match std::str::from_utf8(key) {
            Ok(name) if table == "meta" => name.to_owned(),
            Ok(_) | Err(_) => format!("0x{}", hex::encode(key)),
        };
        Self::Damaged { table, row }
    }

    /// Whether the fault is the disk's and stays until the store is opened again, rather than one
    /// row's.
    pub(crate) const fn is_disk(&self) -> bool {
        match self {
            Self::File { .. } | Self::Closed | Self::Database(_) => true,
            Self::Format { .. } | Self::InUse { .. } | Self::Damaged { .. } => false,
        }
    }
}

macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Database(Box::new(error.into()))
            }
        }
    )*};
}

from_redb!(DatabaseError, TransactionError, TableError, StorageError, CommitError, SetDurabilityError);
