//! The relayer's clock is wrong, and the enclave's and the chain's aren't.

use crate::{
    DEADLINE,
    load::Load,
    outage::{all_well, trouble},
};
use anyhow::{Result, ensure};
use phat_e2e::under_fault::CLOCK_AHEAD;
use std::path::Path;

/// A relayer whose clock is ahead by so many seconds.
async fn load(ahead: i64) -> Result<Load> {
    let mut load: Load = Load::start().await?;
    load.environment.relayer.stop().await?;
    load.environment.relayer.become_program(Path::new(env!("CARGO_BIN_EXE_relayer-under-fault")));
    load.environment.relayer.set_variable(CLOCK_AHEAD, Some(ahead.to_string()));
    load.environment.relayer.resume().await?;
    Ok(load)
}

async fn signs_nothing_until_set_right(ahead: i64) -> Result<()> {
    let mut load = load(ahead).await?;
    load.ask(3).await?;
    let reason = trouble(&load.environment, "enclave").await?;
    ensure!(reason.contains("s between this machine and the enclave"), "it says {reason:?}");
    for asked in load.asked() {
        load.environment.reaches(asked, "observed", DEADLINE).await?;
    }
    let (runs, answers) = (load.environment.source.fetches(), load.environment.history().fulfilments().await?.len());
    ensure!((runs, answers) == (0, 0), "{runs} runs, {answers} answers");

    load.environment.relayer.stop().await?;
    load.environment.relayer.set_variable(CLOCK_AHEAD, None);
    load.environment.relayer.resume().await?;
    load.environment.expect_each_answered_once(&load.asker, load.asked(), DEADLINE).await?;
    all_well(&load.environment).await?;
    load.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_minutes_ahead_is_named_and_costs_no_request() -> Result<()> {
    signs_nothing_until_set_right(600).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_minutes_behind_is_named_and_costs_no_request() -> Result<()> {
    signs_nothing_until_set_right(-600).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_half_a_minute_off_matters_to_nobody() -> Result<()> {
    for ahead in [-30, 30] {
        let mut load = load(ahead).await?;
        load.ask(3).await?;
        load.environment.expect_each_answered_once(&load.asker, load.asked(), DEADLINE).await?;
        all_well(&load.environment).await?;
        load.finish().await?;
    }
    Ok(())
}
