//! A part is missing for a while: `/ready` names it, and nothing is lost.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use ethers::types::U256;
use phat_e2e::{Asker, Binaries, Environment, Ground, Question, Settings, eventually, wait_for};

/// Waits until `/ready` says what is wrong with a component.
pub(crate) async fn trouble(environment: &Environment, component: &str) -> Result<String> {
    wait_for(&format!("trouble with {component}"), DEADLINE, async || {
        let ready = environment.relayer.api().ready().await?;
        Ok(ready.trouble(component).map(str::to_owned))
    })
    .await
}

pub(crate) async fn all_well(environment: &Environment) -> Result<()> {
    let mut last = None;
    eventually("all to be well", DEADLINE, async || {
        let ready = environment.relayer.api().ready().await?;
        let well = ready.ready;
        last = Some(ready);
        Ok(well)
    })
    .await
    .with_context(|| format!("{last:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enclave_that_is_away_is_named_and_answers_when_it_is_back() -> Result<()> {
    let mut environment: Environment = Environment::start().await?;
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    all_well(&environment).await?;

    environment.enclave.stop().await?;
    environment.source.price("BTC", "USD", "97214.53");
    let asked = asker.ask(&Question::price(contract_id, "BTC", "USD")).await?;
    environment.reaches(&asked, "observed", DEADLINE).await?;
    let reason = trouble(&environment, "enclave").await?;
    ensure!(reason.contains("unreachable"), "it says {reason:?}");

    environment.enclave.resume().await?;
    environment.expect_each_answered_once(&asker, &[asked], DEADLINE).await?;
    all_well(&environment).await?;
    environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_without_funds_is_named_and_goes_on_once_it_has_some() -> Result<()> {
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    settings.funds = U256::zero();
    let environment: Environment = Environment::on(Ground::start(settings).await?).await?;
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    environment.source.price("BTC", "USD", "97214.53");
    let asked = asker.ask(&Question::price(contract_id, "BTC", "USD")).await?;
    environment.reaches(&asked, "reported", DEADLINE).await?;
    let reason = trouble(&environment, "chain local").await?;
    ensure!(reason.contains("funds"), "it says {reason:?}");
    ensure!(asker.heard(asked.id).await?.is_empty(), "the consumer heard for free");

    environment.end.chain.set_balance(environment.end.wallet.address, U256::exp10(18)).await?;
    environment.expect_each_answered_once(&asker, &[asked], DEADLINE).await?;
    all_well(&environment).await?;
    environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_an_unknown_contract_is_ignored_with_the_reason_until_it_is_deployed() -> Result<()> {
    let environment: Environment = Environment::start().await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    environment.source.price("BTC", "USD", "97214.53");
    // An id is a hash of what is deployed, so one can ask before.
    let contract_id = environment.prices()?.contract_id()?;
    let asked = asker.ask(&Question::price(contract_id, "BTC", "USD")).await?;
    environment.reaches(&asked, "ignored", DEADLINE).await?;
    let life = environment.relayer.api().request(asked.id).await?.context("it was seen")?;
    ensure!(life["ignored"]["reason"] == "unknown_contract", "{life}");

    ensure!(environment.deploy_prices().await? == contract_id, "the contract got another id");
    environment.expect_each_answered_once(&asker, &[asked], DEADLINE).await?;
    environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_chain_id_is_named_and_nothing_is_sent() -> Result<()> {
    let mut environment: Environment = Environment::start().await?;
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    environment.relayer.stop().await?;
    environment.reconfigure(|config| config["chains"]["local"]["chain_id"] = 1.into())?;
    environment.source.price("BTC", "USD", "97214.53");
    let asked = asker.ask(&Question::price(contract_id, "BTC", "USD")).await?;
    environment.relayer.resume().await?;
    let reason = trouble(&environment, "chain local").await?;
    ensure!(reason.contains("31337"), "it says {reason:?}");
    ensure!(asker.heard(asked.id).await?.is_empty(), "it was answered all the same");

    environment.relayer.stop().await?;
    environment.reconfigure(|config| config["chains"]["local"]["chain_id"] = 31337.into())?;
    environment.relayer.resume().await?;
    environment.expect_each_answered_once(&asker, &[asked], DEADLINE).await?;
    environment.finish().await
}
