//! What both programs write: enough to follow a request, and nothing that isn't theirs to tell.

use crate::DEADLINE;
use anyhow::{Result, ensure};
use phat_e2e::{Asker, Behaviour, Binaries, Environment, Ground, Guest, Question, Settings};
use serde_json::Value;
use std::{fs, path::Path};

/// Stands in every payload, output and guest's log line of these scenarios, and nowhere else.
const MARK: &str = "marked-6b1f0c57";

/// An environment that logs so, after it answered requests whose every part is marked; its directory
/// is still there.
async fn answered(filter: &str, format: &str) -> Result<(Environment, Vec<String>)> {
    let log: toml::Table = format!("[log]\nfilter = \"{filter}\"\nformat = \"{format}\"\n").parse()?;
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    settings.enclave = log.clone();
    settings.relayer = log;
    let environment: Environment = Environment::on(Ground::start(settings).await?).await?;
    let probe = environment.deploy(&Guest::probe()?).await?;
    let prices = environment.deploy_prices().await?;
    environment.source.behave(MARK, "USD", Behaviour::Text(MARK.to_owned()));
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    let mut asked = Vec::new();
    for payload in ["echo", "log", "error", "panic"] {
        asked.push(asker.ask(&Question::new(probe, format!("{payload} {MARK}"))).await?);
    }
    let url = format!("fetch http://{}/price/{MARK}/USD", environment.source.address());
    asked.push(asker.ask(&Question::new(probe, url)).await?);
    asked.push(asker.ask(&Question::price(prices, MARK, "USD")).await?);
    environment.expect_each_answered_once(&asker, &asked, DEADLINE).await?;
    Ok((environment, asked.iter().map(|asked| asked.id.to_string()).collect()))
}

/// What the relayer and the enclave wrote.
fn logs(directory: &Path) -> Result<[String; 2]> {
    Ok([fs::read_to_string(directory.join("relayer.log"))?, fs::read_to_string(directory.join("enclave.log"))?])
}

/// As text and as hexadecimal digits, which is how bytes are written.
fn forms(secret: &str) -> [String; 2] {
    [secret.to_owned(), hex::encode(secret)]
}

fn expect_absent(what: &str, forms: &[String], log: &str) -> Result<()> {
    for form in forms {
        let line = log.lines().find(|line| line.to_lowercase().contains(&form.to_lowercase()));
        ensure!(line.is_none(), "{what} is in the log: {line:?}");
    }
    Ok(())
}

/// Sees that whoever has an id finds the request in both logs, and none of its content.
async fn follow_requests(format: &str) -> Result<[String; 2]> {
    let (environment, ids) = answered("info", format).await?;
    let logs = logs(environment.directory())?;
    for (program, log) in ["relayer", "enclave"].into_iter().zip(&logs) {
        for id in &ids {
            ensure!(log.contains(id), "the {program}'s log doesn't name {id}");
        }
        expect_absent("a payload, an output or a guest's line", &forms(MARK), log)?;
    }
    environment.finish().await?;
    Ok(logs)
}

#[tokio::test(flavor = "multi_thread")]
async fn human_lines_tell_of_each_request_and_nothing_of_its_content() -> Result<()> {
    let [relayer, _] = follow_requests("human").await?;
    for stage in ["watch{", "execute{", "submit{", "settle{"] {
        ensure!(relayer.contains(stage), "no line is in a span {stage}…}}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_tell_of_each_request_and_nothing_of_its_content() -> Result<()> {
    for log in follow_requests("json").await? {
        let lines = log.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
        ensure!(lines.iter().any(|line| line["span"]["request_id"].is_string()), "no line is in a request's span");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_tokens_are_in_no_log_at_any_level() -> Result<()> {
    let (environment, _) = answered("trace", "json").await?;
    let directory = environment.directory();
    let logs = logs(directory)?;
    let text = |name: &str| fs::read_to_string(directory.join(name)).map(|text| text.trim().to_owned());
    let token = text("api-token")?;
    let wallet = text("wallet.key")?.trim_start_matches("0x").to_owned();
    let sealing = hex::encode(fs::read(directory.join("enclave-data/sealing.key"))?);
    let secrets = [
        ("the API token", forms(&token).to_vec()),
        ("the wallet's key", vec![wallet]),
        ("the enclave's sealing key", vec![sealing]),
    ];
    for (what, forms) in &secrets {
        for log in &logs {
            expect_absent(what, forms, log)?;
        }
    }
    // What is looked for would be found: at this level, libraries tell what goes over the wire.
    ensure!(logs.iter().all(|log| log.contains("\"TRACE\"")), "nothing is logged at trace");
    environment.finish().await
}
