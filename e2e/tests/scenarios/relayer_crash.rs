//! The relayer is killed, at each stage and at random, and starts again on its database.

use crate::DEADLINE;
use anyhow::{Context, Result};
use ethers::providers::Middleware;
use phat_e2e::{Asked, Asker, Behaviour, Environment, FaultProxy, Ground, Hold, Question, Settings, eventually};
use phat_protocol::ContractId;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{collections::BTreeSet, time::Duration};

/// Requests in flight while the relayer dies at random.
const IN_FLIGHT: usize = 100;
/// How many of them run at once: the default of `execute.concurrency`.
const RUNS: usize = 64;
/// How often it dies then, at the least and at the most.
const DEATHS: std::ops::Range<usize> = 5..40;

/// An environment whose relayer reaches the node through a gate.
struct Stage {
    environment: Environment,
    gate: FaultProxy,
    asker: Asker,
    contract_id: ContractId,
    asked: Vec<Asked>,
}

impl Stage {
    async fn set() -> Result<Self> {
        let mut ground = Ground::start(Settings::with_short_leases()?).await?;
        let gate = FaultProxy::start(ground.anvil.address()).await?;
        ground.settings.chain.insert("rpc_url".to_owned(), gate.url().into());
        let environment = Environment::on(ground).await?;
        let contract_id = environment.deploy_prices().await?;
        let asker = Asker::deploy(&environment.chain, &environment.oracle).await?;
        Ok(Self { environment, gate, asker, contract_id, asked: Vec::new() })
    }

    async fn ask(&mut self) -> Result<Asked> {
        let base = format!("R{}", self.asked.len());
        self.environment.source.behave(&base, "USD", Behaviour::Price(format!("{}.5", self.asked.len())));
        let asked = self.asker.ask(&Question::price(self.contract_id, &base, "USD")).await?;
        self.asked.push(asked.clone());
        Ok(asked)
    }

    /// Kills the relayer, lets everything pass that was held, and starts it again.
    async fn die(&mut self) -> Result<()> {
        self.environment.relayer.kill()?;
        // What the relayer had not sent when it died is never sent.
        eventually("held calls to go", DEADLINE, async || Ok(self.gate.held() == 0)).await?;
        self.gate.hold(Hold::Nothing);
        self.environment.source.release();
        self.environment.relayer.resume().await
    }

    /// The states that the relayer finds its requests in.
    async fn states(&self) -> Result<Vec<String>> {
        let answer = self.environment.relayer.api().get("/v1/requests?limit=500").await?;
        let requests = answer["requests"].as_array().context("no requests")?;
        Ok(requests.iter().filter_map(|request| request["state"].as_str().map(str::to_owned)).collect())
    }

    async fn held(&self) -> Result<()> {
        eventually("a call to be held", DEADLINE, async || Ok(self.gate.held() > 0)).await
    }

    /// The last request is answered before the next is asked.
    async fn last_is_answered(&self) -> Result<()> {
        if let Some(last) = self.asked.last() {
            self.environment.heard(&self.asker, last, DEADLINE).await?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_killed_between_any_two_stages_answers_every_request_once() -> Result<()> {
    let mut stage = Stage::set().await?;
    let provider = stage.environment.chain.provider();

    // Before it has seen the request.
    stage.gate.hold(Hold::Calls("eth_getLogs"));
    stage.ask().await?;
    stage.held().await?;
    stage.die().await?;
    stage.last_is_answered().await?;

    // While the enclave runs it.
    stage.environment.source.hold();
    let asked = stage.ask().await?;
    eventually("the run", DEADLINE, async || Ok(stage.environment.source.waiting() == 1)).await?;
    stage.environment.reaches(&asked, "observed", DEADLINE).await?;
    stage.die().await?;
    stage.last_is_answered().await?;

    // With the report stored, and nothing prepared.
    stage.environment.source.hold();
    let asked = stage.ask().await?;
    eventually("the run", DEADLINE, async || Ok(stage.environment.source.waiting() == 1)).await?;
    stage.gate.hold(Hold::Everything);
    stage.environment.source.release();
    stage.environment.reaches(&asked, "reported", DEADLINE).await?;
    stage.die().await?;
    stage.last_is_answered().await?;

    // With the attempt stored, and its transaction not sent.
    stage.gate.hold(Hold::Calls("eth_sendRawTransaction"));
    let asked = stage.ask().await?;
    stage.held().await?;
    stage.environment.reaches(&asked, "submitted", DEADLINE).await?;
    stage.die().await?;
    stage.last_is_answered().await?;

    // With the transaction in a block, and the node's answer on its way.
    stage.gate.hold(Hold::Answers("eth_sendRawTransaction"));
    stage.ask().await?;
    stage.held().await?;
    stage.last_is_answered().await?;
    stage.die().await?;

    // With the transaction in the pool, and in no block.
    stage.gate.hold(Hold::Calls("eth_sendRawTransaction"));
    let asked = stage.ask().await?;
    stage.held().await?;
    provider.request::<_, ()>("evm_setAutomine", [false]).await?;
    stage.gate.hold(Hold::Nothing);
    eventually("a pooled transaction", DEADLINE, async || Ok(provider.txpool_status().await?.pending.as_u64() > 0))
        .await?;
    stage.environment.reaches(&asked, "submitted", DEADLINE).await?;
    stage.die().await?;
    provider.request::<_, ()>("evm_setAutomine", [true]).await?;
    provider.request::<_, serde_json::Value>("evm_mine", ()).await?;
    stage.last_is_answered().await?;

    // When all is done.
    let asked = stage.ask().await?;
    stage.environment.reaches(&asked, "settled", DEADLINE).await?;
    stage.die().await?;

    stage.environment.expect_each_answered_once(&stage.asker, &stage.asked, DEADLINE).await?;
    assert_eq!(stage.environment.source.fetches(), stage.asked.len(), "a kill of the relayer adds no execution");
    stage.environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_killed_at_random_with_100_requests_in_flight_answers_every_request_once() -> Result<()> {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut randomness = StdRng::seed_from_u64(seed);
    let mut stage = Stage::set().await?;

    stage.environment.source.hold();
    for _ in 0..IN_FLIGHT {
        stage.ask().await?;
    }
    eventually("the runs", DEADLINE, async || Ok(stage.environment.source.waiting() == RUNS)).await?;
    stage.environment.relayer.kill()?;
    stage.environment.relayer.resume().await?;
    stage.environment.source.release();
    // From here it dies until little is left to do, and whatever it was about to do waits for the next.
    let mut found = BTreeSet::new();
    for death in 1..DEATHS.end {
        tokio::time::sleep(Duration::from_millis(randomness.gen_range(5..150))).await;
        stage.environment.relayer.kill()?;
        stage.environment.relayer.resume().await?;
        let states = stage.states().await?;
        let open = states.iter().filter(|state| *state != "settled").count();
        found.extend(states);
        if death >= DEATHS.start && open < IN_FLIGHT / 10 {
            break;
        }
    }
    println!("found after deaths: {found:?}");
    assert!(found.len() > 1, "every death found the same state: {found:?}");

    stage.environment.expect_each_answered_once(&stage.asker, &stage.asked, 2 * DEADLINE).await?;
    assert_eq!(stage.environment.source.fetches(), IN_FLIGHT, "a kill of the relayer adds no execution");
    stage.environment.finish().await
}
