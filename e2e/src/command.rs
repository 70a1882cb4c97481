//! The relayer's commands, as an operator gives them.

use crate::Binaries;
use anyhow::{Context, Result};
use serde_json::Value;
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

/// A command that ended with another status than 0.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`relayer {arguments}` ended with {status}\n{stdout}{stderr}")]
pub struct CommandFailed {
    /// What it was told.
    pub arguments: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote for programs.
    pub stdout: String,
    /// What it wrote for people.
    pub stderr: String,
}

/// The relayer's binary, run in one directory.
#[derive(Clone, Debug)]
pub struct Relayer {
    binary: PathBuf,
    directory: PathBuf,
}

impl Relayer {
    /// Runs commands in `directory`.
    #[must_use]
    pub fn new(binaries: &Binaries, directory: &Path) -> Self {
        Self { binary: binaries.relayer.clone(), directory: directory.to_owned() }
    }

    /// The binary.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.binary
    }

    /// Runs a command to its end, and gives back what it wrote to its standard output.
    ///
    /// # Errors
    /// [`CommandFailed`] when it ends with another status than 0.
    pub async fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<String> {
        let arguments: Vec<_> = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        let output = tokio::process::Command::new(&self.binary)
            .args(&arguments)
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("can't run {}", self.binary.display()))?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(stdout);
        }
        let arguments = arguments.join(OsStr::new(" ")).to_string_lossy().into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(CommandFailed { arguments, status: output.status, stdout, stderr }.into())
    }

    /// Runs a command with `--json`, and reads what it wrote.
    ///
    /// # Errors
    /// As [`Self::run`]; and when what it wrote isn't JSON.
    pub async fn json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Value> {
        let arguments = arguments.into_iter().map(|argument| argument.as_ref().to_owned());
        let written = self.run(arguments.chain(["--json".into()])).await?;
        serde_json::from_str(&written).with_context(|| format!("not JSON: {written}"))
    }
}
