//! The enclave's own store: code, contracts, their state, reports, keys and the high-water time, in
//! one file of redb, where a commit is atomic and durable.
//!
//! What is secret, or what the host must not change, is sealed. The host can still put an old copy
//! of the whole file back: the threat model says what that gives it.

mod actions;
mod contracts;
mod error;
mod loaded;
mod records;
mod reports;

pub(crate) use actions::{Accepted, Advance, Advanced};
pub use error::StoreError;
pub(crate) use records::{ContractRecord, LoadedContract, NewContract, Put, SealedReport, SecretSet};

use crate::{keys::Keys, sealing::Sealer};
use loaded::Loaded;
use parity_scale_codec::Decode;
use phat_executor::Randomness;
use redb::{Database, Durability, ReadableDatabase, TableDefinition, WriteTransaction};
use std::{
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};
use zeroize::Zeroizing;

/// The version of the tables below. A store with a higher one is refused.
const FORMAT: u64 = 3;
/// The oldest version that is read. Of version 1, contracts have no secrets and no owner's queries; of versions 1
/// and 2, the worker has no VRF key.
const OLDEST_FORMAT: u64 = 1;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// In `META`: the version as eight bytes, little-endian; the one row that is not sealed.
const FORMAT_ROW: &str = "format";
/// In `META`: the secrets that the first start made.
const KEYS_ROW: &str = "keys";
/// In `META`: the high-water time, unix seconds, SCALE u64.
const MARK_ROW: &str = "high-water";

/// Opens or makes the file, and takes its lock. A parameter, so that a test can put a failing disk
/// below the store.
pub(crate) type OpenDatabase = Box<dyn Fn(&Path) -> Result<Database, redb::DatabaseError> + Send + Sync>;

pub(crate) struct Store {
    path: PathBuf,
    open: OpenDatabase,
    sealer: Sealer,
    /// None while it is opened again after a fault.
    database: RwLock<Option<Database>>,
    fault: Mutex<Option<String>>,
    commits: AtomicU64,
    mark: AtomicU64,
    loaded: Loaded,
}

impl Store {
    /// Opens the store, and makes it and new keys where there is none.
    ///
    /// # Errors
    /// When it is of a newer version, in use, sealed with another key, damaged, or the system
    /// refuses.
    pub(crate) fn open(
        path: PathBuf,
        open: OpenDatabase,
        sealer: Sealer,
        randomness: &dyn Randomness,
    ) -> Result<(Self, Keys), StoreError> {
        let store = Self {
            path,
            open,
            sealer,
            database: RwLock::new(None),
            fault: Mutex::new(None),
            commits: AtomicU64::new(0),
            mark: AtomicU64::new(0),
            loaded: Loaded::default(),
        };
        let database = store.open_database()?;
        if database.begin_read()?.list_tables()?.next().is_none() {
            store.initialise(&database, &Keys::generate(randomness))?;
        }
        let (format, plain) = store.verify(&database)?;
        let keys = match format {
            FORMAT => Keys::from_plain(&plain),
            _ => Keys::from_plain_without_vrf(&plain, randomness),
        };
        let keys = keys.ok_or_else(|| StoreError::damaged("meta", KEYS_ROW.as_bytes()))?;
        if format != FORMAT {
            store.upgrade(&database, &keys)?;
        }
        *store.database.write().unwrap_or_else(PoisonError::into_inner) = Some(database);
        Ok((store, keys))
    }

    /// What opens the file where no test stands in.
    pub(crate) fn on_disk() -> OpenDatabase {
        Box::new(|path| Database::builder().create(path))
    }

