//! A relayer whose wallet on a Substrate chain holds nothing.

use crate::{
    DEADLINE, load::Load, relayer_crash::kill_at_random,
    reorganisations::reorganisations_leave_every_request_its_one_answer,
};
use anyhow::{Context, Result, ensure};
use ethers::types::U256;
use phat_e2e::{Environment, Ground, OracleEnd, Settings, Substrate};
use std::collections::BTreeSet;

/// The relayer submits unsigned, and what its wallet had to register the worker with is gone.
fn unsigned(mut settings: Settings) -> Settings {
    settings.funds = U256::zero();
    settings.chain.insert("submission".to_owned(), "unsigned".into());
    settings
}

async fn load() -> Result<Load<Substrate>> {
    let settings = unsigned(Settings::with_short_leases()?);
    let load = Load::on(Environment::on(Ground::<Substrate>::start(settings).await?).await?).await?;
    ensure!(load.environment.end.signed().await? == 0, "an account that holds nothing has signed nothing");
    Ok(load)
}

/// Every answer came in time and once, and the account signed for none of them.
async fn expect_unsigned(load: &Load<Substrate>) -> Result<()> {
    load.environment.expect_each_answered_once(&load.asker, load.asked(), DEADLINE).await?;
    load.environment.end.expect_no_waste_but(&BTreeSet::new()).await?;
    let signed = load.environment.end.signed().await?;
    ensure!(signed == 0, "the relayer's account signed {signed} extrinsics");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_without_money_that_is_killed_at_random_answers_every_request_once() -> Result<()> {
    let mut load = load().await?;
    kill_at_random(&mut load, 6).await?;
    expect_unsigned(&load).await?;
    load.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn reorganisations_of_depth_1_to_4_leave_every_request_its_one_unsigned_answer() -> Result<()> {
    reorganisations_leave_every_request_its_one_answer::<Substrate>(unsigned(Settings::impatient()?), 4).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_does_not_miss_money_that_nobody_needs() -> Result<()> {
    let load = load().await?;
    let found: serde_json::Value = serde_json::from_str(&load.environment.command(["doctor", "--json"]).await?)?;
    let checks = found["checks"].as_array().context("no checks")?;
    let wallet = checks.iter().find(|check| check["subject"] == "chain local: wallet").context("no wallet")?;
    ensure!(wallet["state"] == "ok", "{wallet}");
    ensure!(wallet["finding"].as_str().is_some_and(|finding| finding.contains("needs nothing")), "{wallet}");
    load.finish().await
}
