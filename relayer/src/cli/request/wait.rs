use super::state_in_words;
use crate::{
    cli::{
        client::{Api, Client, is_not_found},
        output::Output,
    },
    request::{SettlementKind, StateName},
    store::RequestSummary,
};
use anyhow::bail;
use clap::Args;
use phat_protocol::RequestId;
use serde::{Deserialize, Serialize};
use std::{process::ExitCode, time::Duration};
use tokio::time::{Instant, sleep};

/// How often the request is looked at.
const EVERY: Duration = Duration::from_millis(300);

/// Wait until a request is answered or expired, and say each step; also for one that was not seen yet.
///
/// Exit codes: 0 answered; 1 expired, answered with a failed callback, or not over in time.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relayer request wait 0x… --final --timeout 10m")]
pub(crate) struct Wait {
    /// The request's id.
    id: RequestId,
    /// Wait until the answer's block is at the configured finality.
    #[arg(long = "final")]
    until_final: bool,
    /// How long to wait.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration)]
    timeout: Duration,
    #[command(flatten)]
    api: Api,
}

/// What waiting needs to know of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stand {
    #[serde(flatten)]
    summary: RequestSummary,
    is_final: bool,
}

impl Wait {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<ExitCode> {
        let Self { id, until_final, timeout, api } = self;
        let client = api.connect()?;
        let deadline = Instant::now() + timeout;
        let progress = output.progress(format!("request {id}: not seen yet"));
        let mut said = String::new();
        loop {
            let stand = look(&client, id).await?;
            if let Some(stand) = &stand {
                let step = format!("request {id}: {}", state_in_words(&stand.summary));
                if step != said {
                    progress.say(step.clone());
                    said = step;
                }
                if is_over(stand, until_final) {
                    drop(progress);
                    output.show(stand, |stand| state_in_words(&stand.summary))?;
                    return Ok(code(stand));
                }
            }
            if Instant::now() >= deadline {
                drop(progress);
                let stands =
                    stand.map_or_else(|| "was not seen".to_owned(), |stand| format!("is {}", stand.summary.state));
                bail!(
                    "request {id} {stands} after {}; `relayer request show {id}` says what it waits for",
                    humantime::format_duration(timeout)
                );
            }
            sleep(EVERY).await;
        }
    }
}

async fn look(client: &Client, id: RequestId) -> anyhow::Result<Option<Stand>> {
    match client.get(&["v1", "requests", &id.to_string()], &[]).await {
        Ok(stand) => Ok(Some(stand)),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_over(stand: &Stand, until_final: bool) -> bool {
    match stand.summary.state {
        StateName::Settled => stand.is_final || !until_final,
        StateName::Expired => true,
        StateName::Observed | StateName::Ignored | StateName::Reported | StateName::Submitted | StateName::Orphaned => {
            false
        }
    }
}

fn code(stand: &Stand) -> ExitCode {
    match stand.summary.settlement.as_ref().map(|settlement| settlement.kind) {
        Some(SettlementKind::Fulfilled) => ExitCode::SUCCESS,
        Some(SettlementKind::CallbackFailed) | None => ExitCode::FAILURE,
    }
}
