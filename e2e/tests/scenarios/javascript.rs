//! A contract in JavaScript, from its script's deployment to the consumer's callback.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{Behaviour, Environment, PriceAsker, wait_for};
use phat_protocol::Outcome;
use std::fs;

/// Reads the price that the payload asks for, and answers with it as a uint256 of 8 decimals.
const SCRIPT: &str = r#"
export default async function main(request) {
    const { base, quote } = request.json();
    const response = await fetch(`${SOURCE}/price/${base}/${quote}`);
    if (!response.ok) {
        throw new Error(`the source answered ${response.status}`);
    }
    const { price } = await response.json();
    return pink.abi.encode("uint256", BigInt(Math.round(Number(price) * 1e8)));
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_example_consumer_hears_what_a_script_read() -> Result<()> {
    let environment: Environment = Environment::start().await?;
    let source = format!("const SOURCE = 'http://{}';\n{SCRIPT}", environment.source.address());
    let file = environment.directory().join("btc-usd.js");
    fs::write(&file, source)?;
    let file = file.to_str().context("a path that isn't UTF-8")?;
    let deployed = environment
        .api_command(["contract", "deploy", "--js", file, "--init-json", r#"{"type":"uint256","decimals":8}"#])
        .await?;
    ensure!(deployed["name"] == "btc-usd", "named after its file: {deployed}");
    let contract_id = deployed["contract_id"].as_str().context("a contract id")?.parse()?;
    let consumer = PriceAsker::deploy(&environment.end.chain, &environment.end.oracle, contract_id).await?;

    environment.source.price("BTC", "USD", "97214.53");
    let answered = async |asked: phat_e2e::Asked| {
        wait_for("the stored answer", DEADLINE, async || {
            let price = consumer.price_of(asked.id).await?;
            Ok(price.answered.then_some(price))
        })
        .await
    };
    let price = answered(consumer.ask("BTC", "USD").await?).await?;
    ensure!(
        Outcome::try_from(price.outcome).ok() == Some(Outcome::Ok) && price.value == 9_721_453_000_000_u64.into(),
        "{price:?}"
    );

    environment.source.behave("BTC", "USD", Behaviour::Status(500));
    let price = answered(consumer.ask("BTC", "USD").await?).await?;
    ensure!(Outcome::try_from(price.outcome).ok() == Some(Outcome::ContractError), "{price:?}");

    let broken = environment.directory().join("broken.js");
    fs::write(&broken, "export default function main( {")?;
    let broken = broken.to_str().context("a path that isn't UTF-8")?;
    let refused = environment.api_command(["contract", "deploy", "--js", broken]).await;
    let refused = refused.err().context("a script with a mistake is refused")?.to_string();
    ensure!(refused.contains("SyntaxError"), "the mistake is named: {refused}");
    environment.finish().await
}
