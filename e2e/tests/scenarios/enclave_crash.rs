//! The enclave is killed, and starts again on its data directory.

use crate::{
    DEADLINE,
    load::{Load, SEED, seeded},
};
use anyhow::{Context, Result, ensure};
use phat_e2e::{Asked, Asker, Environment, Ground, Question, Settings, eventually};
use phat_enclave_api::Enclave;
use phat_protocol::ContractId;
use rand::Rng;
use std::time::Duration;

/// How often processes die at random, in each scenario that has them do so.
pub(crate) const DEATHS: usize = 40;
/// What is asked before each death.
pub(crate) const ASKED: usize = 10;

async fn ask(environment: &Environment, asker: &Asker, contract_id: ContractId, count: usize) -> Result<Vec<Asked>> {
    let mut asked = Vec::new();
    for number in 0..count {
        let base = format!("R{number}");
        environment.source.price(&base, "USD", &format!("{number}.25"));
        asked.push(asker.ask(&Question::price(contract_id, &base, "USD")).await?);
    }
    Ok(asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enclave_killed_with_runs_in_flight_runs_just_those_again() -> Result<()> {
    const RUNS: usize = 8;
    let mut environment: Environment = Environment::start().await?;
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;

    environment.source.hold();
    let asked = ask(&environment, &asker, contract_id, RUNS).await?;
    eventually("the runs", DEADLINE, async || Ok(environment.source.waiting() == RUNS)).await?;
    environment.enclave.kill()?;
    eventually("the runs' end", DEADLINE, async || Ok(environment.source.waiting() == 0)).await?;
    environment.source.release();
    environment.enclave.resume().await?;

    environment.expect_each_answered_once(&asker, &asked, DEADLINE).await?;
    assert_eq!(environment.source.fetches(), 2 * RUNS);
    environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enclave_killed_after_its_answer_gives_the_same_bytes_again() -> Result<()> {
    let mut environment: Environment = Environment::start().await?;
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    // Nobody but this test speaks to the enclave.
    environment.relayer.stop().await?;
    let asked = ask(&environment, &asker, contract_id, 1).await?.pop().context("one was asked")?;

    let first = environment.enclave.client().execute(&environment.execution_of(&asked).await?).await?;
    environment.enclave.kill()?;
    // Were it run again, it would say this.
    environment.source.price("R0", "USD", "99999");
    environment.enclave.resume().await?;
    let second = environment.enclave.client().execute(&environment.execution_of(&asked).await?).await?;
    assert_eq!((&first.report, first.signature), (&second.report, second.signature));
    assert_eq!(environment.source.fetches(), 1);

    environment.relayer.resume().await?;
    environment.expect_each_answered_once(&asker, &[asked], DEADLINE).await?;
    environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_sealed_and_delivered_to_no_one_is_not_made_again() -> Result<()> {
    let mut environment: Environment = Environment::on(Ground::start(Settings::with_short_leases()?).await?).await?;
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    environment.source.hold();
    let asked = ask(&environment, &asker, contract_id, 1).await?;
    eventually("the run", DEADLINE, async || Ok(environment.source.waiting() == 1)).await?;
    environment.relayer.kill()?;
    environment.source.release();
    eventually("the run's end", DEADLINE, async || Ok(environment.enclave.status().await?.running == 0)).await?;
    environment.enclave.kill()?;
    // Were it run again, it would say this.
    environment.source.price("R0", "USD", "99999");
    environment.enclave.resume().await?;
    environment.relayer.resume().await?;

    environment.expect_each_answered_once(&asker, &asked, 2 * DEADLINE).await?;
    assert_eq!(environment.source.fetches(), 1);
    environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enclave_killed_at_random_under_load_runs_only_what_was_in_flight_again() -> Result<()> {
    let (seed, mut randomness) = seeded();
    println!("{SEED}={seed}");
    let mut load: Load = Load::start().await?;
    let mut in_flight = 0;
    for _ in 0..DEATHS {
        load.environment.source.hold();
        load.ask(ASKED).await?;
        eventually("runs", DEADLINE, async || Ok(load.environment.source.waiting() > 0)).await?;
        load.environment.source.release();
        // Not a wait for anything: any moment will do.
        tokio::time::sleep(Duration::from_millis(randomness.gen_range(0..60))).await;
        load.environment.enclave.kill()?;
        in_flight += load.in_flight_at_death().await?;
        load.environment.enclave.resume().await?;
    }
    println!("{DEATHS} deaths, {} requests", load.asked().len());
    println!("{}", expect_runs(&load, in_flight).await?);
    load.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn relayer_and_enclave_killed_in_turn_at_random_answer_every_request_once() -> Result<()> {
    let (seed, mut randomness) = seeded();
    println!("{SEED}={seed}");
    let mut load: Load = Load::start().await?;
    let mut in_flight = 0;
    for _ in 0..DEATHS {
        load.ask(ASKED).await?;
        tokio::time::sleep(Duration::from_millis(randomness.gen_range(0..400))).await;
        if randomness.r#gen() {
            load.environment.relayer.kill()?;
            load.environment.relayer.begin()?;
        } else {
            load.environment.enclave.kill()?;
            in_flight += load.in_flight_at_death().await?;
            load.environment.enclave.resume().await?;
        }
    }
    println!("{DEATHS} deaths, {} requests", load.asked().len());
    load.environment.relayer.answers().await?;
    println!("{}", expect_runs(&load, in_flight).await?);
    load.finish().await
}

/// Sees that every request is answered once, and that no more was run than was asked and was in flight.
async fn expect_runs(load: &Load, in_flight: usize) -> Result<String> {
    load.environment.expect_each_answered_once(&load.asker, load.asked(), 2 * DEADLINE).await?;
    let (executions, requests) = (load.environment.source.fetches(), load.asked().len());
    ensure!(
        executions <= requests + in_flight,
        "{executions} executions of {requests} requests, with {in_flight} in flight when the enclave was killed"
    );
    Ok(format!("{executions} executions of {requests} requests, {in_flight} in flight at the enclave's deaths"))
}
