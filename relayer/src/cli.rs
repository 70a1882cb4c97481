//! The command line. What concerns a running relayer goes through its HTTP API, as any other client
//! would; the rest works on files, or on a chain directly.
//!
//! Exit codes: 0 done, 1 failed or refused, 2 wrong usage.

mod check;
mod client;
mod contract;
mod init;
mod oracle;
mod output;
mod request;
mod run;
mod worker;

use crate::config::{Config, Environment};
use clap::{Args, Parser, Subcommand};
use output::Output;
use std::{path::PathBuf, process::ExitCode};
use tokio::runtime::Runtime;

/// Watches oracles on chains, has Phat Contracts answer their requests inside an enclave, and brings
/// the signed answers back.
#[derive(Debug, Parser)]
#[command(name = "relayer", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print JSON, for machines.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch, execute, submit and settle until SIGTERM or SIGINT.
    Run(run::Run),
    /// Write a sample configuration and a fresh API token.
    Init(init::Init),
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Oracles on chains.
    #[command(subcommand)]
    Oracle(oracle::OracleCommand),
    /// The enclave's worker.
    #[command(subcommand)]
    Worker(worker::WorkerCommand),
    /// Phat Contracts.
    #[command(subcommand)]
    Contract(contract::ContractCommand),
    /// Requests that were seen on chains.
    #[command(subcommand)]
    Request(request::RequestCommand),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Name every mistake in the configuration; exit with 1 when there is one.
    Check(ConfigFile),
}

#[derive(Debug, Args)]
struct ConfigFile {
    /// The configuration; paths in it are relative to it.
    #[arg(long, value_name = "FILE", default_value = "relayer.toml")]
    config: PathBuf,
}

impl ConfigFile {
    fn load(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.config, &Environment::of_process())?)
    }
}

impl Cli {
    /// Does what the command line says, and prints what came of it.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let output = Output::new(self.json);
        // The one TLS provider; an earlier one stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let done = Runtime::new().map_err(Into::into).and_then(|runtime| runtime.block_on(self.command.run(&output)));
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                output.failure(&error);
                ExitCode::FAILURE
            }
        }
    }
}

impl Command {
    async fn run(self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Run(run) => run.run().await,
            Self::Init(init) => init.run(output),
            Self::Config(ConfigCommand::Check(file)) => check::config(&file, output),
            Self::Oracle(command) => command.run(output).await,
            Self::Worker(command) => command.run(output).await,
            Self::Contract(command) => command.run(output).await,
            Self::Request(command) => command.run(output).await,
        }
    }
}
