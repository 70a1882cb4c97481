//! One relayer and one worker between two chains: each chain's contracts hear what the other chain holds, and neither
//! takes what was answered for the other.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use ethers::{
    abi::{ParamType, Token, decode},
    types::U256,
};
use phat_e2e::{
    ANSWER, Asked, Binaries, Consumer, Crossing, Heard, OracleEnd, PalletConsumer, Question, Settings, phat_oracle,
    wait_for,
};
use phat_enclave_api::Enclave;
use phat_protocol::{Outcome, RequestId};

async fn crossing() -> Result<Crossing> {
    Crossing::start(Settings::new(Binaries::up_to_date()?)?).await
}

async fn heard(consumer: &impl Consumer, id: RequestId) -> Result<Heard> {
    wait_for(&format!("the answer to {id}"), DEADLINE, async || Ok(consumer.heard(id).await?.into_iter().next())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solidity_contract_hears_what_a_substrate_chain_stores_and_at_which_block() -> Result<()> {
    let crossing = crossing().await?;
    let Crossing { environment, substrate } = &crossing;
    let contract_id = environment.deploy(&crossing.issuance()?).await?;
    let consumer = environment.end.consumer().await?;
    let asked = consumer.ask(&Question::new(contract_id, "{}")).await?;
    let heard = heard(&consumer, asked.id).await?;
    ensure!(heard.outcome == Outcome::Ok, "{heard:?}");
    let types = [ParamType::Uint(256), ParamType::FixedBytes(32), ParamType::Bool, ParamType::Bytes];
    let [Token::Uint(number), Token::FixedBytes(hash), Token::Bool(true), Token::Bytes(value)] =
        &decode(&types, &heard.output)?[..]
    else {
        anyhow::bail!("{heard:?}")
    };
    let known = substrate.runtime.hash(number.as_u64()).await?.context("no such block")?;
    ensure!(known.as_slice() == hash.as_slice(), "block {number} has another hash");
    let issuance = substrate.runtime.total_issuance().await?;
    ensure!(U256::from_big_endian(value) == U256::from(issuance), "{heard:?}, and {issuance} are issued");
    crossing.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pallet_hears_what_a_solidity_contract_returns() -> Result<()> {
    let crossing = crossing().await?;
    let Crossing { environment, substrate } = &crossing;
    let contract_id = environment.deploy(&crossing.answering().await?).await?;
    let pallet = PalletConsumer::of(substrate, contract_id).await?;
    let asked = pallet.ask("BTC", "USD").await?;
    let price = wait_for("the price", DEADLINE, async || pallet.price("BTC", "USD").await).await?;
    ensure!(price == U256::from(ANSWER), "it stores {price}");
    let fulfilled = substrate.fulfilments().await?;
    ensure!(fulfilled[&asked.id].iter().all(|answer| answer.callback_ok), "{fulfilled:?}");
    crossing.finish().await
}

/// The same worker counts on both chains, and its signature names one.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_for_one_chain_is_refused_by_the_other() -> Result<()> {
    let Crossing { mut environment, substrate } = crossing().await?;
    let contract_id = environment.deploy_prices().await?;
    environment.source.price("BTC", "USD", "97214.53");
    // Nobody but this test carries answers.
    environment.relayer.stop().await?;
    let question = Question::price(contract_id, "BTC", "USD");
    let (there, account) = (environment.end.consumer().await?, substrate.consumer().await?);
    let (on_evm, on_substrate) = (there.ask(&question).await?, account.ask(&question).await?);
    let sign = async |asked: &Asked| -> Result<_> {
        Ok(environment.enclave.client().execute(&environment.execution_of(asked).await?).await?)
    };
    let (for_evm, for_substrate) = (sign(&on_evm).await?, sign(&on_substrate).await?);

    let oracle = phat_oracle::PhatOracle::new(environment.end.oracle.address, environment.end.chain.provider());
    let fulfil = async |execution: &phat_enclave_api::Execution| {
        let report = phat_oracle::Report {
            outcome: execution.report.outcome.number(),
            output: execution.report.output.clone().into(),
            executed_at: execution.report.executed_at,
            payee: execution.report.payee.0,
        };
        let call = oracle.fulfill(on_evm.on_chain()?, report, vec![execution.signature.0.to_vec().into()]);
        anyhow::Ok(call.call().await.is_ok())
    };
    ensure!(!fulfil(&for_substrate).await?, "the EVM chain took the Substrate chain's report");
    ensure!(fulfil(&for_evm).await?, "the EVM chain refused its own report");
    let taken = substrate.fulfil(on_substrate.id, &for_evm).await?;
    ensure!(!taken, "the Substrate chain took the EVM chain's report");
    ensure!(substrate.fulfil(on_substrate.id, &for_substrate).await?, "the Substrate chain refused its own report");

    environment.relayer.resume().await?;
    ensure!(heard(&there, on_evm.id).await?.outcome == Outcome::Ok, "it ended otherwise");
    environment.finish().await
}
