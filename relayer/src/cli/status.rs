use super::{
    chain::{waiting, wallets},
    client::{Api, Client, is_no_answer},
    output::{Output, Table, time, visible},
};
use crate::api::{ChainAnswer, ChainsAnswer, StatusAnswer, StatusReason, Verdict, WorkerAnswer};
use clap::Args;
use serde::Serialize;
use std::{fmt::Write, process::ExitCode};

/// Say how the relayer is: in one word first, then part by part, with what is wrong and how to mend it.
///
/// Exit codes: 0 healthy; 3 degraded: it works, with something to look at; 4 down: nothing of a component's work can go
/// on, or no relayer answers.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relayer status || relayer doctor")]
pub(super) struct Status {
    #[command(flatten)]
    api: Api,
}

/// What is printed.
#[derive(Serialize)]
struct Shown {
    verdict: Verdict,
    /// Where the relayer was looked for.
    api: String,
    /// None when no relayer answers.
    version: Option<String>,
    started_at_ms: Option<i64>,
    now_ms: Option<i64>,
    reasons: Vec<StatusReason>,
    /// None when the enclave doesn't answer.
    worker: Option<WorkerAnswer>,
    chains: Vec<ChainAnswer>,
}

impl Status {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<ExitCode> {
        let client = self.api.connect()?;
        let shown = look(&client).await?;
        output.show(&shown, in_words)?;
        Ok(match shown.verdict {
            Verdict::Healthy => ExitCode::SUCCESS,
            Verdict::Degraded => ExitCode::from(3),
            Verdict::Down => ExitCode::from(4),
        })
    }
}

async fn look(client: &Client) -> anyhow::Result<Shown> {
    let api = client.base().to_string();
    let status: StatusAnswer = match client.get(&["v1", "status"], &[]).await {
        Ok(status) => status,
        Err(error) if is_no_answer(&error) => {
            let reason = StatusReason {
                component: "relayer".to_owned(),
                verdict: Verdict::Down,
                reason: format!("{error:#}"),
                remedy: Some("start it: `relayer run`; `relayer doctor` says what is in its way".to_owned()),
            };
            return Ok(Shown {
                verdict: Verdict::Down,
                api,
                version: None,
                started_at_ms: None,
                now_ms: None,
                reasons: vec![reason],
                worker: None,
                chains: Vec::new(),
            });
        }
        Err(error) => return Err(error),
    };
    // What doesn't answer is among the reasons already.
    let (worker, chains) = tokio::join!(
        client.get::<WorkerAnswer>(&["v1", "worker"], &[]),
        client.get::<ChainsAnswer>(&["v1", "chains"], &[])
    );
    Ok(Shown {
        verdict: status.verdict,
        api,
        version: Some(status.version),
        started_at_ms: Some(status.started_at_ms),
        now_ms: Some(status.now_ms),
        reasons: status.reasons,
        worker: worker.ok(),
        chains: chains.map(|answer| answer.chains).unwrap_or_default(),
    })
}

fn in_words(shown: &Shown) -> String {
    let of = |component: &str| {
        let worst = shown.reasons.iter().filter(|reason| reason.component == component).map(|reason| reason.verdict);
        worst.max().unwrap_or(Verdict::Healthy).to_string()
    };
    let mut parts = Table::bare();
    let relayer = match (&shown.version, shown.started_at_ms) {
        (Some(version), Some(started)) => format!("{version} at {}, since {}", shown.api, time(started)),
        (Some(_) | None, _) => format!("at {}", shown.api),
    };
    parts.row(["relayer".to_owned(), of("relayer"), relayer]);
    if shown.version.is_some() {
        parts.row(["database".to_owned(), of("database"), String::new()]);
        parts.row(["enclave".to_owned(), of("enclave"), shown.worker.as_ref().map(enclave).unwrap_or_default()]);
    }
    for chain in &shown.chains {
        let component = format!("chain {}", chain.name);
        let verdict = of(&component);
        parts.row([component, verdict, in_line(chain, shown.worker.as_ref())]);
    }
    let mut text = format!("{}\n\n{}", shown.verdict, parts.render());
    if !shown.reasons.is_empty() {
        text.push_str("\nwhat is wrong, and how to mend it\n");
        for reason in &shown.reasons {
            // Writing to a String can't fail.
            let _ = writeln!(text, "  {} is {}: {}", reason.component, reason.verdict, visible(&reason.reason));
            if let Some(remedy) = &reason.remedy {
                let _ = writeln!(text, "    -> {}", visible(remedy));
            }
        }
    }
    text
}

fn enclave(worker: &WorkerAnswer) -> String {
    format!(
        "{}, {} attestation, worker {}, {} contracts",
        worker.version, worker.attestation, worker.keys.worker, worker.contracts
    )
}

/// Head, lag, wallet, worker, endpoints and waiting requests of a chain.
fn in_line(chain: &ChainAnswer, worker: Option<&WorkerAnswer>) -> String {
    let mut parts = Vec::new();
    if let Some(latest) = chain.latest {
        let lag = chain.lag_blocks.map_or_else(String::new, |lag| format!(", {lag} behind"));
        parts.push(format!("block {}{lag}", latest.number));
    }
    parts.extend(wallets(chain).map(|balances| format!("wallet {balances}")));
    let standing = worker.and_then(|worker| worker.chains.iter().find(|standing| standing.chain == chain.name));
    parts.extend(standing.and_then(|standing| standing.active).map(|active| match active {
        true => "worker active".to_owned(),
        false => "worker not active".to_owned(),
    }));
    if chain.endpoints.len() > 1 {
        let well = chain.endpoints.iter().filter(|endpoint| endpoint.state.is_well()).count();
        parts.push(format!("{well} of {} endpoints well", chain.endpoints.len()));
    }
    parts.push(format!("{} waiting", waiting(chain)));
    parts.join(", ")
}
