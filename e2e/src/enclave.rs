//! The enclave as a process.

use crate::{Binaries, Process, process::unharmed_by_limits, wait_for};
use anyhow::{Context, Result};
use phat_enclave_api::{Client, ClientSettings, Enclave, Endpoint, Status};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};

const START_DEADLINE: Duration = Duration::from_secs(30);
const STOP_DEADLINE: Duration = Duration::from_secs(30);

/// `enclave serve` on a Unix socket. It keeps its data directory from one start to the next.
#[derive(Debug)]
pub struct EnclaveProcess {
    binary: PathBuf,
    directory: PathBuf,
    client: Client,
    process: Option<Process>,
}

impl EnclaveProcess {
    /// Writes its configuration into `directory` and starts it.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub async fn start(binaries: &Binaries, directory: &Path, config: &toml::Table) -> Result<Self> {
        let endpoint = Endpoint::Unix(directory.join("enclave.sock"));
        fs::write(directory.join("enclave.toml"), toml::to_string(config)?)?;
        let mut enclave = Self {
            binary: binaries.enclave.clone(),
            directory: directory.to_owned(),
            client: Client::new(endpoint, ClientSettings::default())?,
            process: None,
        };
        enclave.resume().await?;
        Ok(enclave)
    }

    /// Starts it again after it ended; waits until it answers.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub async fn resume(&mut self) -> Result<()> {
        let mut command = Command::new(&self.binary);
        command
            .arg("serve")
            .arg("--config")
            .arg(self.directory.join("enclave.toml"))
            .arg("--data-dir")
            .arg(self.directory.join("enclave-data"))
            .arg("--listen")
            .arg(self.client.endpoint().to_string())
            .current_dir(&self.directory);
        let process = Process::start("enclave", unharmed_by_limits(&command), &self.directory.join("enclave.log"))?;
        let process = self.process.insert(process);
        wait_for("the enclave's first answer", START_DEADLINE, async || {
            process.expect_running()?;
            Ok(self.client.status().await.ok())
        })
        .await?;
        Ok(())
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When the signal can't be sent.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    /// SIGABRT, as if it had found itself broken.
    ///
    /// # Errors
    /// When the signal can't be sent.
    pub fn abort(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.abort())
    }

    /// SIGTERM, and waits for the end; none when it wasn't running.
    ///
    /// # Errors
    /// When it doesn't end.
    pub async fn stop(&mut self) -> Result<Option<ExitStatus>> {
        match self.process.take() {
            None => Ok(None),
            Some(mut process) => process.terminate(STOP_DEADLINE).await.map(Some),
        }
    }

    /// The process.
    ///
    /// # Errors
    /// When it was stopped.
    pub fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("the enclave was stopped")
    }

    /// Speaks to it.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Who it is.
    ///
    /// # Errors
    /// When it doesn't answer.
    pub async fn status(&self) -> Result<Status> {
        Ok(self.client.status().await?)
    }

    /// Where it listens, as the relayer's configuration has it.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.client.endpoint().to_string()
    }
}
