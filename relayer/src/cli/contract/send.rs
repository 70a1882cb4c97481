use super::{
    contract_log,
    message::{Meaning, Message, Trust},
    owner::Authority,
};
use crate::{
    api::{ActedAnswer, CallAnswer},
    cli::output::{Output, Table, in_hex_and_text},
};
use clap::Args;
use phat_protocol::{ActionKind, Outcome};
use serde::Serialize;
use std::{fmt::Write, process::ExitCode};

/// Call a message of a contract as its owner, and keep what it writes: the contract's revision rises by one.
///
/// The message runs without the internet, the clock and random bytes. Exit codes: 0 when it was applied, 1 when it
/// failed, which changes nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  relayer contract send prices set_source --args 0x1c6b72616b656e --owner-key owner.key\n  \
    relayer contract send prices 0x9bae9d5e --owner-key owner.key"
)]
pub(crate) struct Send {
    #[command(flatten)]
    authority: Authority,
    #[command(flatten)]
    message: Message,
}

/// Call a message of a contract as its owner, and drop what it writes. Unlike `simulate`, the contract has its keys
/// and secrets.
///
/// Exit codes: 0 when the run ended in Ok, 1 when it failed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relayer contract query prices sources --owner-key owner.key")]
pub(crate) struct Query {
    #[command(flatten)]
    authority: Authority,
    #[command(flatten)]
    message: Message,
}

impl Send {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<ExitCode> {
        act(ActionKind::Message, self.authority, self.message, output).await
    }
}

impl Query {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<ExitCode> {
        act(ActionKind::Query, self.authority, self.message, output).await
    }
}

async fn act(kind: ActionKind, authority: Authority, message: Message, output: &Output) -> anyhow::Result<ExitCode> {
    let encoded = message.encode(Trust::Nobody).await?;
    let actor = authority.look_up().await?;
    let progress = output.progress("the contract runs");
    let acted = actor.act(kind, encoded.input.clone()).await?;
    drop(progress);
    let code = if acted.applied { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    let meaning = acted.run.as_ref().and_then(|run| encoded.meaning(run.outcome, &run.output));
    output.show(&Acted { acted, meaning }, in_words)?;
    Ok(code)
}

#[derive(Serialize)]
struct Acted {
    #[serde(flatten)]
    acted: ActedAnswer,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<Meaning>,
}

fn in_words(Acted { acted, meaning }: &Acted) -> String {
    let said = match (acted.kind, acted.applied) {
        (ActionKind::Query, _) => format!("at revision {}", acted.revision),
        (ActionKind::Message | ActionKind::Secrets, true) => format!("applied: revision {}", acted.revision),
        (ActionKind::Message | ActionKind::Secrets, false) => {
            format!("it failed and changed nothing: revision {}", acted.revision)
        }
    };
    let mut text = acted.run.as_ref().map(ran).unwrap_or_default();
    if let Some(meaning) = meaning {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{}", meaning.in_words());
    }
    // Writing to a String can't fail.
    let _ = writeln!(text, "{said}");
    if acted.reconsidered > 0 {
        let _ = writeln!(text, "{} requests had waited for it", acted.reconsidered);
    }
    text
}

fn ran(run: &CallAnswer) -> String {
    let mut table = Table::new(&["outcome", &run.outcome.to_string()]);
    table.row_of("reason", run.reason.clone());
    table.row(["output".to_owned(), in_hex_and_text(&run.output)]);
    table.row(["time".to_owned(), format!("{} ms", run.elapsed_ms)]);
    table.row(["fuel".to_owned(), run.fuel.to_string()]);
    table.row(["attestation".to_owned(), run.attestation.to_string()]);
    for event in &run.events {
        table.row([format!("event of {}", event.contract), format!("0x{}", hex::encode(&event.data))]);
    }
    let mut text = table.render();
    if run.outcome != Outcome::Ok || !run.logs.is_empty() {
        text.push_str(&contract_log(&run.logs));
    }
    text
}
