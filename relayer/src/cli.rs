//! The command line. What concerns a running relayer goes through its HTTP API, as any other client
//! would; the rest works on files, or on a chain directly.
//!
//! Exit codes: 0 done, 1 failed or refused, 2 wrong usage.

mod argument;
mod chain;
mod check;
mod client;
mod completions;
mod contract;
mod doctor;
mod events;
mod help;
mod init;
mod job;
mod limits;
mod money;
mod oracle;
mod output;
mod request;
mod run;
mod status;
mod worker;

use crate::{
    api::ResumeAnswer,
    compose::{Bare, Wrapping},
    config::{Config, Environment},
    store::Pause,
};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
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
    Status(status::Status),
    Doctor(doctor::Doctor),
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
    /// The configured chains.
    #[command(subcommand)]
    Chain(chain::ChainCommand),
    /// Messages of contracts that are run on their own: by the calendar, or as a chain goes on.
    #[command(subcommand)]
    Job(job::JobCommand),
    Events(events::Events),
    Completions(completions::Completions),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Name every mistake in the configuration; exit with 1 when there is one.
    Check(ConfigFile),
}

/// What a pause says of itself.
fn paused(what: &str, pause: &Pause) -> String {
    format!("{what} is paused {}", since(pause))
}

/// Since when something is paused, and why.
fn since(pause: &Pause) -> String {
    let reason = pause.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("since {}{reason}", output::time(pause.since_ms))
}

/// What the end of a pause says of itself.
fn resumed(what: &str, answer: ResumeAnswer) -> String {
    if answer.was_paused { format!("{what} goes on") } else { format!("{what} was not paused") }
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
    /// What this process was told. One that was told what can't be ends here, with 2.
    #[must_use]
    pub fn of_process() -> Self {
        let matches = help::grouped(Self::command()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Does what the command line says, and prints what came of it.
    #[must_use]
    pub fn run(self) -> ExitCode {
        self.run_with(&Bare)
    }

    /// As [`Self::run`], with something between the stages of a running relayer and its parts.
    #[must_use]
    pub fn run_with(self, wrapping: &impl Wrapping) -> ExitCode {
        let output = Output::new(self.json);
        // The one TLS provider; an earlier one stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let done = Runtime::new()
            .map_err(Into::into)
            .and_then(|runtime| runtime.block_on(self.command.run(&output, wrapping)));
        match done {
            Ok(code) => code,
            Err(error) => {
                output.failure(&error);
                ExitCode::FAILURE
            }
        }
    }
}

impl Command {
    async fn run(self, output: &Output, wrapping: &impl Wrapping) -> anyhow::Result<ExitCode> {
        match self {
            Self::Run(run) => run.run(wrapping).await?,
            Self::Status(status) => return status.run(output).await,
            Self::Doctor(doctor) => return doctor.run(output).await,
            Self::Init(init) => init.run(output)?,
            Self::Config(ConfigCommand::Check(file)) => check::config(&file, output)?,
            Self::Oracle(command) => command.run(output).await?,
            Self::Worker(command) => command.run(output).await?,
            Self::Contract(command) => return command.run(output).await,
            Self::Request(command) => return command.run(output).await,
            Self::Chain(command) => command.run(output).await?,
            Self::Job(command) => command.run(output).await?,
            Self::Events(events) => events.run(output).await?,
            Self::Completions(completions) => completions.run()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
