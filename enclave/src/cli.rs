//! The command line.

mod memory;
mod open_files;
mod signals;

use clap::{Args, Parser, Subcommand};
use phat_enclave::{Config, Enclave, config::SAMPLE};
use phat_enclave_api::{Client, ClientSettings, Enclave as _, Endpoint, Status};
use phat_telemetry::{LogFilter, LogFormat, LogSettings, Settings};
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};
use tokio_util::sync::CancellationToken;

/// The trusted process of a Phat Contract oracle: runs contracts and signs their answers, once each.
///
/// This build's attestation is SIMULATED: no hardware vouches for it, its sealing key is a file, and
/// only registries on development chains take it.
#[derive(Parser)]
#[command(name = "enclave", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Threads for what blocks: look-ups in the store and its commits, name resolution (16), translations.
const BLOCKING_THREADS: usize = 64;

#[derive(Subcommand)]
enum Command {
    /// Serves until SIGTERM or SIGINT (attestation: simulated). Runs may end first; a second signal stops at once.
    Serve(Serve),
    /// Tells who the worker of a running enclave is and whether it can work.
    Status(StatusOf),
    /// Checks, shows or writes a configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Args)]
struct ConfigFile {
    /// A TOML file; the defaults and PHAT_ENCLAVE__… variables alone without one.
    #[arg(long, env = "PHAT_ENCLAVE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    file: ConfigFile,
    /// Where keys, code, contracts and reports are kept. Made where it is missing; closed to others.
    #[arg(long, env = "PHAT_ENCLAVE_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,
    /// unix:PATH, or http://ADDRESS:PORT with a loopback address.
    #[arg(long, env = "PHAT_ENCLAVE_LISTEN", value_name = "ENDPOINT")]
    listen: Endpoint,
    /// What to log, instead of the configuration's log.filter: a level, or directives.
    #[arg(long, value_name = "FILTER", env = "RUST_LOG")]
    log: Option<LogFilter>,
    /// How log lines look, instead of the configuration's log.format: human or json.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

#[derive(Args)]
struct StatusOf {
    /// unix:PATH, or http://ADDRESS:PORT with a loopback address.
    #[arg(long, env = "PHAT_ENCLAVE_LISTEN", value_name = "ENDPOINT")]
    endpoint: Endpoint,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Says every mistake, or "ok" and the configuration's hash.
    Check(ConfigFile),
    /// Writes the effective configuration, defaults included, as TOML.
    Show(ConfigFile),
    /// Writes the documented defaults, to start a file from.
    Sample,
}

impl Cli {
    /// Does it. What goes wrong is said on standard error.
    pub(crate) fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Serve(serve) => serve.run(),
            Command::Status(status) => status.run(),
            Command::Config(config) => config.run(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // Nobody is left to tell when this fails too.
                let _ = writeln!(io::stderr(), "error: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

impl ConfigFile {
    fn load(&self) -> anyhow::Result<Config> {
        let environment = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
        Ok(Config::load(self.config.as_deref(), environment)?)
    }
}

impl Serve {
    fn run(self) -> anyhow::Result<()> {
        let config = self.file.load()?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().max_blocking_threads(BLOCKING_THREADS).enable_all().build()?;
        runtime.block_on(async {
            let telemetry = phat_telemetry::start(&self.telemetry(&config))?;
            open_files::raise();
            memory::keep();
            let served = self.serve(&config).await;
            telemetry.stop().await;
            served
        })
    }

    fn telemetry(&self, config: &Config) -> Settings {
        let LogSettings { filter, format } = config.log.clone();
        let log = LogSettings { filter: self.log.clone().unwrap_or(filter), format: self.log_format.unwrap_or(format) };
        let otlp = config.telemetry.otlp_endpoint.clone();
        Settings { service: "phat-enclave", version: env!("CARGO_PKG_VERSION"), log, otlp }
    }

    async fn serve(&self, config: &Config) -> anyhow::Result<()> {
        let stop = CancellationToken::new();
        let signals = tokio::spawn(signals::stop(stop.clone())?);
        let enclave = Enclave::start(config, &self.data_dir, &self.listen).await?;
        let status = enclave.status().await?;
        tracing::info!(
            attestation = %status.attestation,
            worker = %status.keys.worker,
            measurement = %status.measurement,
            config_hash = %status.config_hash,
            contracts = status.contracts,
            version = status.version,
            "listens on {} with {} attestation",
            enclave.endpoint(),
            status.attestation,
        );
        let ended = enclave.run(stop).await;
        signals.abort();
        tracing::info!("stopped");
        Ok(ended?)
    }
}

impl StatusOf {
    fn run(self) -> anyhow::Result<()> {
        let client = Client::new(self.endpoint, ClientSettings::default())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let status = runtime.block_on(client.status())?;
        let text = if self.json { serde_json::to_string_pretty(&status)? + "\n" } else { describe(&status) };
        io::stdout().write_all(text.as_bytes())?;
        match status.fault {
            None => Ok(()),
            Some(fault) => Err(anyhow::anyhow!("the enclave can't work: {fault}")),
        }
    }
}

fn describe(status: &Status) -> String {
    let Status {
        attestation,
        version,
        keys,
        measurement,
        config_hash,
        config: _,
        now,
        contracts,
        running,
        executions,
        fault,
    } = status;
    let fault = fault.as_deref().unwrap_or("none");
    format!(
        "attestation  {attestation}\nversion      {version}\nworker       {}\nx25519 key   {}\n\
         measurement  {measurement}\nconfig hash  {config_hash}\ntime         {now}\ncontracts    {contracts}\n\
         running      {running}\nexecutions   {executions}\nfault        {fault}\n",
        keys.worker, keys.x25519,
    )
}

impl ConfigCommand {
    fn run(self) -> anyhow::Result<()> {
        let text = match self {
            Self::Check(file) => format!("ok (simulated attestation), config hash {}\n", file.load()?.hash()?),
            Self::Show(file) => toml::to_string_pretty(&file.load()?)?,
            Self::Sample => SAMPLE.to_owned(),
        };
        Ok(io::stdout().write_all(text.as_bytes())?)
    }
}
