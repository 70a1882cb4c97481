//! When a request of a watched chain counts.

use crate::DEADLINE;
use anyhow::{Result, ensure};
use phat_e2e::{Binaries, Limits, SyntheticChain, SyntheticNode, Watched};
use std::time::{SystemTime, UNIX_EPOCH};

#[expect(clippy::disallowed_methods, reason = "a chain whose newest block is new")]
fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_seen_once_its_block_counts_and_not_before() -> Result<()> {
    let binaries = Binaries::up_to_date()?;
    // The node's safe block is 32 below its newest, its finalized one 64.
    for (finality, depth) in [("latest - 5", 5), ("safe", 32), ("finalized", 64)] {
        let mut chain = SyntheticChain::new(3, 1_000, now()?);
        let id = chain.ask(1_000 - depth + 1, "when?");
        let node = SyntheticNode::start(chain, Limits::default()).await?;
        let mut settings = toml::Table::new();
        settings.insert("finality".to_owned(), finality.into());
        let watched = Watched::start(&binaries, &node, settings).await?;
        watched.reaches(1_000 - depth, DEADLINE).await?;
        // Another block that isn't the request's would do as well as none.
        let cursor = watched.chain().await?["cursor"]["number"].as_u64();
        ensure!(cursor == Some(1_000 - depth), "{finality}: {cursor:?}");
        ensure!(watched.requests().await?.is_empty(), "{finality}: it counts too early");
        node.with_chain(|chain| chain.grow(1));
        watched.reaches(1_001 - depth, DEADLINE).await?;
        ensure!(watched.requests().await?.contains_key(&id), "{finality}: it isn't seen");
        watched.finish().await?;
    }
    Ok(())
}
