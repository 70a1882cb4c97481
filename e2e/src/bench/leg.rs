//! One environment under load, from fresh parts: a node gets slower as its chain grows.

use super::{asks::Asks, cpu, replay::Replay, spread::Spread, watcher::Watcher};
use crate::{Asker, Environment, Evm, Ground, Question, Settings};
use anyhow::{Context, Result, ensure};
use ethers::types::H256;
use phat_protocol::RequestId;
use std::{collections::BTreeSet, time::Duration};
use tokio::time::Instant;

/// The question: a pair that the source answers at once.
const BASE: &str = "BTC";
const QUOTE: &str = "USD";
const PRICE: &str = "97214.53";
/// What a consumer's callback needs that stores an answer.
const CALLBACK_GAS: u32 = 60_000;
/// Room for a price, or an error.
const MAX_OUTPUT: u32 = 256;

/// Requests that are answered before anything is measured: code is translated then, and connections
/// are made.
const WARM_UP: usize = 3;

/// How long the relayer may take to see the end of what the chain shows already.
const SETTLE_DEADLINE: Duration = Duration::from_secs(60);

/// Everything up, a contract deployed, warm.
#[derive(Debug)]
pub(super) struct Leg {
    environment: Environment,
    asker: Asker,
    asks: Asks,
}

/// What a number of requests cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Requests that were answered.
    pub(super) answers: usize,
    /// Requests that were not.
    pub(super) lost: usize,
    /// Answers to a request beyond its first.
    pub(super) doubled: usize,
    /// From the first moment at which the relayer could work to the last answer.
    pub(super) elapsed: Duration,
    /// Processor time of the parts, until the relayer knew that the last answer is settled.
    pub(super) relayer: Duration,
    pub(super) enclave: Duration,
    pub(super) node: Duration,
}

impl Load {
    /// Answers a second.
    pub(super) fn rate(&self) -> f64 {
        super::figure::number(self.answers) / self.elapsed.as_secs_f64()
    }
}

/// What requests cost that were asked one after the other.
#[derive(Debug)]
pub(super) struct Alone {
    /// Of each: from sending the transaction that asks to seeing the answer's event.
    pub(super) latency: Spread,
    pub(super) load: Load,
}

impl Leg {
    /// Starts the parts.
    pub(super) async fn start(settings: Settings) -> Result<Self> {
        let mut ground: Ground = Ground::start(settings).await?;
        ground.settings.chain.insert("ws_url".to_owned(), ground.end.anvil.ws_url().into());
        let environment: Environment = Environment::on(ground).await?;
        environment.source.price(BASE, QUOTE, PRICE);
        let contract_id = environment.deploy_prices().await?;
        let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
        let question = Question {
            callback_gas: CALLBACK_GAS,
            max_output: MAX_OUTPUT,
            ..Question::price(contract_id, BASE, QUOTE)
        };
        let asks = Asks::new(&environment.end.chain, &asker, &question).await?;
        let mut leg = Self { environment, asker, asks };
        leg.one_at_a_time(WARM_UP).await?;
        Ok(leg)
    }

    pub(super) const fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(super) const fn asks(&mut self) -> &mut Asks {
        &mut self.asks
    }

    /// Asks, waits for the answer, and asks again.
    pub(super) async fn one_at_a_time(&mut self, count: usize) -> Result<Alone> {
        let mut watcher = Watcher::answers(&self.environment.end.anvil, &self.environment.end.oracle).await?;
        let provider = self.environment.end.chain.provider();
        let before = self.settled_so_far().await?;
        let (mut latencies, mut answered) = (Vec::new(), BTreeSet::new());
        let started = Instant::now();
        for _ in 0..count {
            let signed = self.asks.sign()?;
            let asked = Instant::now();
            provider.request::<_, H256>("eth_sendRawTransaction", [signed]).await?;
            let (seen, ids) = watcher.different(1).await?;
            // One that is lost would make its successors look slow.
            let Some(seen) = seen else { break };
            latencies.push(seen - asked);
            answered.extend(ids);
        }
        let load = self.load(before, count, started.elapsed(), &answered).await?;
        Ok(Alone { latency: Spread::of(latencies), load })
    }

