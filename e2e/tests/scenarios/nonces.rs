//! Nonces and fees: what a submitter's transactions meet on their way into a block.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use ethers::{
    providers::Middleware,
    signers::{LocalWallet, Signer},
    types::{H256, TransactionRequest, U256, transaction::eip2718::TypedTransaction},
};
use phat_e2e::{
    Asked, CHAIN_ID, Environment, Fault, Hold, Ordeal, Rule, Settings, eventually,
    phat_oracle::{PhatOracle, Report},
};
use phat_enclave_api::Enclave;
use serde_json::Value;

const SENDING: &str = "eth_sendRawTransaction";
/// One part of 10^9 of an ether, in wei.
const GWEI: u64 = 1_000_000_000;

/// The relayer is about to send the answer to a request, and is held there.
async fn held(ordeal: &mut Ordeal) -> Result<Asked> {
    ordeal.proxy.hold(Hold::Calls(SENDING));
    let asked = ordeal.ask().await?;
    eventually("the answer to be sent", DEADLINE, async || Ok(ordeal.proxy.held() > 0)).await?;
    Ok(asked)
}

/// Someone else sends ether to nobody with the relayer's key, at this nonce.
async fn stranger(environment: &Environment, nonce: U256, gas_price: u64) -> Result<H256> {
    let key = std::fs::read_to_string(&environment.end.wallet.key_file)?;
    let wallet = key.trim().parse::<LocalWallet>()?.with_chain_id(CHAIN_ID);
    let transaction: TypedTransaction = TransactionRequest::new()
        .to(ethers::types::Address::repeat_byte(9))
        .value(1)
        .gas(21_000)
        .gas_price(gas_price)
        .nonce(nonce)
        .chain_id(CHAIN_ID)
        .into();
    let signature = wallet.sign_transaction(&transaction).await?;
    let provider = environment.end.chain.provider();
    let sent = provider.send_raw_transaction(transaction.rlp_signed(&signature)).await?;
    Ok(sent.tx_hash())
}

async fn nonce(environment: &Environment) -> Result<U256> {
    Ok(environment.end.chain.provider().get_transaction_count(environment.end.wallet.address, None).await?)
}

