//! A consumer that asks what a contract on another chain says.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use ethers::{
    providers::Middleware,
    types::{BlockNumber, H256, U64},
};
use phat_e2e::{Anvil, Asker, Binaries, Chain, Directory, Environment, Ground, Guest, Question, Settings, wait_for};
use phat_protocol::Outcome;
use serde_json::json;

const ADDRESS: &str = "0x4242424242424242424242424242424242424242";
/// Returns 42, whatever it is asked: PUSH1 42, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN.
const CODE: &str = "0x602a60005260206000f3";

/// Another chain, with a contract at [`ADDRESS`] in its finalised state.
async fn other_chain(directory: &Directory) -> Result<(Anvil, Chain)> {
    let anvil = Anvil::start(directory.path()).await?;
    let chain = Chain::connect(&anvil.url()).await?;
    chain.provider().request::<_, ()>("anvil_setCode", (ADDRESS, CODE)).await?;
    chain.provider().request::<_, ()>("anvil_mine", ("0x8",)).await?;
    Ok((anvil, chain))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_consumer_hears_what_a_contract_on_another_chain_returns_and_at_which_block() -> Result<()> {
    let directory = Directory::create()?;
    let (anvil, other) = other_chain(&directory).await?;
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    settings.allowed = vec![anvil.address()];
    let environment: Environment = Environment::on(Ground::start(settings).await?).await?;
    let endpoint = |name: &str, origin: &str| json!({"name": name, "origin": origin, "path": "/"});
    let init = json!({
        "endpoints": [endpoint("a", &anvil.url()), endpoint("b", &anvil.url()), endpoint("down", "https://192.0.2.1")],
        "address": ADDRESS,
        "signature": "answer(uint8)",
        "args": ["{of}"],
    });
    let guest = Guest::ready_made("evm-read.wasm", "answer", &init)?;
    let contract_id = environment.deploy(&guest).await?;
    let consumer = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;

    let asked = consumer.ask(&Question::new(contract_id, r#"{"of":7}"#)).await?;
    let heard =
        wait_for("the answer", DEADLINE, async || Ok(consumer.heard(asked.id).await?.into_iter().next())).await?;
    ensure!(heard.outcome == Outcome::Ok, "{heard:?}");
    let finalised = other.provider().get_block(BlockNumber::Finalized).await?.context("a finalised block")?;
    let number = finalised.number.context("its number")?;
    ensure!(number > U64::zero() && heard.output.len() == 160, "{number} {heard:?}");
    let word = |index: usize| H256::from_slice(&heard.output[32 * index..][..32]);
    ensure!(word(0).to_low_u64_be() == number.as_u64(), "{heard:?}, block {number}");
    ensure!(Some(word(1)) == finalised.hash, "{heard:?}, {:?}", finalised.hash);
    ensure!(word(4).to_low_u64_be() == 42, "{heard:?}");
    environment.finish().await
}
