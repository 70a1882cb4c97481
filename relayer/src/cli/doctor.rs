use super::{
    ConfigFile,
    client::Client,
    output::{Output, visible},
};
use crate::{
    api::{StatusAnswer, Verdict},
    compose,
    config::{Config, ConfigError, Environment},
    doctor::{Check, CheckState},
};
use anyhow::anyhow;
use clap::Args;
use reqwest::Url;
use serde::Serialize;
use std::{fmt::Write, process::ExitCode, time::Duration};
use tokio::time::timeout;

/// Look at every part that the configuration names, and say what stands in the way and how to mend it. It needs no
/// running relayer, and disturbs none.
///
/// Exit codes: 0 when nothing stands in the way, 1 when something does.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    file: ConfigFile,
}

/// How long a relayer that runs may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Examined {
    /// The worst of the checks.
    state: CheckState,
    checks: Vec<Check>,
}

impl Doctor {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<ExitCode> {
        let progress = output.progress("looking at every part");
        let mut checks = Vec::new();
        match Config::load(&self.file.config, &Environment::of_process()) {
            Ok(config) => {
                checks.extend(configuration(&self.file, &config));
                checks.extend(compose::examine(&config).await);
                checks.push(running(&config).await);
            }
            Err(error) => checks.extend(mistaken(&self.file, &error)),
        }
        drop(progress);
        let state = checks.iter().map(|check| check.state).max().unwrap_or(CheckState::Ok);
        output.show(&Examined { state, checks }, |examined| in_words(&examined.checks))?;
        Ok(match state {
            CheckState::Ok | CheckState::Warn => ExitCode::SUCCESS,
            CheckState::Fail => ExitCode::FAILURE,
        })
    }
}

fn configuration(file: &ConfigFile, config: &Config) -> Vec<Check> {
    const SUBJECT: &str = "configuration";
    let mut checks = vec![Check::ok(SUBJECT, format!("{}: no mistakes", file.config.display()))];
    if config.chains.is_empty() {
        checks.push(Check::warn(
            SUBJECT,
            "no chain is configured, so no request will be seen",
            "add a section [chains.NAME]; `relayer oracle deploy` prints one",
        ));
    }
    if config.api.token.is_none() {
        let token_file = config.api.token_file.display();
        checks.push(Check::warn(
            SUBJECT,
            format!("there is no API token at {token_file}, so the API refuses every write"),
            format!("write one of at least 16 characters to {token_file}; `relayer init` makes one in a new directory"),
        ));
    }
    checks
}

fn mistaken(file: &ConfigFile, error: &ConfigError) -> Vec<Check> {
    const SUBJECT: &str = "configuration";
    match error {
        ConfigError::Mistakes { mistakes, .. } => mistakes
            .iter()
            .map(|mistake| {
                let variable = mistake.variable.as_ref().map_or_else(String::new, |name| format!(", or set {name}"));
                let remedy = format!("mend {} in {}{variable}", mistake.key, file.config.display());
                Check::fail(SUBJECT, mistake.message.clone(), remedy)
            })
            .collect(),
        ConfigError::Unreadable { .. } => {
            vec![Check::fail(SUBJECT, error.to_string(), "name it with --config, or let `relayer init` write one")]
        }
        ConfigError::Syntax { .. } => vec![Check::fail(SUBJECT, error.to_string(), "mend that line")],
    }
}

/// The relayer that the configuration would run, where one runs.
async fn running(config: &Config) -> Check {
    const SUBJECT: &str = "relayer";
    let written = config.api.addr_file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    let address = written.map_or_else(|| config.api.listen.to_string(), |written| written.trim().to_owned());
    let asked = async {
        let url: Url = format!("http://{address}").parse()?;
        Client::new(url)?.get::<StatusAnswer>(&["v1", "status"], &[]).await
    };
    let asked = timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(anyhow!("no answer within {PATIENCE:?}")));
    match asked {
        Ok(status) => match status.verdict {
            Verdict::Healthy => Check::ok(SUBJECT, format!("one runs at {address}, and is healthy")),
            Verdict::Degraded | Verdict::Down => Check::warn(
                SUBJECT,
                format!("one runs at {address}, and is {}", status.verdict),
                "`relayer status` says what is wrong",
            ),
        },
        Err(error) if super::client::is_no_answer(&error) => {
            Check::ok(SUBJECT, format!("none runs at {address}; `relayer run` starts it"))
        }
        Err(error) => Check::fail(
            SUBJECT,
            format!("what answers at {address} is no relayer of this release: {error:#}"),
            "stop it, or set another api.listen",
        ),
    }
}

fn in_words(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.subject.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{:<4}  {:<width$}  {}", check.state, visible(&check.subject), visible(&check.finding));
        if let Some(remedy) = &check.remedy {
            let _ = writeln!(text, "{:<4}  {:<width$}  -> {}", "", "", visible(remedy));
        }
    }
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let _ = match (count(CheckState::Fail), count(CheckState::Warn)) {
        (0, 0) => writeln!(text, "\nnothing is wrong"),
        (0, warnings) => writeln!(text, "\nnothing stands in the way; to be looked at: {warnings}"),
        (failures, warnings) => writeln!(text, "\nstands in the way: {failures}; to be looked at: {warnings}"),
    };
    text
}
