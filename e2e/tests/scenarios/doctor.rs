//! The operator's first questions: is it well, what stands in its way, what would a contract answer.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{Asker, CommandFailed, Environment, Question, eventually};
use serde_json::Value;

/// What a command printed as JSON that may end with another status than 0, and that status.
async fn asked<const N: usize>(environment: &Environment, arguments: [&str; N]) -> Result<(Value, Option<i32>)> {
    let api = ["--api", environment.relayer.api().url(), "--json"];
    let (written, code) = match environment.command(arguments.into_iter().chain(api)).await {
        Ok(written) => (written, Some(0)),
        Err(error) => {
            let failed = error.downcast::<CommandFailed>()?;
            (failed.stdout, failed.status.code())
        }
    };
    Ok((serde_json::from_str(&written).with_context(|| format!("not JSON: {written}"))?, code))
}

/// The doctor's findings on a subject: state and words.
async fn examined(environment: &Environment) -> Result<(Value, bool)> {
    let (written, stands_in_the_way) = match environment.command(["doctor", "--json"]).await {
        Ok(written) => (written, false),
        Err(error) => {
            let failed = error.downcast::<CommandFailed>()?;
            ensure!(failed.status.code() == Some(1), "{failed}");
            (failed.stdout, true)
        }
    };
    Ok((serde_json::from_str(&written)?, stands_in_the_way))
}

fn finding<'a>(examined: &'a Value, subject: &str) -> Result<&'a Value> {
    let checks = examined["checks"].as_array().context("no checks")?;
    checks.iter().find(|check| check["subject"] == subject).with_context(|| format!("no {subject} in {examined}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_that_works_is_told_from_one_that_does_not() -> Result<()> {
    let mut environment: Environment = Environment::start().await?;
    let contract_id = environment.deploy_prices().await?;
    environment.source.price("BTC", "USD", "97214.53");

    // All of it works; that nothing vouches for the enclave is all there is to say.
    let (found, stands_in_the_way) = examined(&environment).await?;
    ensure!(!stands_in_the_way, "{found:#}");
    for subject in ["database", "database: writable", "database: disk", "clock", "contracts", "relayer"] {
        ensure!(finding(&found, subject)?["state"] == "ok", "{subject} in {found:#}");
    }
    for part in ["oracle", "oracle code", "registry code", "threshold", "finality", "wallet", "registration"] {
        ensure!(finding(&found, &format!("chain local: {part}"))?["state"] == "ok", "{part} in {found:#}");
    }
    ensure!(finding(&found, "enclave: attestation")?["state"] == "warn", "{found:#}");
    let (status, code) = asked(&environment, ["status"]).await?;
    ensure!((status["verdict"].as_str(), code) == (Some("healthy"), Some(0)), "{status:#}");
    let ran = environment
        .api_command(["contract", "simulate", "prices", "--payload-json", r#"{"base":"BTC","quote":"USD"}"#])
        .await?;
    ensure!(ran["outcome"] == "Ok" && ran["fuel"].as_u64() > Some(0), "{ran:#}");

    // Being examined did the relayer no harm: it answers.
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    let question = asker.ask(&Question::price(contract_id, "BTC", "USD")).await?;
    environment.expect_each_answered_once(&asker, &[question], DEADLINE).await?;

    environment.enclave.stop().await?;
    // The relayer keeps what it says of itself for a moment.
    eventually("the relayer to notice", DEADLINE, async || {
        let (found, stands_in_the_way) = examined(&environment).await?;
        ensure!(stands_in_the_way && finding(&found, "enclave")?["state"] == "fail", "{found:#}");
        Ok(finding(&found, "relayer")?["state"] == "warn")
    })
    .await?;
    let (status, code) = asked(&environment, ["status"]).await?;
    ensure!((status["verdict"].as_str(), code) == (Some("down"), Some(4)), "{status:#}");
    environment.enclave.resume().await?;

    environment.relayer.stop().await?;
    let (found, stands_in_the_way) = examined(&environment).await?;
    ensure!(!stands_in_the_way, "{found:#}");
    ensure!(finding(&found, "relayer")?["finding"].to_string().contains("none runs"), "{found:#}");
    let (status, code) = asked(&environment, ["status"]).await?;
    ensure!((status["verdict"].as_str(), code) == (Some("down"), Some(4)), "{status:#}");
    environment.relayer.resume().await?;
    environment.finish().await
}
