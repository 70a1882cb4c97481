//! What the endpoint does to the relayer, one fault after the other: a request that is made meanwhile is answered, once.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{Anvil, Chain, Evm, Fault, OracleEnd, Ordeal, Rule, Settings, Substrate, eventually, wait_for};
use std::time::Duration;

/// How often a fault hits that nothing gets by.
const HITS: u64 = 6;

/// Those that leave some requests whole, and the relayer its work.
fn now_and_then<End: OracleEnd>() -> Vec<Fault> {
    let mut faults = vec![
        Fault::Delay(Duration::from_millis(300)),
        Fault::Drop,
        Fault::LoseAnswer,
        Fault::Hang,
        Fault::Reset,
        Fault::Truncate,
        Fault::RateLimit(None),
        Fault::RateLimit(Some(1)),
        Fault::ServerError(503),
    ];
    faults.extend_from_slice(End::FORGED);
    faults
}

/// Those under which nothing can get on, or so it looks.
fn always() -> Vec<Fault> {
    vec![
        Fault::Drop,
        Fault::LoseAnswer,
        Fault::Hang,
        Fault::Reset,
        Fault::Truncate,
        Fault::RateLimit(Some(1)),
        Fault::ServerError(500),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_that_hits_some_calls_leaves_every_request_its_one_answer() -> Result<()> {
    each_that_hits_some_calls::<Evm>().await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_that_hits_some_calls_on_substrate_leaves_every_request_its_one_answer() -> Result<()> {
    each_that_hits_some_calls::<Substrate>().await
}

async fn each_that_hits_some_calls<End: OracleEnd>() -> Result<()> {
    let mut ordeal = Ordeal::<End>::start(Settings::impatient()?).await?;
    for fault in now_and_then::<End>() {
        under(&mut ordeal, &fault).await.with_context(|| format!("with {fault:?} now and then"))?;
    }
    ordeal.judge(DEADLINE).await?;
    ordeal.environment.finish().await
}

/// Requests are answered while the fault is on.
async fn under<End: OracleEnd>(ordeal: &mut Ordeal<End>, fault: &Fault) -> Result<()> {
    let before = ordeal.proxy.count(fault);
    ordeal.proxy.inject([Rule::new(fault.clone()).with_probability(End::LOSS)]);
    let mut asked = Vec::new();
    for _ in 0..3 {
        asked.push(ordeal.ask().await?);
    }
    ordeal.answered(&asked, DEADLINE).await?;
    eventually("the fault", DEADLINE, async || {
        // Blocks without anything in them are asked about too, but not for logs or receipts.
        if ordeal.proxy.count(fault) == before {
            asked.push(ordeal.ask().await?);
        }
        Ok(ordeal.proxy.count(fault) > before)
    })
    .await?;
    ordeal.proxy.lift();
    ordeal.answered(&asked, DEADLINE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_that_hits_every_call_delays_requests_and_loses_none() -> Result<()> {
    let faults = [always(), vec![Fault::MissingReceipts]].concat();
    each_that_hits_every_call::<Evm>(faults).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_that_hits_every_call_on_substrate_delays_requests_and_loses_none() -> Result<()> {
    each_that_hits_every_call::<Substrate>(always()).await
}

async fn each_that_hits_every_call<End: OracleEnd>(faults: Vec<Fault>) -> Result<()> {
    let mut ordeal = Ordeal::<End>::start(Settings::impatient()?).await?;
    for fault in faults {
        through(&mut ordeal, &fault).await.with_context(|| format!("with {fault:?} all the time"))?;
    }
    ordeal.judge(DEADLINE).await?;
    ordeal.environment.finish().await
}

/// A request from before and one from within the fault are answered once it is over.
async fn through<End: OracleEnd>(ordeal: &mut Ordeal<End>, fault: &Fault) -> Result<()> {
    ordeal.environment.source.hold();
    let before = ordeal.ask().await?;
    eventually("the run", DEADLINE, async || Ok(ordeal.environment.source.waiting() > 0)).await?;
    let count = ordeal.proxy.count(fault);
    ordeal.proxy.inject([Rule::new(fault.clone())]);
    ordeal.environment.source.release();
    let within = ordeal.ask().await?;
    eventually("the fault", DEADLINE, async || Ok(ordeal.proxy.count(fault) >= count + HITS)).await?;
    let ready = ordeal.environment.relayer.api().ready().await?;
    // What the node heard counts, though its answer didn't arrive.
    let deaf = !matches!(fault, Fault::LoseAnswer | Fault::Truncate | Fault::MissingReceipts);
    if deaf {
        ensure!(ready.trouble("chain local").is_some(), "it says {ready:?}");
        let heard = ordeal.environment.end.fulfilments().await?;
        ensure!(!heard.contains_key(&before.id) && !heard.contains_key(&within.id), "the fault let something through");
    }
    ordeal.proxy.lift();
    ordeal.answered(&[before, within], DEADLINE).await
}

/// A node that indexes logs later than blocks: the blocks are read again while the chain goes on.
#[tokio::test(flavor = "multi_thread")]
async fn logs_that_show_some_blocks_late_are_read_then() -> Result<()> {
    let mut ordeal: Ordeal = Ordeal::start(Settings::impatient()?).await?;
    let fault = Fault::MissingLogs;
    ordeal.proxy.inject([Rule::new(fault.clone()).times(3)]);
    let asked = vec![ordeal.ask().await?];
    for hidden in 1..=3 {
        eventually("the logs to be missed", DEADLINE, async || Ok(ordeal.proxy.count(&fault) >= hidden)).await?;
        let state = ordeal.environment.relayer.api().state_of(asked[0].id).await?;
        ensure!(hidden == 3 || state.is_none(), "it is {state:?}, though its log didn't show");
        ordeal.environment.end.chain.mine(1).await?;
    }
    ordeal.answered(&asked, DEADLINE).await?;
    ordeal.judge(DEADLINE).await?;
    ordeal.environment.finish().await
}

/// An endpoint that leads to another chain for a while, as behind a balancer that was set up wrong.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_leads_to_another_chain_for_a_while_changes_nothing() -> Result<()> {
    let mut ordeal: Ordeal = Ordeal::start(Settings::impatient()?).await?;
    let other = Anvil::of_chain(1, &ordeal.environment.directory().join("elsewhere")).await?;
    let elsewhere = Chain::connect(&other.url()).await?;
    // Higher than ours, so that nothing looks like a node that lags.
    elsewhere.mine(ordeal.environment.end.chain.height().await? + 50).await?;
    let settled = ordeal.ask().await?;
    ordeal.environment.reaches(&settled, "settled", DEADLINE).await?;

    ordeal.environment.source.hold();
    let before = ordeal.ask().await?;
    eventually("the run", DEADLINE, async || Ok(ordeal.environment.source.waiting() > 0)).await?;
    let fault = Fault::WrongChain(other.url());
    ordeal.proxy.inject([Rule::new(fault.clone())]);
    ordeal.environment.source.release();
    let within = ordeal.ask().await?;
    let reason = wait_for("the trouble", DEADLINE, async || {
        let ready = ordeal.environment.relayer.api().ready().await?;
        Ok(ready.trouble("chain local").filter(|reason| reason.contains("serves chain 1,")).map(str::to_owned))
    });
    reason.await?;
    eventually("the fault", DEADLINE, async || Ok(ordeal.proxy.count(&fault) >= 10 * HITS)).await?;
    let sent = elsewhere.receipts_from(ordeal.environment.end.wallet.address).await?;
    ensure!(sent.is_empty(), "another chain was sent {sent:?}");
    let life = ordeal.environment.relayer.api().request(settled.id).await?.context("it was seen")?;
    ensure!(life["state"] == "settled", "another chain's blocks took it back: {life}");
    ensure!(!life.to_string().contains("orphaned"), "another chain's blocks took it back: {life}");

    ordeal.proxy.lift();
    ordeal.answered(&[before, within], DEADLINE).await?;
    ordeal.judge(DEADLINE).await?;
    ordeal.environment.finish().await
}
