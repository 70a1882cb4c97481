//! A long chain behind a provider's limits, watched from its first block.

use crate::DEADLINE;
use anyhow::{Result, ensure};
use phat_e2e::{Binaries, Limits, Provider, Rate, SyntheticChain, SyntheticNode, Watched};
use phat_protocol::RequestId;
use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};
use toml::toml;

#[expect(clippy::disallowed_methods, reason = "a chain whose newest block is new")]
fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

/// So many requests, scattered over the blocks up to the head.
fn scatter(chain: &mut SyntheticChain, requests: u64) {
    let mut blocks: Vec<u64> =
        (0..requests).map(|index| index.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (chain.head() + 1)).collect();
    blocks.sort_unstable();
    for (index, block) in blocks.into_iter().enumerate() {
        chain.ask(block, format!("scattered {index}"));
    }
}

/// All that the chain holds, as the relayer should know it.
fn observed(chain: &SyntheticChain) -> BTreeMap<RequestId, String> {
    chain.requests().into_iter().map(|id| (id, "observed".to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_blocks_behind_a_providers_limits_are_watched_and_each_request_is_seen_once() -> Result<()> {
    let mut chain = SyntheticChain::new(1, 1_000_000, now()?);
    scatter(&mut chain, 300);
    for index in 0..300 {
        chain.ask(500_000 + index / 6, format!("one of many {index}"));
    }
    for index in 0..40 {
        chain.ask(700_000 + index / 2, format!("{index:04096}"));
    }
    let limits = Limits {
        range: Some(10_000),
        results: Some(100),
        bytes: Some(200_000),
        rate: Some(Rate { per_second: 400, burst: 100, retry_after: 1, every: Some(151) }),
        hiccups: Some(101),
        providers: Provider::ALL.to_vec(),
        ..Limits::default()
    };
    let node = SyntheticNode::start(chain.clone(), limits).await?;
    let settings = toml! { max_range = 40_000 };
    let watched = Watched::start(&Binaries::up_to_date()?, &node, settings).await?;
    watched.reaches(chain.head(), DEADLINE).await?;
    ensure!(watched.requests().await? == observed(&chain), "other requests than the chain holds");

    let tally = node.tally();
    let queries = tally.served["eth_getLogs"];
    ensure!(tally.too_wide > 0 && tally.too_much > 0 && tally.too_soon > 0 && tally.failed > 0, "{tally:?}");
    // What was learned is made use of.
    ensure!(tally.too_wide + tally.too_much <= queries, "{tally:?}");
    ensure!(queries <= 600, "{tally:?}");
    watched.finish().await
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