/// The transactions of the attempts that carried a request's answer, as the API tells them.
async fn transactions(environment: &Environment, asked: &Asked) -> Result<Vec<Value>> {
    let life = environment.relayer.api().request(asked.id).await?.context("it was seen")?;
    let attempts = life["attempts"].as_array().context("no attempts")?;
    Ok(attempts.iter().flat_map(|attempt| attempt["transactions"].as_array().cloned().unwrap_or_default()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_too_low_that_means_success_is_taken_for_success() -> Result<()> {
    let mut ordeal: Ordeal = Ordeal::start(Settings::impatient()?).await?;
    let fault = Fault::LoseAnswer;
    // It is mined at once, and the relayer is told nothing, and then that its nonce is too low.
    ordeal.proxy.inject([Rule::new(fault.clone()).on(&[SENDING]).times(3), Rule::new(Fault::MissingReceipts).times(3)]);
    let mut asked = Vec::new();
    for _ in 0..3 {
        asked.push(ordeal.ask().await?);
        ordeal.answered(&asked, DEADLINE).await?;
    }
    eventually("the lost answers", DEADLINE, async || Ok(ordeal.proxy.count(&fault) >= 3)).await?;
    ordeal.judge(DEADLINE).await?;
    let sent = ordeal.environment.end.chain.receipts_from(ordeal.environment.end.wallet.address).await?;
    // One registers the worker.
    ensure!(sent.len() <= 1 + asked.len(), "{} transactions for {} requests", sent.len() - 1, asked.len());
    ordeal.environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_a_stranger_used_is_given_up_and_the_next_is_taken() -> Result<()> {
    let mut ordeal: Ordeal = Ordeal::start(Settings::impatient()?).await?;
    let asked = held(&mut ordeal).await?;
    let taken = nonce(&ordeal.environment).await?;
    stranger(&ordeal.environment, taken, 10 * GWEI).await?;
    ordeal.proxy.hold(Hold::Nothing);
    // A nonce is given up after some blocks.
    eventually("the answer", DEADLINE, async || {
        ordeal.environment.end.chain.mine(1).await?;
        Ok(ordeal.environment.history().fulfilments().await?.contains_key(&asked.id))
    })
    .await?;
    ensure!(nonce(&ordeal.environment).await? == taken + 2, "the next nonce wasn't the next");
    ordeal.judge(DEADLINE).await?;
    ordeal.environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_gap_that_a_reorganisation_leaves_is_filled() -> Result<()> {
    let mut ordeal: Ordeal = Ordeal::start(Settings::impatient()?).await?;
    let first = ordeal.ask().await?;
    ordeal.environment.reaches(&first, "settled", DEADLINE).await?;
    let taken = nonce(&ordeal.environment).await?;
    let early = ordeal.ask().await?;
    ordeal.environment.reaches(&early, "settled", DEADLINE).await?;
    // The request stands; a stranger's use of the nonce before the next answer goes.
    ordeal.environment.source.hold();
    let asked = ordeal.ask().await?;
    ordeal.environment.reaches(&asked, "observed", DEADLINE).await?;
    stranger(&ordeal.environment, taken + 1, 10 * GWEI).await?;
    ordeal.proxy.hold(Hold::Calls(SENDING));
    ordeal.environment.source.release();
    eventually("the answer to be sent", DEADLINE, async || Ok(ordeal.proxy.held() > 0)).await?;
    ensure!(ordeal.reorganise(1).await? == 0, "the request went too");
    ordeal.proxy.hold(Hold::Nothing);
    ordeal.answered(&[asked], DEADLINE).await?;
    ensure!(nonce(&ordeal.environment).await? >= taken + 3, "the gap is open");
    ordeal.judge(DEADLINE).await?;
    ordeal.environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gas_spike_that_prices_a_transaction_out_is_followed_by_a_higher_offer() -> Result<()> {
    let mut ordeal: Ordeal = Ordeal::start(Settings::impatient()?).await?;
    let asked = held(&mut ordeal).await?;
    ordeal.environment.end.chain.set_next_base_fee(300 * GWEI).await?;
    ordeal.environment.end.chain.mine(1).await?;
    ordeal.proxy.hold(Hold::Nothing);
    ordeal.answered(std::slice::from_ref(&asked), DEADLINE).await?;
    ordeal.environment.reaches(&asked, "settled", DEADLINE).await?;
    let transactions = transactions(&ordeal.environment, &asked).await?;
    ensure!(transactions.len() > 1, "nothing was replaced: {transactions:?}");
    ordeal.judge(DEADLINE).await?;
    ordeal.environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_underpriced_transaction_is_replaced_until_it_is_mined() -> Result<()> {
    let mut ordeal: Ordeal = Ordeal::start(Settings::impatient()?).await?;
    let asked = held(&mut ordeal).await?;
    // Whoever else has the key wants the same nonce, for more; nothing is mined yet.
    ordeal.environment.end.chain.set_automine(false).await?;
    stranger(&ordeal.environment, nonce(&ordeal.environment).await?, 20 * GWEI).await?;
    ordeal.proxy.hold(Hold::Nothing);
    eventually("a replacement", DEADLINE, async || Ok(transactions(&ordeal.environment, &asked).await?.len() > 1))
        .await?;
    ordeal.environment.end.chain.set_automine(true).await?;
    eventually("the answer", DEADLINE, async || {
        ordeal.environment.end.chain.mine(1).await?;
        Ok(ordeal.environment.history().fulfilments().await?.contains_key(&asked.id))
    })
    .await?;
    ordeal.judge(DEADLINE).await?;
    ordeal.environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_hash_that_is_mined_after_an_escalation_settles_its_request() -> Result<()> {
    let mut ordeal: Ordeal = Ordeal::start(Settings::impatient()?).await?;
    ordeal.environment.source.hold();
    let asked = ordeal.ask().await?;
    eventually("the run", DEADLINE, async || Ok(ordeal.environment.source.waiting() > 0)).await?;
    ordeal.environment.end.chain.set_automine(false).await?;
    ordeal.environment.source.release();
    let provider = ordeal.environment.end.chain.provider();
    eventually("the first in the pool", DEADLINE, async || Ok(!provider.txpool_status().await?.pending.is_zero()))
        .await?;
    // What replaces it never arrives.
    ordeal.proxy.inject([Rule::new(Fault::Drop).on(&[SENDING])]);
    eventually("a replacement", DEADLINE, async || Ok(transactions(&ordeal.environment, &asked).await?.len() > 1))
        .await?;
    let first = transactions(&ordeal.environment, &asked).await?[0]["hash"].clone();
    ordeal.environment.end.chain.set_automine(true).await?;
    ordeal.environment.end.chain.mine(1).await?;
    ordeal.environment.reaches(&asked, "settled", DEADLINE).await?;
    let life = ordeal.environment.relayer.api().request(asked.id).await?.context("it was seen")?;
    ensure!(life["settlement"]["transaction"] == first, "another settled it: {life}");
    ordeal.proxy.lift();
    ordeal.judge(DEADLINE).await?;
    ordeal.environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_final_and_failed_leaves_its_request_to_what_the_chain_says() -> Result<()> {
    let mut ordeal: Ordeal = Ordeal::start(Settings::impatient()?).await?;
    let asked = held(&mut ordeal).await?;
    // Another relayer of the same worker is faster.
    let environment = &ordeal.environment;
    let execution = environment.enclave.client().execute(&environment.execution_of(&asked).await?).await?;
    let report = Report {
        outcome: execution.report.outcome.number(),
        output: execution.report.output.clone().into(),
        executed_at: execution.report.executed_at,
        payee: execution.report.payee.0,
    };
    let oracle = PhatOracle::new(environment.end.oracle.address, environment.end.chain.provider());
    let signatures = vec![execution.signature.0.to_vec().into()];
    oracle.fulfill(asked.on_chain()?, report, signatures).send().await?.await?.context("it was dropped")?;
    ordeal.proxy.hold(Hold::Nothing);
    ordeal.environment.reaches(&asked, "settled", DEADLINE).await?;
    let failed = ordeal.environment.end.chain.receipts_from(ordeal.environment.end.wallet.address).await?;
    ensure!(failed.iter().any(|receipt| receipt.status == Some(0.into())), "nothing failed: {failed:?}");
    ordeal.environment.expect_one_answer_each(&ordeal.asker, &[asked], DEADLINE).await?;
    // And those after it get on.
    let next = ordeal.ask().await?;
    ordeal.answered(&[next], DEADLINE).await?;
    ordeal.environment.finish().await
}
