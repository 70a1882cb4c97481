//! Each chain hears what the other holds.

use super::ANSWERS_DEADLINE;
use anyhow::{Context, Result, ensure};
use ethers::{
    abi::{ParamType, Token, decode},
    types::U256,
};
use phat_e2e::{Crossing, Guest, OracleEnd, PalletConsumer, Question, wait_for};
use phat_protocol::Outcome;
use serde_json::{Value, json};

/// Where a contract is that returns 42, whatever it is asked.
const ADDRESS: &str = "0x4242424242424242424242424242424242424242";
/// PUSH1 42, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN.
const CODE: &str = "0x602a60005260206000f3";

pub(super) async fn reads(crossing: &Crossing) -> Result<()> {
    println!("\nEach chain hears what the other holds, at a finalised block that two of three endpoints agree on:\n");
    from_substrate(crossing).await?;
    from_evm(crossing).await
}

/// A Solidity contract hears what the Substrate chain stores.
async fn from_substrate(Crossing { environment, substrate }: &Crossing) -> Result<()> {
    let init = json!({
        "endpoints": endpoints(&substrate.chopsticks.url()),
        "pallet": "Balances",
        "item": "TotalIssuance",
        "decode": {"offset": 0, "type": "u128"},
    });
    let contract_id = environment.deploy(&Guest::ready_made("substrate-read.wasm", "issuance", &init)?).await?;
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
async fn from_evm(Crossing { environment, substrate }: &Crossing) -> Result<()> {
    let chain = &environment.end.chain;
    chain.provider().request::<_, ()>("anvil_setCode", (ADDRESS, CODE)).await?;
    // Until it is in the finalised state.
    chain.mine(8).await?;
    let init = json!({
        "endpoints": endpoints(&environment.end.anvil.url()),
        "address": ADDRESS,
        "signature": "price(string,string)",
        "args": ["{base}", "{quote}"],
    });
    let contract_id = environment.deploy(&Guest::ready_made("evm-read.wasm", "answer", &init)?).await?;
    let consumer = PalletConsumer::of(substrate, contract_id).await?;
    let asked = consumer.ask("ANSWER", "ALL").await?;
    let price =
        wait_for("the pallet's answer", ANSWERS_DEADLINE, async || consumer.price("ANSWER", "ALL").await).await?;
    let answers = substrate.fulfilments().await?.remove(&asked.id).unwrap_or_default();
    let block = answers.first().context("nobody answered")?.block;
    println!(
        "  the pallet heard from the EVM chain: the contract at {ADDRESS} returns {price}; stored in block {block}"
    );
    Ok(())
}

/// Three endpoints of one chain, of which one is down.
fn endpoints(url: &str) -> Value {
    let endpoint = |name: &str, origin: &str| json!({"name": name, "origin": origin, "path": "/"});
    json!([endpoint("a", url), endpoint("b", url), endpoint("down", "https://192.0.2.1")])
}
