//! The relayer as a process, and its status API.

use crate::{
    Binaries, Process,
    process::{bound_by_permissions, unharmed_by_limits},
    wait_for,
};
use anyhow::{Context, Result, ensure};
use phat_protocol::RequestId;
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};

const START_DEADLINE: Duration = Duration::from_secs(30);
const STOP_DEADLINE: Duration = Duration::from_secs(30);
const API_TIMEOUT: Duration = Duration::from_secs(10);

/// The file that the bound address of the API is written to.
pub(crate) const ADDRESS_FILE: &str = "api-addr";

/// `relayer run`. It keeps its database from one start to the next.
#[derive(Debug)]
pub struct RelayerProcess {
    binary: PathBuf,
    directory: PathBuf,
    variables: BTreeMap<String, String>,
    bound_by_permissions: bool,
    api: StatusApi,
    process: Option<Process>,
}

impl RelayerProcess {
    /// Starts it with the `relayer.toml` in `directory`.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub async fn start(binaries: &Binaries, directory: &Path) -> Result<Self> {
        let mut relayer = Self {
            binary: binaries.relayer.clone(),
            directory: directory.to_owned(),
            variables: BTreeMap::new(),
            bound_by_permissions: false,
            api: StatusApi { base: String::new(), http: loopback_client()? },
            process: None,
        };
        relayer.resume().await?;
        Ok(relayer)
    }

    /// From its next start on it is this program.
    pub fn become_program(&mut self, program: &Path) {
        program.clone_into(&mut self.binary);
    }

    /// From its next start on it has this environment variable, or has it no more.
    pub fn set_variable(&mut self, name: &str, value: Option<String>) {
        match value {
            Some(value) => self.variables.insert(name.to_owned(), value),
            None => self.variables.remove(name),
        };
    }

    /// From its next start on the permissions of files hold for it, even if it is root's.
    pub const fn bind_by_permissions(&mut self) {
        self.bound_by_permissions = true;
    }

    /// Starts it again after it ended, and doesn't wait for anything: it may be about to die.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn begin(&mut self) -> Result<()> {
        let address_file = self.directory.join(ADDRESS_FILE);
        if address_file.exists() {
            fs::remove_file(&address_file)?;
        }
        let mut command = Command::new(&self.binary);
        command.arg("run").arg("--config").arg(self.directory.join("relayer.toml")).current_dir(&self.directory);
        command.envs(&self.variables);
        if self.bound_by_permissions {
            command = bound_by_permissions(&command);
        }
        self.process =
            Some(Process::start("relayer", unharmed_by_limits(&command), &self.directory.join("relayer.log"))?);
        Ok(())
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub async fn answers(&mut self) -> Result<()> {
        let address_file = self.directory.join(ADDRESS_FILE);
        let process = self.process.as_mut().context("the relayer was stopped")?;
        self.api.base = wait_for("the relayer's address", START_DEADLINE, async || {
            process.expect_running()?;
            let address = fs::read_to_string(&address_file).unwrap_or_default();
            Ok((!address.trim().is_empty()).then(|| format!("http://{}", address.trim())))
        })
        .await?;
        wait_for("the relayer's first answer", START_DEADLINE, async || {
            process.expect_running()?;
            Ok(self.api.get("/live").await.ok())
        })
        .await?;
        Ok(())
    }

    /// Starts it again after it ended; waits until it answers.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub async fn resume(&mut self) -> Result<()> {
        self.begin()?;
        self.answers().await
    }

    /// Whether it has ended by itself, and how.
    ///
    /// # Errors
    /// When it was stopped, or the system can't say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.process.as_mut().context("the relayer was stopped")?.ended()
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When the signal can't be sent.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
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
        self.process.as_ref().context("the relayer was stopped")
    }

    /// Fails when it ended by itself.
    ///
    /// # Errors
    /// With its exit status and the end of its log.
    pub fn expect_running(&mut self) -> Result<()> {
        self.process.as_mut().context("the relayer was stopped")?.expect_running()
    }

    /// Its status API.
    #[must_use]
    pub const fn api(&self) -> &StatusApi {
        &self.api
    }
}

/// A part that the relayer can't work without.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Component {
    /// Its name.
    pub component: String,
    /// Whether all is well.
    pub ready: bool,
    /// What isn't.
    pub reason: Option<String>,
}

/// Whether the relayer can work.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Ready {
    /// Whether every part is well.
    pub ready: bool,
    /// The parts.
    pub components: Vec<Component>,
}

impl Ready {
    /// Why a part isn't well; none when it is.
    #[must_use]
    pub fn trouble(&self, component: &str) -> Option<&str> {
        let found = self.components.iter().find(|known| known.component == component && !known.ready)?;
        Some(found.reason.as_deref().unwrap_or_default())
    }
}

/// Reads the relayer's status over HTTP.
#[derive(Clone, Debug)]
pub struct StatusApi {
    base: String,
    http: reqwest::Client,
}

impl StatusApi {
    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.base
    }

    /// Whether the relayer can work.
    ///
    /// # Errors
    /// When there is no answer, or its status contradicts it.
    pub async fn ready(&self) -> Result<Ready> {
        let response = self.http.get(format!("{}/ready", self.base)).send().await?;
        let status = response.status();
        let ready: Ready = response.json().await?;
        ensure!(status == if ready.ready { 200 } else { 503 }, "/ready says {ready:?} with status {status}");
        Ok(ready)
    }

    /// The whole life of a request; none when the relayer hasn't seen it.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn request(&self, id: RequestId) -> Result<Option<Value>> {
        let response = self.http.get(format!("{}/v1/requests/{id}", self.base)).send().await?;
        if response.status() == 404 {
            return Ok(None);
        }
        Ok(Some(response.error_for_status()?.json().await?))
    }

    /// The state of a request; none when the relayer hasn't seen it.
    ///
    /// # Errors
    /// When there is no answer, or it names no state.
    pub async fn state_of(&self, id: RequestId) -> Result<Option<String>> {
        let Some(request) = self.request(id).await? else { return Ok(None) };
        let state = request["state"].as_str().with_context(|| format!("no state in {request}"))?;
        Ok(Some(state.to_owned()))
    }

    /// The text at a path.
    ///
    /// # Errors
    /// When there is no answer, or one that isn't a success.
    pub async fn text(&self, path: &str) -> Result<String> {
        Ok(self.http.get(format!("{}{path}", self.base)).send().await?.error_for_status()?.text().await?)
    }

    /// What is at a path.
    ///
    /// # Errors
    /// When there is no answer, or one that isn't a success.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let response = self.http.get(format!("{}{path}", self.base)).send().await?.error_for_status()?;
        let body = response.bytes().await?;
        Ok(serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

fn loopback_client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().timeout(API_TIMEOUT).build()?)
}
