//! The way of a request on a Substrate chain.

use super::{
    Extent, cpu,
    figure::{self, Figures},
    leg::Load,
    spread::Spread,
};
use crate::{Asked, Binaries, Consumer, Environment, Ground, OracleEnd, Question, Settings, Substrate, wait_for};
use anyhow::{Context, Result};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::Instant;

/// The question: a pair that the source answers at once.
const BASE: &str = "BTC";
const QUOTE: &str = "USD";
const PRICE: &str = "97214.53";
/// Requests that are answered before anything is measured.
const WARM_UP: usize = 3;
/// How long nothing may happen before what is missing counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures the way from a request's extrinsic to its answer on a Substrate chain. `progress` is told each step.
///
/// # Errors
/// When a part doesn't come up, or the relayer sent something in vain. Lost and doubled requests are figures, and no
/// error.
pub async fn relay_on_substrate(binaries: &Binaries, extent: &Extent, progress: fn(&str)) -> Result<Figures> {
    let mut figures = Figures::default();
    progress(&format!("{} requests one at a time", extent.latency_requests));
    let mut leg = Leg::start(Settings::new(binaries.clone())?).await?;
    let (latencies, load) = leg.one_at_a_time(extent.latency_requests).await?;
    progress("the node alone");
    let extrinsic = leg.node_alone(extent.samples.min(20)).await?;
    leg.environment.finish().await?;
    let p50 = latencies.percentile(50);
    figures.milliseconds("latency_p50", p50);
    figures.milliseconds("latency_p99", latencies.percentile(99));
    figures.milliseconds("transaction_seen", extrinsic);
    // One that asks, and one that answers.
    figures.ratio("latency_over_transactions", p50.as_secs_f64(), 2.0 * extrinsic.as_secs_f64());
    figures.load("chopsticks", 1, &load);

    for in_flight in &extent.in_flight {
        progress(&format!("{in_flight} requests in flight"));
        let mut leg = Leg::start(Settings::new(binaries.clone())?).await?;
        let load = leg.all_at_once(*in_flight).await?;
        figures.load("chopsticks", *in_flight, &load);
        let sent = leg.environment.end.sent_reports().await?.len();
        figures.push(format!("reports_sent_{in_flight}"), figure::number(sent), "reports");
        leg.environment.finish().await?;
    }
    Ok(figures)
}

/// Everything up, a contract deployed, warm.
struct Leg {
    environment: Environment<Substrate>,
    consumer: <Substrate as OracleEnd>::Consumer,
    question: Question,
}

impl Leg {
    async fn start(settings: Settings) -> Result<Self> {
        let environment = Environment::on(Ground::<Substrate>::start(settings).await?).await?;
        environment.source.price(BASE, QUOTE, PRICE);
        let contract_id = environment.deploy_prices().await?;
        let consumer = environment.end.consumer().await?;
        let question = Question { max_output: 256, ..Question::price(contract_id, BASE, QUOTE) };
        let mut leg = Self { environment, consumer, question };
        leg.one_at_a_time(WARM_UP).await?;
        Ok(leg)
    }

    /// Asks, waits for the answer, and asks again.
    async fn one_at_a_time(&mut self, count: usize) -> Result<(Spread, Load)> {
        let before = self.cpu()?;
        let (mut latencies, started, mut asked) = (Vec::new(), Instant::now(), Vec::new());
        for _ in 0..count {
            let begun = Instant::now();
            let request = self.consumer.ask(&self.question).await?;
            let seen = self.answered(std::slice::from_ref(&request)).await?;
            asked.push(request);
            // One that is lost would make its successors look slow.
            let Some(seen) = seen else { break };
            latencies.push(seen - begun);
        }
        let elapsed = started.elapsed();
        Ok((Spread::of(latencies), self.load(before, &asked, elapsed).await?))
    }

    /// Has so many requests asked while the relayer is stopped, and lets it go on.
    async fn all_at_once(&mut self, count: usize) -> Result<Load> {
        self.environment.relayer.process()?.pause()?;
        let asked = self.consumer.ask_together(&vec![self.question.clone(); count]).await?;
        let before = self.cpu()?;
        let started = Instant::now();
        self.environment.relayer.process()?.resume()?;
        let last = self.answered(&asked).await?;
        let elapsed = last.map_or(Duration::ZERO, |last| last - started);
        self.load(before, &asked, elapsed).await
    }

    /// From sending an extrinsic that asks to seeing its block, on a node that nobody else uses.
    async fn node_alone(&mut self, samples: usize) -> Result<Duration> {
        self.environment.relayer.stop().await?;
        let mut times = Vec::new();
        for _ in 0..samples {
            let sent = Instant::now();
            self.consumer.ask(&self.question).await?;
            times.push(sent.elapsed());
        }
        Ok(Spread::of(times).percentile(50))
    }

    /// Waits until these are answered. When the last of them was seen; none where one was not.
    async fn answered(&self, asked: &[Asked]) -> Result<Option<Instant>> {
        let (mut before, mut changed) = (0, Instant::now());
        loop {
            let fulfilments = self.environment.end.fulfilments().await?;
            let answered = asked.iter().filter(|asked| fulfilments.contains_key(&asked.id)).count();
            if answered > before {
                (before, changed) = (answered, Instant::now());
            }
            if answered == asked.len() {
                return Ok(Some(changed));
            }
            if changed.elapsed() > PATIENCE {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn load(&self, before: [Duration; 3], asked: &[Asked], elapsed: Duration) -> Result<Load> {
        let fulfilments = self.environment.end.fulfilments().await?;
        let times = asked.iter().map(|asked| fulfilments.get(&asked.id).map_or(0, Vec::len));
        let lost = times.clone().filter(|times| *times == 0).count();
        let doubled = times.map(|times| times.saturating_sub(1)).sum();
        let api = self.environment.relayer.api();
        if let Some(last) = asked.last().filter(|last| fulfilments.contains_key(&last.id)) {
            wait_for("the newest answer to be settled", PATIENCE, async || {
                Ok((api.state_of(last.id).await?.as_deref() == Some("settled")).then_some(()))
            })
            .await?;
        }
        self.environment.end.expect_no_waste_but(&BTreeSet::new()).await?;
        let after = self.cpu()?;
        let [relayer, enclave, node] = [0, 1, 2].map(|part| after[part].saturating_sub(before[part]));
        Ok(Load { answers: asked.len() - lost, lost, doubled, elapsed, relayer, enclave, node })
    }

    fn cpu(&self) -> Result<[Duration; 3]> {
        let Environment { relayer, enclave, end, .. } = &self.environment;
        let relayer = cpu::time_of(relayer.process()?).context("the relayer")?;
        Ok([relayer, cpu::time_of(enclave.process()?)?, cpu::time_of(end.chopsticks.process())?])
    }
}
