//! The enclave is killed, and starts again on its data directory.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{Asked, Asker, Environment, Ground, Question, Settings, eventually};
use phat_enclave_api::Enclave;
use phat_protocol::ContractId;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::time::Duration;

/// Requests in flight while the enclave dies at random.
const IN_FLIGHT: usize = 100;
/// How often it dies then.
const DEATHS: usize = 5;

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
    let mut environment = Environment::start().await?;
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.chain, &environment.oracle).await?;

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
    let mut environment = Environment::start().await?;
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.chain, &environment.oracle).await?;
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
    let mut environment = Environment::on(Ground::start(Settings::with_short_leases()?).await?).await?;
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.chain, &environment.oracle).await?;
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
async fn an_enclave_killed_at_random_with_100_requests_in_flight_answers_every_request_once() -> Result<()> {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut randomness = StdRng::seed_from_u64(seed);
    let mut environment = Environment::start().await?;
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.chain, &environment.oracle).await?;

    environment.source.hold();
    let asked = ask(&environment, &asker, contract_id, IN_FLIGHT).await?;
    eventually("runs", DEADLINE, async || Ok(environment.source.waiting() > 0)).await?;
    let (mut in_flight, mut fetched) = (0, vec![0; IN_FLIGHT]);
    for death in 0..DEATHS {
        if death > 0 {
            tokio::time::sleep(Duration::from_millis(randomness.gen_range(20..600))).await;
        }
        environment.enclave.kill()?;
        in_flight += in_flight_at_death(&environment, &asked, &mut fetched).await?;
        environment.source.release();
        environment.enclave.resume().await?;
    }

    environment.expect_each_answered_once(&asker, &asked, 2 * DEADLINE).await?;
    let executions = environment.source.fetches();
    println!("{executions} executions, {in_flight} runs in flight at the enclave's deaths");
    ensure!(
        executions <= IN_FLIGHT + in_flight,
        "{executions} executions of {IN_FLIGHT} requests, with {in_flight} in flight when the enclave was killed"
    );
    environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn relayer_and_enclave_killed_in_turn_at_random_answer_every_request_once() -> Result<()> {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut randomness = StdRng::seed_from_u64(seed);
    let mut environment = Environment::on(Ground::start(Settings::with_short_leases()?).await?).await?;
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.chain, &environment.oracle).await?;
    let mut asked = Vec::new();
    for death in 0..2 * DEATHS {
        for number in 0..IN_FLIGHT / (2 * DEATHS) {
            let base = format!("D{death}N{number}");
            environment.source.price(&base, "USD", &format!("{death}.{number}"));
            asked.push(asker.ask(&Question::price(contract_id, &base, "USD")).await?);
        }
        tokio::time::sleep(Duration::from_millis(randomness.gen_range(0..400))).await;
        if randomness.r#gen() {
            environment.relayer.kill()?;
            environment.relayer.resume().await?;
        } else {
            environment.enclave.kill()?;
            environment.enclave.resume().await?;
        }
    }
    environment.expect_each_answered_once(&asker, &asked, 2 * DEADLINE).await?;
    environment.finish().await
}

/// Requests that the enclave began to run since its last death, and whose report had not reached the
/// relayer: no fewer than were in flight. `fetched` holds how often the source was asked for each
/// until the last death, and then until this one.
async fn in_flight_at_death(environment: &Environment, asked: &[Asked], fetched: &mut [usize]) -> Result<usize> {
    let mut in_flight = 0;
    for (number, (request, before)) in asked.iter().zip(fetched).enumerate() {
        let now = environment.source.fetches_of(&format!("R{number}"), "USD");
        if std::mem::replace(before, now) < now {
            let state = environment.relayer.api().state_of(request.id).await?;
            in_flight += usize::from(matches!(state.as_deref(), None | Some("observed")));
        }
    }
    Ok(in_flight)
}
