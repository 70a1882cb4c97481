//! A Substrate chain changes its runtime under a relayer that runs: the oracle's pallet gets another index.

use crate::{DEADLINE, load::Load};
use anyhow::Result;
use phat_e2e::Substrate;

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_of_the_runtime_loses_and_doubles_nothing() -> Result<()> {
    let mut load = Load::<Substrate>::start().await?;
    load.ask(3).await?;
    load.environment.end.upgrade().await?;
    load.ask(3).await?;
    load.environment.expect_each_answered_once(&load.asker, load.asked(), DEADLINE).await?;
    // One that starts after it reads what was before it as well.
    load.environment.relayer.kill()?;
    load.ask(1).await?;
    load.environment.relayer.resume().await?;
    load.environment.expect_each_answered_once(&load.asker, load.asked(), DEADLINE).await?;
    load.finish().await
}