    /// Has so many requests asked while the relayer is stopped, lets it go on, and gives what it sent
    /// to be sent again.
    pub(super) async fn all_at_once(&mut self, count: usize) -> Result<(Load, Replay)> {
        self.environment.relayer.process()?.pause()?;
        self.asks.ask_at_once(count).await?;
        let replay = Replay::prepare(&self.environment).await?;
        let mut watcher = Watcher::answers(&self.environment.end.anvil, &self.environment.end.oracle).await?;
        let before = self.cpu()?;
        let started = Instant::now();
        self.environment.relayer.process()?.resume()?;
        let (last, answered) = watcher.different(count).await?;
        let elapsed = last.map_or(Duration::ZERO, |last| last - started);
        let load = self.load(before, count, elapsed, &answered).await?;
        Ok((load, replay.of_what_was_sent(&self.environment, answered).await?))
    }

    /// Has so many questions asked in a block each while the relayer is down, and starts it again. The time
    /// is from its start to the last answer.
    pub(super) async fn after_downtime(&mut self, count: usize) -> Result<Load> {
        self.environment.relayer.stop().await?;
        let provider = self.environment.end.chain.provider();
        let height = self.environment.end.chain.height().await?;
        for made in (height + 1..).take(count) {
            let signed = self.asks.sign()?;
            provider.request::<_, H256>("eth_sendRawTransaction", [signed]).await?;
            // A node that is busy puts what comes meanwhile into one block.
            let chain = &self.environment.end.chain;
            crate::wait_for("the request's block", SETTLE_DEADLINE, async || {
                Ok((chain.height().await? >= made).then_some(()))
            })
            .await?;
        }
        let mut watcher = Watcher::answers(&self.environment.end.anvil, &self.environment.end.oracle).await?;
        let started = Instant::now();
        self.environment.relayer.resume().await?;
        let (last, answered) = watcher.different(count).await?;
        let elapsed = last.map_or(Duration::ZERO, |last| last - started);
        self.load([Duration::ZERO; 3], count, elapsed, &answered).await
    }

    async fn load(
        &self,
        before: [Duration; 3],
        asked: usize,
        elapsed: Duration,
        answered: &BTreeSet<RequestId>,
    ) -> Result<Load> {
        let after = self.settled_so_far().await?;
        let [relayer, enclave, node] = [0, 1, 2].map(|part| after[part].saturating_sub(before[part]));
        let history = self.environment.history();
        history.expect_no_wasted_fulfilment(self.environment.end.wallet.address).await?;
        let (fulfilments, heard) = (history.fulfilments().await?, self.asker.all_heard().await?);
        let mut doubled = 0;
        for id in answered {
            let fulfilled = fulfilments.get(id).context("an answer that the chain doesn't know")?;
            for fulfilment in fulfilled {
                ensure!(fulfilment.outcome == 0 && fulfilment.callback_ok, "{id} was answered so: {fulfilment:?}");
            }
            let times = fulfilled.len().max(heard.get(id).map_or(0, Vec::len));
            ensure!(times > 0, "the consumer didn't hear the answer to {id}");
            doubled += times - 1;
        }
        let (answers, lost) = (answered.len(), asked - answered.len());
        Ok(Load { answers, lost, doubled, elapsed, relayer, enclave, node })
    }

    /// The processor time of the parts, once the relayer has come to the end of what is answered.
    async fn settled_so_far(&self) -> Result<[Duration; 3]> {
        let newest = self.environment.history().fulfilments().await?;
        let newest = newest.iter().max_by_key(|(_, fulfilments)| fulfilments.last().map(|last| last.block));
        if let Some((id, _)) = newest {
            let api = self.environment.relayer.api();
            crate::wait_for("the newest answer to be settled", SETTLE_DEADLINE, async || {
                Ok((api.state_of(*id).await?.as_deref() == Some("settled")).then_some(()))
            })
            .await?;
        }
        self.cpu()
    }

    fn cpu(&self) -> Result<[Duration; 3]> {
        let Environment { relayer, enclave, end: Evm { anvil, .. }, .. } = &self.environment;
        Ok([cpu::time_of(relayer.process()?)?, cpu::time_of(enclave.process()?)?, cpu::time_of(anvil.process())?])
    }

    /// Ends the parts in order.
    pub(super) async fn finish(self) -> Result<()> {
        self.environment.finish().await
    }
}
