//! What the relayer's path costs, beside what its parts cost alone, all in one run: figures of one
//! run compare, those of two machines or two days don't. `docs/benchmarks.md` defines each figure.

mod asks;
mod backfill;
mod cpu;
mod figure;
mod floors;
mod leg;
mod limits;
mod replay;
mod spread;
mod substrate;
mod watcher;

pub use backfill::{BackfillExtent, backfill};
pub use figure::{Figure, Figures};
pub use substrate::relay_on_substrate;

use crate::{Binaries, Settings};
use anyhow::{Result, ensure};
use floors::Floors;
use leg::Leg;
use limits::NodeLimits;

/// How much is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Requests asked one after the other.
    pub latency_requests: usize,
    /// Numbers of requests in flight at once; a leg each.
    pub in_flight: Vec<usize>,
    /// How often a leg's transactions are replayed on a bare node.
    pub replays: usize,
    /// Samples of each part alone.
    pub samples: usize,
}

impl Extent {
    /// What the documentation's figures are made with.
    #[must_use]
    pub fn full() -> Self {
        Self { latency_requests: 50, in_flight: vec![100, 1_000], replays: 3, samples: 200 }
    }

    /// Enough to see that everything works, in seconds; its figures say little.
    #[must_use]
    pub fn quick() -> Self {
        Self { latency_requests: 5, in_flight: vec![20], replays: 1, samples: 10 }
    }
}

/// Measures the way from a request's transaction to its answer. `progress` is told each step.
///
/// # Errors
/// When a part doesn't come up, an answer isn't the source's, or the relayer sent something in vain.
/// Lost and doubled requests are figures, and no error.
pub async fn relay(binaries: &Binaries, extent: &Extent, progress: fn(&str)) -> Result<Figures> {
    let settings = || -> Result<Settings> {
        let mut settings = Settings::new(binaries.clone())?;
        // What an operator has who sets `ws_url` and leaves the rest at its default.
        settings.chain.insert("poll_interval".to_owned(), "2s".into());
        Ok(settings)
    };
    let mut figures = Figures::default();

    progress(&format!("{} requests one at a time", extent.latency_requests));
    let mut leg = Leg::start(settings()?).await?;
    let alone = leg.one_at_a_time(extent.latency_requests).await?;
    let floors = Floors::measure(leg.environment(), extent.samples).await?;
    progress("the node alone");
    let limits = NodeLimits::measure(&mut leg, extent.samples.min(50)).await?;
    leg.finish().await?;

    let floor = floors.answer(&limits);
    let p50 = alone.latency.percentile(50);
    figures.milliseconds("latency_p50", p50);
    figures.milliseconds("latency_p99", alone.latency.percentile(99));
    figures.milliseconds("latency_floor", floor);
    figures.ratio("latency_over_floor", p50.as_secs_f64(), floor.as_secs_f64());
    figures.load("anvil", 1, &alone.load);
    floors.report(&mut figures);
    limits.report(&mut figures);

    for in_flight in &extent.in_flight {
        progress(&format!("{in_flight} requests in flight"));
        let mut leg = Leg::start(settings()?).await?;
        let (load, transactions) = leg.all_at_once(*in_flight).await?;
        figures.load("anvil", *in_flight, &load);
        leg.finish().await?;
        progress(&format!("the same {} transactions by a bare loop", transactions.len()));
        let mut rates = Vec::new();
        for _ in 0..extent.replays {
            rates.push(transactions.replay().await?);
        }
        rates.sort_by(f64::total_cmp);
        let rate = rates.get(rates.len() / 2).copied().unwrap_or_default();
        ensure!(rate > 0.0, "the bare loop got no answer into a block");
        figures.push(format!("transactions_{in_flight}"), figure::number(transactions.len()), "transactions");
        figures.push(format!("anvil_rate_{in_flight}"), rate, "answers/s");
        figures.ratio(&format!("throughput_over_anvil_{in_flight}"), load.rate(), rate);
    }
    Ok(figures)
}
