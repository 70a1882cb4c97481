//! How fast a long chain is caught up with, and whether anything is lost over downtime.

use super::{
    figure::{DOUBLED, Figures, LOST, number},
    leg::Leg,
};
use crate::{Binaries, Limits, Provider, Settings, SyntheticChain, SyntheticNode, Watched};
use anyhow::{Context, Result, ensure};
use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How long a provider in the same region takes to answer.
const LATENCY: Duration = Duration::from_millis(20);
/// What a relayer is set to ask for at once: more than the provider serves, so that it has to find out.
const MAX_RANGE: i64 = 20_000;
/// Blocks for each request in them.
const SPARSE: u64 = 1_000;
/// More than the blocks of any extent take.
const DEADLINE: Duration = Duration::from_secs(600);

/// How much is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillExtent {
    /// Blocks of the chain.
    pub blocks: u64,
    /// The most blocks that the provider answers for at once; a leg each.
    pub ranges: Vec<u64>,
    /// Requests, in a block each, that are asked while the relayer is down.
    pub downtime: usize,
}

impl BackfillExtent {
    /// What the documentation's figures are made with.
    #[must_use]
    pub fn full() -> Self {
        Self { blocks: 1_000_000, ranges: vec![2_000, 10_000], downtime: 500 }
    }

    /// Enough to see that everything works, in seconds; its figures say little.
    #[must_use]
    pub fn quick() -> Self {
        Self { blocks: 100_000, ranges: vec![2_000], downtime: 10 }
    }
}

/// Measures how fast a chain is watched from its first block, and how what was asked over downtime is
/// answered. `progress` is told each step.
///
/// # Errors
/// When a part doesn't come up, or blocks aren't watched in ten minutes. Lost and doubled requests are
/// figures, and no error.
pub async fn backfill(binaries: &Binaries, extent: &BackfillExtent, progress: fn(&str)) -> Result<Figures> {
    let mut figures = Figures::default();
    for range in &extent.ranges {
        progress(&format!("{} blocks, {range} at a time", extent.blocks));
        watch(binaries, extent.blocks, *range, &mut figures).await?;
    }
    progress(&format!("{} requests in as many blocks of downtime", extent.downtime));
    let mut leg = Leg::start(Settings::new(binaries.clone())?).await?;
    let load = leg.after_downtime(extent.downtime).await?;
    leg.finish().await?;
    figures.push("downtime_requests", number(extent.downtime), "requests");
    figures.milliseconds("downtime_caught_up", load.elapsed);
    figures.push("downtime_answers", number(load.answers), "answers");
    figures.push("downtime_lost", number(load.lost), LOST);
    figures.push("downtime_doubled", number(load.doubled), DOUBLED);
    Ok(figures)
}

/// Has a relayer with an empty database watch a chain of so many blocks.
async fn watch(binaries: &Binaries, blocks: u64, range: u64, figures: &mut Figures) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a chain whose newest block is new")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut chain = SyntheticChain::new(range, blocks - 1, now);
    for index in 0..blocks / SPARSE {
        chain.ask(index * SPARSE + index % SPARSE, format!("request {index}"));
    }
    let expected: BTreeSet<_> = chain.requests().into_iter().collect();
    let limits = Limits {
        range: Some(range),
        results: Some(10_000),
        latency: LATENCY,
        providers: Provider::ALL.to_vec(),
        ..Limits::default()
    };
    let node = SyntheticNode::start(chain, limits).await?;
    let mut settings = toml::Table::new();
    settings.insert("max_range".to_owned(), MAX_RANGE.into());
    let watched = Watched::start(binaries, &node, settings).await?;
    watched.reaches(blocks - 1, DEADLINE).await?;
    let tally = node.tally();
    let (first, last) = (tally.first_query.context("nothing was read")?, tally.reached_head.context("no end")?);
    let known: BTreeSet<_> = watched.requests().await?.into_keys().collect();
    ensure!(known.is_subset(&expected), "requests that nobody made");
    watched.finish().await?;

    let figure = |count: u64| number(usize::try_from(count).unwrap_or(usize::MAX));
    figures.push(format!("backfill_rate_{range}"), figure(blocks) / (last - first).as_secs_f64(), "blocks/s");
    figures.push(format!("backfill_requests_{range}"), number(known.len()), "requests");
    figures.push(format!("backfill_lost_{range}"), number(expected.len() - known.len()), LOST);
    figures.push(format!("backfill_calls_{range}"), figure(tally.requests), "calls");
    let queries = tally.served.get("eth_getLogs").copied().unwrap_or_default();
    figures.push(format!("backfill_queries_{range}"), figure(queries), "queries");
    figures.push(format!("backfill_refused_{range}"), figure(tally.too_wide + tally.too_much), "refused queries");
    Ok(())
}