    fn open_database(&self) -> Result<Database, StoreError> {
        // redb makes files for everyone to read: this one exists before it comes.
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.path)
            .map_err(|cause| StoreError::File { path: self.path.clone(), cause })?;
        (self.open)(&self.path).map_err(|error| {
            if matches!(error, redb::DatabaseError::DatabaseAlreadyOpen) {
                StoreError::InUse { path: self.path.clone() }
            } else {
                StoreError::from(error)
            }
        })
    }

    fn initialise(&self, database: &Database, keys: &Keys) -> Result<(), StoreError> {
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        self.write_head(&transaction, keys)?;
        contracts::create_tables(&transaction)?;
        reports::create_tables(&transaction)?;
        transaction.commit()?;
        Ok(())
    }

    /// Puts the keys and the version of this release in place of an older one's, at once. An older release refuses
    /// the file from now on: it could not read what this one writes.
    fn upgrade(&self, database: &Database, keys: &Keys) -> Result<(), StoreError> {
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        self.write_head(&transaction, keys)?;
        transaction.commit()?;
        Ok(())
    }

    fn write_head(&self, transaction: &WriteTransaction, keys: &Keys) -> Result<(), StoreError> {
        let mut meta = transaction.open_table(META)?;
        meta.insert(FORMAT_ROW, FORMAT.to_le_bytes().as_slice())?;
        meta.insert(KEYS_ROW, self.seal("meta", KEYS_ROW.as_bytes(), &keys.to_plain())?.as_slice())?;
        Ok(())
    }

    /// Reads the version, the keys and the mark: a store that passes is this enclave's own. Gives the first two,
    /// the keys as they are sealed.
    fn verify(&self, database: &Database) -> Result<(u64, Zeroizing<Vec<u8>>), StoreError> {
        let transaction = database.begin_read()?;
        let meta = transaction.open_table(META)?;
        let format = meta.get(FORMAT_ROW)?.and_then(|row| row.value().try_into().ok()).map(u64::from_le_bytes);
        let format = match format {
            Some(format @ OLDEST_FORMAT..=FORMAT) => format,
            Some(found) => return Err(StoreError::Format { path: self.path.clone(), found, known: FORMAT }),
            None => return Err(StoreError::Damaged { table: "meta", row: FORMAT_ROW.to_owned() }),
        };
        let damaged = |row: &str| StoreError::Damaged { table: "meta", row: row.to_owned() };
        let sealed = meta.get(KEYS_ROW)?.ok_or_else(|| damaged(KEYS_ROW))?;
        let keys = Zeroizing::new(self.unseal("meta", KEYS_ROW.as_bytes(), sealed.value())?);
        if let Some(sealed) = meta.get(MARK_ROW)? {
            let plain = self.unseal("meta", MARK_ROW.as_bytes(), sealed.value())?;
            let mark = u64::decode(&mut plain.as_slice()).map_err(|_| damaged(MARK_ROW))?;
            self.mark.fetch_max(mark, Ordering::AcqRel);
        }
        Ok((format, keys))
    }

    /// The sealed high-water time, unix seconds; zero when nothing was ever committed.
    pub(crate) fn mark(&self) -> u64 {
        self.mark.load(Ordering::Acquire)
    }

    /// Durable commits since the store was opened.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Why nothing can be kept now; none when all is well.
    pub(crate) fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens the file again after a fault and commits the mark, to see whether that works.
    ///
    /// # Errors
    /// While it doesn't.
    pub(crate) fn recover(&self, now: u64) -> Result<(), StoreError> {
        {
            let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
            // The old one must let go of the file's lock first.
            *database = None;
            self.loaded.clear();
            let reopened = self.open_database()?;
            self.verify(&reopened)?;
            *database = Some(reopened);
        }
        self.write(now, |_| Ok(()))?;
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// Runs `read` on the state that the last commit left.
    fn read<T>(&self, read: impl FnOnce(&redb::ReadTransaction) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let result = database.as_ref().ok_or(StoreError::Closed).and_then(|database| read(&database.begin_read()?));
        self.observe(result)
    }

    /// Runs `change` and commits it durably with the mark raised to `now`; all of it or nothing.
    fn write<T>(
        &self,
        now: u64,
        change: impl FnOnce(&WriteTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let result = database.as_ref().ok_or(StoreError::Closed).and_then(|database| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            let mark = self.mark().max(now);
            {
                let sealed = self.seal("meta", MARK_ROW.as_bytes(), &mark.to_le_bytes())?;
                transaction.open_table(META)?.insert(MARK_ROW, sealed.as_slice())?;
            }
            let value = change(&transaction)?;
            transaction.commit()?;
            self.mark.fetch_max(mark, Ordering::AcqRel);
            self.commits.fetch_add(1, Ordering::AcqRel);
            Ok(value)
        });
        self.observe(result)
    }

    /// Keeps in mind that the disk failed, until [`Self::recover`] succeeds.
    fn observe<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result
            && error.is_disk()
        {
            let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
            if fault.is_none() {
                tracing::error!(%error, "the store fails: nothing is signed until it works again");
                *fault = Some(error.to_string());
            }
        }
        result
    }

    fn seal(&self, table: &'static str, key: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.sealer.seal(table, key, plain).map_err(|_| StoreError::damaged(table, key))
    }

    fn unseal(&self, table: &'static str, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.sealer.open(table, key, sealed).map_err(|_| StoreError::damaged(table, key))
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
