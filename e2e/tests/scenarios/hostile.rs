//! A consumer that does its worst, beside one that behaves.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use ethers::{
    providers::{Http, Middleware, Provider},
    types::{Address, U256},
};
use phat_e2e::{
    Asker, Environment, Guest, Question, eventually, hostile_consumer::HostileConsumer, phat_oracle::PhatOracle,
    phat_oracle::RequestSubmittedFilter, wait_for,
};
use phat_protocol::{ContractId, RequestId};

type Hostile = HostileConsumer<Provider<Http>>;

/// What its callback does, by the contract's own numbers, and whether the oracle counts it as a success.
const MODES: [(&str, u8, bool); 4] =
    [("return bomb", 1, true), ("revert bomb", 2, false), ("burning all gas", 3, false), ("re-entry", 4, true)];
const BEHAVE: u8 = 0;
/// What its callbacks may use.
const CALLBACK_GAS: u32 = 2_000_000;
const LIFETIME: u64 = 3_600;
/// What it pays above what is due, in wei: it goes with the payment.
const TIP: u64 = 1_000_000_000;

struct Stage {
    environment: Environment,
    oracle: PhatOracle<Provider<Http>>,
    hostile: Hostile,
    asker: Asker,
    contract_id: ContractId,
}

impl Stage {
    async fn set() -> Result<Self> {
        let environment: Environment = Environment::start().await?;
        let contract_id = environment.deploy(&Guest::probe()?).await?;
        let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
        let provider = environment.end.chain.provider();
        let hostile = Hostile::deploy(provider.clone(), environment.end.oracle.address)?.send().await?;
        let oracle = PhatOracle::new(environment.end.oracle.address, provider);
        Ok(Self { environment, oracle, hostile, asker, contract_id })
    }

    async fn mode(&self, mode: u8) -> Result<()> {
        self.hostile.set_mode(mode).send().await?.await?.context("it was dropped")?;
        Ok(())
    }

    /// Asks in a transaction that may still wait for its block.
    async fn ask_unmined(&self, contract_id: ContractId, text: &str) -> Result<ethers::types::H256> {
        let payload = format!("echo {text}").into_bytes();
        let due = self.oracle.quote(CALLBACK_GAS, payload.len().into(), 64).call().await?;
        let call = self.hostile.ask(contract_id.0, 0, payload.into(), CALLBACK_GAS, 64, LIFETIME);
        let sent = call.value(due + TIP).gas(500_000).send().await?.tx_hash();
        Ok(sent)
    }

    async fn request_of(&self, transaction: ethers::types::H256) -> Result<RequestSubmittedFilter> {
        let provider = self.environment.end.chain.provider();
        let receipt = wait_for("the request's block", DEADLINE, async || {
            Ok(provider.get_transaction_receipt(transaction).await?)
        })
        .await?;
        let mut logs = receipt.logs.into_iter().map(ethers::contract::parse_log);
        logs.find_map(Result::ok).context("the transaction made no request")
    }

    /// Waits until the chain shows an answer; says whether the callback succeeded.
    async fn callback_ok(&self, id: RequestId) -> Result<bool> {
        let history = self.environment.history();
        let fulfilment = wait_for("the answer", DEADLINE, async || Ok(history.fulfilments().await?.remove(&id)));
        let fulfilment = fulfilment.await.with_context(|| format!("of {id}"))?;
        ensure!(fulfilment.len() == 1, "it was answered {} times", fulfilment.len());
        Ok(fulfilment[0].callback_ok)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_callback_spoils_no_other_request_of_its_block() -> Result<()> {
    let stage = Stage::set().await?;
    let (chain, mut asked) = (&stage.environment.end.chain, Vec::new());
    for (name, mode, succeeds) in MODES {
        stage.mode(mode).await?;
        // At the head of the queue, and in one block with the other.
        chain.set_automine(false).await?;
        let hostile = stage.ask_unmined(stage.contract_id, name).await?;
        let question = Question::new(stage.contract_id, format!("echo beside a {name}").into_bytes());
        let behaved = stage.asker.transaction(&question).await?;
        let provider = chain.provider();
        provider.send_transaction(behaved, None).await?;
        chain.set_automine(true).await?;
        chain.mine(1).await?;
        let id = RequestId(stage.request_of(hostile).await?.request_id);
        ensure!(stage.callback_ok(id).await? == succeeds, "{name} counts as the other");
        // The one beside it, and one after it.
        asked.push(stage.asker.ask(&question).await?);
        stage.environment.heard(&stage.asker, &asked[asked.len() - 1], DEADLINE).await?;
        eventually(&format!("the answer beside a {name}"), DEADLINE, async || {
            Ok(stage.asker.all_heard().await?.len() == 2 * asked.len())
        })
        .await?;
        if !succeeds {
            // The answer is kept for when the consumer comes to reason.
            stage.mode(BEHAVE).await?;
            let event = stage.request_of(hostile).await?;
            let report = stage.environment.history().sent_reports(stage.environment.end.wallet.address).await?;
            let report = report[&id].first().context("no report was sent")?.report.clone();
            let (outcome, output) = (report.outcome.number(), report.output.into());
            let retry = stage.oracle.retry_callback(event.request, outcome, output, report.executed_at);
            retry.gas(5_000_000).send().await?.await?.context("it was dropped")?;
        }
    }
    ensure!(stage.hostile.reentries().call().await?.is_zero(), "a callback got into the oracle");
    ensure!(stage.hostile.answers().call().await? == U256::from(MODES.len()), "an answer is missing");
    stage.environment.expect_each_answered_once(&stage.asker, &[], DEADLINE).await?;
    stage.environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_can_t_be_paid_out_stays_with_its_consumer_and_delays_no_one() -> Result<()> {
    let stage = Stage::set().await?;
    let provider = stage.environment.end.chain.provider();
    // Nobody has this contract, so that nobody answers.
    let unanswered = stage.ask_unmined(ContractId([7; 32]), "nobody").await?;
    let unanswered = stage.request_of(unanswered).await?;
    provider.request::<_, u64>("evm_increaseTime", [LIFETIME + 1]).await?;
    stage.environment.end.chain.mine(2).await?;
    let id = RequestId(unanswered.request_id);
    wait_for("its expiry", DEADLINE, async || {
        let state = stage.environment.relayer.api().state_of(id).await?;
        Ok((state.as_deref() == Some("expired")).then_some(()))
    })
    .await?;
    stage.oracle.cancel(unanswered.request.clone()).send().await?.await?.context("it was dropped")?;
    let credit = stage.oracle.credits(stage.hostile.address()).call().await?;
    ensure!(credit >= U256::from(TIP) && credit == unanswered.request.payment, "its credit is {credit}");
    let to_itself = stage.hostile.withdraw_refund(stage.hostile.address()).gas(300_000).send().await?.await?;
    ensure!(to_itself.is_some_and(|receipt| receipt.status == Some(0.into())), "it took ether");
    ensure!(stage.oracle.credits(stage.hostile.address()).call().await? == credit, "the credit went nowhere");
    let heir = Address::repeat_byte(0x77);
    stage.hostile.withdraw_refund(heir).send().await?.await?.context("it was dropped")?;
    ensure!(provider.get_balance(heir, None).await? == credit, "the heir didn't get it");
    stage.environment.finish().await
}
