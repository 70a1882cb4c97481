//! What the relayer is told: a TOML file, and environment variables over it.
//!
//! The text becomes typed values once, here; every mistake is reported at once, with its key and the
//! environment variable that would set it. No other module reads the environment.

mod chain;
mod endpoint;
mod environment;
mod error;
mod job;
mod money;
mod parse;
mod secret;
mod section;
mod setting;
mod tree;
mod wallet;

pub use chain::{ChainConfig, ChainKind, EvmConfig, SubstrateConfig};
pub use endpoint::{EndpointConfig, EndpointsConfig};
pub use environment::Environment;
pub use error::{ConfigError, Mistake};
pub use job::JobRunsConfig;
pub use secret::{ApiToken, KeyFileError, WalletKey};
pub use wallet::{WalletConfig, WalletSigner};

use crate::jobs::JobSpec;
use phat_connector::rpc::EndpointUrl;
use phat_enclave_api::Endpoint;
use phat_telemetry::{LogSettings, OtlpEndpoint};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

/// The sample configuration: every setting with its default.
pub const SAMPLE: &str = include_str!("config/relayer.toml");

/// Everything that the relayer is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// The HTTP API.
    pub api: ApiConfig,
    /// Where the relayer keeps what it knows.
    pub database: DatabaseConfig,
    /// The enclave.
    pub enclave: EnclaveConfig,
    /// Stage `execute`.
    pub execute: ExecuteConfig,
    /// Stage `submit`.
    pub submit: SubmitConfig,
    /// Back-off of every failing step.
    pub retry: RetryConfig,
    /// Log lines.
    pub log: LogSettings,
    /// Where traces go over OTLP; none exports nothing.
    pub otlp: Option<OtlpEndpoint>,
    /// From where on `relayer status` complains.
    pub status: StatusConfig,
    /// The chains, by the names that the operator gave them.
    pub chains: BTreeMap<String, ChainConfig>,
    /// The jobs.
    pub jobs: Vec<JobSpec>,
    /// How jobs are run.
    pub job_runs: JobRunsConfig,
}

/// The HTTP API.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Where it listens; not a loopback address unless `public` is set.
    pub listen: SocketAddr,
    /// What writes must carry; none refuses every write.
    pub token: Option<ApiToken>,
    /// Where the token is read from, whether it is there or not.
    pub token_file: PathBuf,
    /// Where the bound address is written after the start.
    pub addr_file: Option<PathBuf>,
    /// The most streams of events that are open at once.
    pub max_streams: NonZeroU32,
}

/// Where the relayer keeps what it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseConfig {
    /// A file of SQLite's.
    Sqlite(PathBuf),
}

/// The enclave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnclaveConfig {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Whether a worker that nothing vouches for is accepted.
    pub allow_simulated: bool,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long any call but a run may take.
    pub call_timeout: Duration,
    /// How long a run may take; longer than the enclave's own limit on it.
    pub run_timeout: Duration,
}

/// Stage `execute`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecuteConfig {
    /// Runs asked of the enclave at once.
    pub concurrency: NonZeroU32,
    /// How long a replica may work on a request before another may take it; longer than a run.
    pub lease: Duration,
}

/// Stage `submit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitConfig {
    /// The most reports in one transaction.
    pub batch: NonZeroU32,
    /// The most transactions of each wallet that wait to be mined.
    pub max_open: NonZeroU32,
    /// How often a transaction that is not mined is sent again.
    pub rebroadcast: Duration,
    /// How long a transaction may go unmined before another, with a higher fee, takes its place.
    pub bump_after: Duration,
    /// How often that may happen to one attempt.
    pub max_bumps: u32,
    /// A report whose request expires sooner than this is not sent any more.
    pub expiry_margin: Duration,
}

/// Back-off of every failing step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryConfig {
    /// The first pause; never longer than the longest.
    pub initial: Duration,
    /// The longest pause.
    pub max: Duration,
}

/// From where on `relayer status` says `degraded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusConfig {
    /// More blocks than this at the configured finality are not watched yet.
    pub lag_blocks: u64,
    /// A request waits longer than this for its next step.
    pub waiting: Duration,
    /// The wallet can't pay for so many more answers.
    pub wallet_answers: u32,
}

impl Config {
    /// Reads the file, and the variables `PHAT_RELAYER__SECTION__KEY` over it. Paths in it are
    /// relative to the file.
    ///
    /// # Errors
    /// When the file can't be read, isn't TOML, or holds mistakes: then all of them.
    pub fn load(path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), cause: error.to_string() })?;
        let base = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, base, environment).map_err(|error| error.in_file(path))
    }

    /// Like [`load`](Self::load), from text, with paths relative to `base`.
    ///
    /// # Errors
    /// When the text isn't TOML or holds mistakes: then all of them.
    pub fn parse(text: &str, base: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let mut mistakes = Vec::new();
        let tree = tree::read(text, environment, &mut mistakes)?;
        let config = parse::config(tree, base, environment, &mut mistakes);
        match config {
            Some(config) if mistakes.is_empty() => Ok(config),
            Some(_) | None => Err(ConfigError::Mistakes { path: PathBuf::new(), mistakes }),
        }
    }
}

#[cfg(test)]
mod tests;
