mod list;
mod show;
mod wait;

pub(super) use show::meaning;

use super::{client::Api, output::Output};
use crate::{
    api::{RequestAnswer, RetryAnswer},
    request::SettlementKind,
    store::RequestSummary,
};
use clap::Subcommand;
use phat_protocol::RequestId;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum RequestCommand {
    List(list::List),
    Counts(list::Counts),
    /// Show the whole life of one request.
    Show {
        /// The request's id.
        id: RequestId,
        #[command(flatten)]
        api: Api,
    },
    /// Have a request tried now: one that is ignored is observed again, one that waits after a failure waits no longer.
    Retry {
        /// The request's id.
        id: RequestId,
        #[command(flatten)]
        api: Api,
    },
    Wait(wait::Wait),
}

impl RequestCommand {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run(output).await?,
            Self::Counts(counts) => counts.run(output).await?,
            Self::Show { id, api } => {
                let life: RequestAnswer = api.connect()?.get(&["v1", "requests", &id.to_string()], &[]).await?;
                output.show(&life, show::in_words)?;
            }
            Self::Retry { id, api } => {
                let path = ["v1", "requests", &id.to_string(), "retry"];
                let answer: RetryAnswer = api.connect()?.post(&path, &serde_json::json!({})).await?;
                output.show(&answer, |answer| format!("request {} is tried now; it is {}", answer.id, answer.state))?;
            }
            Self::Wait(wait) => return wait.run(output).await,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn state_in_words(request: &RequestSummary) -> String {
    match (&request.ignored, &request.settlement) {
        (Some(reason), _) => format!("{}: {reason}", request.state),
        (None, Some(settlement)) => match settlement.kind {
            SettlementKind::Fulfilled => format!("{}, fulfilled", request.state),
            SettlementKind::CallbackFailed => format!("{}, callback failed", request.state),
        },
        (None, None) => request.state.to_string(),
    }
}
