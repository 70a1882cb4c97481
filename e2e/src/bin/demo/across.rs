//! Each chain hears what the other holds.

use super::ANSWERS_DEADLINE;
use anyhow::{Context, Result, ensure};
use ethers::{
    abi::{ParamType, Token, decode},
    types::U256,
};
use phat_e2e::{ANSWERING, Crossing, OracleEnd, PalletConsumer, Question, wait_for};
use phat_protocol::Outcome;

pub(super) async fn reads(crossing: &Crossing) -> Result<()> {
    println!("\nEach chain hears what the other holds, at a finalised block that two of three endpoints agree on:\n");
    from_substrate(crossing).await?;
    from_evm(crossing).await
}

/// A Solidity contract hears what the Substrate chain stores.
async fn from_substrate(crossing: &Crossing) -> Result<()> {
    let environment = &crossing.environment;
    let contract_id = environment.deploy(&crossing.issuance()?).await?;
    let consumer = environment.end.consumer().await?;
    let asked = consumer.ask(&Question::new(contract_id, "{}")).await?;
    let heard = environment.heard(&consumer, &asked, ANSWERS_DEADLINE).await?;
    ensure!(heard.outcome == Outcome::Ok, "substrate-read ended with {}", heard.outcome.name());
    let types = [ParamType::Uint(256), ParamType::FixedBytes(32), ParamType::Bool, ParamType::Bytes];
    let tokens = decode(&types, &heard.output)?;
    let [Token::Uint(block), _, _, Token::Bytes(issued)] = &tokens[..] else { anyhow::bail!("{tokens:?}") };
    let issued = U256::from_big_endian(issued);
    println!("  Solidity heard from the Substrate chain: {issued} of its currency are issued, at block {block}");
    Ok(())
}

/// A pallet hears what a Solidity contract returns.
async fn from_evm(crossing: &Crossing) -> Result<()> {
    let Crossing { environment, substrate } = crossing;
    let contract_id = environment.deploy(&crossing.answering().await?).await?;
    let consumer = PalletConsumer::of(substrate, contract_id).await?;
    let asked = consumer.ask("ANSWER", "ALL").await?;
    let price =
        wait_for("the pallet's answer", ANSWERS_DEADLINE, async || consumer.price("ANSWER", "ALL").await).await?;
    let answers = substrate.fulfilments().await?.remove(&asked.id).unwrap_or_default();
    let block = answers.first().context("nobody answered")?.block;
    println!(
        "  the pallet heard from the EVM chain: the contract at {ANSWERING} returns {price}; stored in block {block}"
    );
    Ok(())
}
