//! Where the parts of one environment keep their files.

use crate::process::log_tail;
use anyhow::Result;
use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};
use tempfile::TempDir;

const LOGS: [&str; 3] = ["relayer", "enclave", "anvil"];

/// A temporary directory that shows the logs in it when it goes, unless it was told to be quiet.
#[derive(Debug)]
pub struct Directory {
    directory: TempDir,
    quiet: AtomicBool,
}

impl Directory {
    /// A new one.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn create() -> Result<Self> {
        // Short: the path of a Unix socket has at most 107 bytes.
        let directory = tempfile::Builder::new().prefix("phat-").tempdir()?;
        Ok(Self { directory, quiet: AtomicBool::new(false) })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// All is well: nobody needs the logs.
    pub fn hush(&self) {
        self.quiet.store(true, Ordering::SeqCst);
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn write_secret(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path().join(name);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(text.as_bytes())?;
        Ok(path)
    }
}

impl Drop for Directory {
    #[expect(clippy::print_stderr, reason = "whoever runs a failed scenario wants to see its logs")]
    fn drop(&mut self) {
        if !self.quiet.load(Ordering::SeqCst) {
            for name in LOGS {
                eprintln!("{}", log_tail(name, &self.path().join(format!("{name}.log"))));
            }
        }
    }
}
