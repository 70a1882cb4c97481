mod wait;

use super::{
    client::Api,
    output::{Output, Table, in_hex_and_text, time},
};
use crate::{
    api::{ReportAnswer, RequestAnswer, RequestsAnswer, RetryAnswer},
    request::{SettlementKind, StateName},
    store::RequestSummary,
};
use clap::Subcommand;
use phat_protocol::RequestId;
use std::{fmt::Write, process::ExitCode};

#[derive(Debug, Subcommand)]
pub(super) enum RequestCommand {
    /// List requests, newest first.
    List {
        /// Those in this state alone: observed, ignored, reported, submitted, settled, expired or orphaned.
        #[arg(long)]
        state: Option<StateName>,
        /// Those of this chain alone.
        #[arg(long, value_name = "NAME")]
        chain: Option<String>,
        /// The most to list, up to 500.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Go on after this request.
        #[arg(long, value_name = "ID")]
        before: Option<RequestId>,
        #[command(flatten)]
        api: Api,
    },
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
            Self::List { state, chain, limit, before, api } => {
                let is_filtered = state.is_some() || chain.is_some() || before.is_some();
                let mut query = vec![("limit", limit.to_string())];
                query.extend(state.map(|state| ("state", state.to_string())));
                query.extend(chain.map(|chain| ("chain", chain)));
                query.extend(before.map(|before| ("before", before.to_string())));
                let answer: RequestsAnswer = api.connect()?.get(&["v1", "requests"], &query).await?;
                let empty = if is_filtered { "no such request was seen" } else { "no requests were seen yet" };
                output.list(&answer, empty, |answer| {
                    let mut table = Table::new(&["request", "chain", "block", "state", "outcome", "changed"]);
                    for request in &answer.requests {
                        table.row([
                            request.id.to_string(),
                            request.chain.clone(),
                            request.block.to_string(),
                            state_in_words(request),
                            request.outcome.map_or_else(|| "-".to_owned(), |outcome| outcome.to_string()),
                            time(request.updated_at_ms),
                        ]);
                    }
                    table
                })?;
                if let Some(next) = answer.next.filter(|_| !output.is_json()) {
                    output.note(&format!("more: --before {next}"));
                }
            }
            Self::Show { id, api } => {
                let life: RequestAnswer = api.connect()?.get(&["v1", "requests", &id.to_string()], &[]).await?;
                output.show(&life, in_words)?;
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

fn in_words(life: &RequestAnswer) -> String {
    let summary = &life.summary;
    let mut facts = Table::new(&["request", &summary.id.to_string()]);
    facts.row(["state".to_owned(), state_in_words(summary)]);
    if let Some(failure) = &life.failure {
        facts.row(["why".to_owned(), failure.clone()]);
    }
    facts.row(["chain".to_owned(), summary.chain.clone()]);
    facts.row(["contract".to_owned(), summary.contract_id.to_string()]);
    facts.row(["consumer".to_owned(), format!("0x{}", hex::encode(&summary.consumer))]);
    facts.row(["payload".to_owned(), in_hex_and_text(&life.payload)]);
    facts.row(["asked in".to_owned(), format!("block {}, transaction {}", summary.block, life.transaction)]);
    facts.row(["expires".to_owned(), time(i64::try_from(summary.expires_at).unwrap_or(i64::MAX).saturating_mul(1000))]);
    if let Some(error) = &summary.last_error {
        facts.row(["last error".to_owned(), format!("{error} (tried {} times)", life.tries)]);
    }
    if let Some(ReportAnswer { stored: report, .. }) = &life.report {
        facts.row(["outcome".to_owned(), format!("{} ({})", report.outcome, report.outcome_number)]);
        facts.row(["output".to_owned(), in_hex_and_text(&report.output)]);
        if let Some(reason) = &report.reason {
            facts.row(["reason".to_owned(), reason.clone()]);
        }
        facts.row(["worker".to_owned(), format!("{} ({})", report.worker, report.attestation)]);
        facts.row(["run".to_owned(), format!("{} ms, {} fuel", report.elapsed_ms, report.fuel)]);
    }
    if let Some(settlement) = &summary.settlement {
        let carried = settlement.transaction.map_or_else(String::new, |hash| format!(", transaction {hash}"));
        let finality = if life.is_final { "" } else { " (not final yet)" };
        facts.row(["answered in".to_owned(), format!("block {}{carried}{finality}", settlement.block)]);
    }
    let mut text = facts.render();
    for attempt in &life.attempts {
        // Writing to a String can't fail.
        let _ = writeln!(text, "\nnonce {} of {}: {}", attempt.nonce, attempt.submitter, attempt.state.as_str());
        for transaction in &attempt.transactions {
            let fate = match (&transaction.block, transaction.succeeded) {
                (Some(block), Some(false)) => format!("failed in block {}", block.number),
                (Some(block), Some(true) | None) => format!("mined in block {}", block.number),
                (None, _) if transaction.broadcast_at_ms.is_some() => "sent".to_owned(),
                (None, _) => "not sent yet".to_owned(),
            };
            let _ = writeln!(text, "  {}  at most {} a gas  {fate}", transaction.hash, transaction.fees.max_fee);
        }
    }
    let mut events = Table::new(&["when", "what", ""]);
    for event in &life.events {
        let detail = event.detail.as_ref().map(ToString::to_string).unwrap_or_default();
        events.row([time(event.at_ms), event.event.clone(), detail]);
    }
    text.push('\n');
    text.push_str(&events.render());
    text
}
