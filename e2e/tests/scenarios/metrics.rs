//! What a scraper sees of a relayer at work.

use crate::DEADLINE;
use anyhow::{Result, ensure};
use phat_e2e::{Asker, Environment, Exposition, Guest, Question, wait_for};

const CHAIN: (&str, &str) = ("chain", "local");

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_tells_of_each_request_that_was_answered() -> Result<()> {
    let environment: Environment = Environment::start().await?;
    let api = environment.relayer.api();
    let before = Exposition::read(&api.text("/metrics").await?)?;
    let contract_id = environment.deploy(&Guest::probe()?).await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    let mut asked = Vec::new();
    for payload in ["echo one", "echo two", "error of its own"] {
        asked.push(asker.ask(&Question::new(contract_id, payload)).await?);
    }
    environment.expect_each_answered_once(&asker, &asked, DEADLINE).await?;

    // What components say is kept for some seconds.
    let after = wait_for("the scrape that shows three settled requests", DEADLINE, async || {
        let scrape = Exposition::read(&api.text("/metrics").await?)?;
        let settled = scrape.value("phat_relayer_requests", &[CHAIN, ("state", "settled")])?;
        Ok((settled >= 3.0).then_some(scrape))
    })
    .await?;
    let grown = |name: &str, labels: &[(&str, &str)]| -> Result<f64> {
        let labels: Vec<_> = labels.iter().copied().chain([CHAIN]).collect();
        Ok(after.value(name, &labels)? - before.value(name, &labels)?)
    };
    for (name, labels, by) in [
        ("phat_relayer_stage_transitions_total", &[("stage", "watch"), ("result", "observed")][..], 3.0),
        ("phat_relayer_stage_transitions_total", &[("stage", "execute"), ("result", "reported")], 3.0),
        ("phat_relayer_stage_transitions_total", &[("stage", "submit"), ("result", "submitted")], 3.0),
        ("phat_relayer_stage_transitions_total", &[("stage", "settle"), ("result", "fulfilled")], 3.0),
        ("phat_relayer_stage_seconds_count", &[("stage", "execute")], 3.0),
        ("phat_relayer_stage_seconds_count", &[("stage", "submit")], 3.0),
        ("phat_relayer_stage_seconds_count", &[("stage", "settle")], 3.0),
        ("phat_relayer_request_seconds_count", &[], 3.0),
        ("phat_relayer_runs_total", &[("outcome", "Ok")], 2.0),
        ("phat_relayer_runs_total", &[("outcome", "ContractError")], 1.0),
        ("phat_relayer_run_seconds_count", &[], 3.0),
        ("phat_relayer_batch_reports_sum", &[], 3.0),
    ] {
        let found = grown(name, labels)?;
        ensure!(found.to_bits() == f64::to_bits(by), "{name} {labels:?} grew by {found}, not by {by}");
    }
    let sent = grown("phat_relayer_transactions_total", &[("result", "submitted")])?;
    let mined = grown("phat_relayer_transactions_total", &[("result", "mined")])?;
    ensure!((1.0..=3.0).contains(&sent) && sent.to_bits() == mined.to_bits(), "{sent} were sent and {mined} mined");
    ensure!(grown("phat_relayer_gas_used_total", &[])? > 21_000.0 * mined, "the answers cost no gas");

    let shown = |name: &str, labels: &[(&str, &str)]| after.value(name, labels);
    ensure!(shown("phat_relayer_wallet_balance_ether", &[CHAIN])? > 900.0, "the wallet has 1,000 ether less gas");
    ensure!(shown("phat_relayer_block_height", &[CHAIN, ("block", "watched")])? > 0.0, "nothing was watched");
    ensure!(shown("phat_enclave_executions_total", &[])? >= 3.0, "the enclave ran nothing");
    ensure!(shown("phat_enclave_contracts", &[])? >= 1.0, "the enclave has no contract");
    ensure!(shown("phat_relayer_queue_age_seconds", &[CHAIN, ("stage", "execute")])? < 1e-9, "something waits");
    ensure!(shown("phat_relayer_database_commit_seconds_count", &[])? > 0.0, "nothing was committed");
    // Near the head logs are read with it, in a batch that is counted by its first call.
    let logs = [CHAIN, ("method", "eth_blockNumber"), ("outcome", "ok")];
    ensure!(shown("phat_relayer_rpc_call_seconds_count", &logs)? > 0.0, "no logs were read");
    let scrapes = [("route", "/metrics"), ("method", "GET"), ("status", "200")];
    ensure!(shown("phat_relayer_http_requests_total", &scrapes)? > 0.0, "the scrapes themselves aren't counted");
    environment.finish().await
}
