use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The enclave's own directory: nobody else may look into it (0700), and one process at a time
/// works in it.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Locked for as long as it is open; the system unlocks it when the process dies.
    _lock: File,
}

/// Why the directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process works in it.
    #[error("another enclave works in {path}: stop it first, or use another directory")]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("the data directory {path}: {cause}")]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl DataDir {
    /// Makes the directory where it is missing, closes it to others, and locks it.
    ///
    /// # Errors
    /// When another process holds it, or the system refuses.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let io = |cause| DataDirError::Io { path: path.to_owned(), cause };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(io)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(cause)) => Err(io(cause)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the store's file is.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.path.join("store.redb")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_closed_to_others_even_where_it_was_open() {
        let parent = tempfile::tempdir().unwrap();
        for (name, made_before) in [("new", false), ("old", true)] {
            let path = parent.path().join(name);
            if made_before {
                std::fs::create_dir(&path).unwrap();
                std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
            }
            let directory = DataDir::open(&path).unwrap();
            assert_eq!(std::fs::metadata(directory.path()).unwrap().permissions().mode() & 0o777, 0o700, "{name}");
        }
    }

    #[test]
    fn a_second_user_is_refused_until_the_first_is_gone() {
        let parent = tempfile::tempdir().unwrap();
        let first = DataDir::open(parent.path()).unwrap();
        let refused = DataDir::open(parent.path()).unwrap_err();
        assert!(matches!(refused, DataDirError::InUse { .. }), "{refused}");
        drop(first);
        DataDir::open(parent.path()).unwrap();
    }
}
