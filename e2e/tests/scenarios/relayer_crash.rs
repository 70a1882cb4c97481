//! The relayer is killed at random moments under load, its start included, and starts again on its database.

use crate::{
    DEADLINE,
    load::{Load, SEED, seeded},
};
use anyhow::{Result, ensure};
use phat_e2e::{Evm, OracleEnd, Substrate};
use rand::Rng;
use std::{collections::BTreeSet, time::Duration};

/// How often it dies.
pub(crate) const DEATHS: usize = 90;
/// What is asked before each death.
pub(crate) const ASKED: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_killed_at_random_under_load_answers_every_request_once() -> Result<()> {
    killed_at_random::<Evm>(DEATHS).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_killed_at_random_on_substrate_answers_every_request_once() -> Result<()> {
    killed_at_random::<Substrate>(12).await
}

async fn killed_at_random<End: OracleEnd>(deaths: usize) -> Result<()> {
    let mut load = Load::<End>::start().await?;
    kill_at_random(&mut load, deaths).await?;
    load.finish().await
}

/// Kills the relayer again and again, and has every request answered once.
#[expect(clippy::print_stdout, reason = "the seed repeats a failure")]
pub(crate) async fn kill_at_random<End: OracleEnd>(load: &mut Load<End>, deaths: usize) -> Result<()> {
    let (seed, mut randomness) = seeded();
    println!("{SEED}={seed}");
    let mut found = BTreeSet::new();
    for _ in 0..deaths {
        load.ask(ASKED).await?;
        // Not a wait for anything: any moment will do.
        tokio::time::sleep(Duration::from_millis(randomness.gen_range(0..600))).await;
        load.environment.relayer.kill()?;
        found.extend(load.environment.database().await?.states().await?.into_values());
        load.environment.relayer.begin()?;
    }
    println!("{deaths} deaths, {} requests, found in these states: {found:?}", load.asked().len());
    ensure!(found.len() > 1, "every death found the same state: {found:?}");

    load.environment.relayer.answers().await?;
    load.environment.expect_each_answered_once(&load.asker, load.asked(), 2 * DEADLINE).await?;
    let executions = load.environment.source.fetches();
    ensure!(executions == load.asked().len(), "a kill of the relayer adds no execution, and there were {executions}");
    Ok(())
}
