//! The relayer is down while questions are asked, in a block each: they are answered once it is back.

use crate::{DEADLINE, load::Load};
use anyhow::{Result, ensure};
use phat_e2e::{Evm, OracleEnd, Substrate};

/// What is asked before, while it is down, and after.
const ASKED: usize = 12;

async fn what_was_asked_meanwhile_is_answered<End: OracleEnd>() -> Result<()> {
    let mut load = Load::<End>::start().await?;
    load.ask(2).await?;
    load.environment.expect_each_answered_once(&load.asker, load.asked(), DEADLINE).await?;
    load.environment.relayer.stop().await?;
    let before = load.environment.end.height().await?;
    for _ in 0..ASKED {
        load.ask(1).await?;
        // Blocks without a question are passed over as well.
        load.environment.end.mine(1).await?;
    }
    ensure!(load.environment.end.height().await? >= before + 2 * u64::try_from(ASKED)?, "too few blocks");
    load.environment.relayer.resume().await?;
    load.ask(2).await?;
    load.environment.expect_each_answered_once(&load.asker, load.asked(), DEADLINE).await?;
    load.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_while_the_relayer_was_down_is_answered_once_it_is_back() -> Result<()> {
    what_was_asked_meanwhile_is_answered::<Evm>().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_on_substrate_while_the_relayer_was_down_is_answered_once_it_is_back() -> Result<()> {
    what_was_asked_meanwhile_is_answered::<Substrate>().await
}
