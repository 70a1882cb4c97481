//! A pallet asks.

use super::{ANSWERS_DEADLINE, PRICES, decimal};
use anyhow::{Context, Result};
use phat_e2e::{OracleEnd, PalletConsumer, Substrate, wait_for};
use phat_protocol::ContractId;

/// How many pairs the pallet asks for.
const ASKED: usize = 4;

/// The example pallet asks the same contract for prices, and stores them.
pub(super) async fn asks(substrate: &Substrate, contract_id: ContractId) -> Result<()> {
    println!(
        "\nThe same relayer and worker serve a Substrate chain. There a pallet, PriceConsumer, asks the same contract:\n"
    );
    let consumer = PalletConsumer::of(substrate, contract_id).await?;
    let mut asked = Vec::new();
    for (base, quote, _) in PRICES.into_iter().take(ASKED) {
        asked.push((base, quote, consumer.ask(base, quote).await?));
    }
    println!("{:<10} {:<14} {:>6} {:>9}  value", "pair", "request", "asked", "answered");
    for (base, quote, request) in asked {
        let price =
            wait_for("the pallet's price", ANSWERS_DEADLINE, async || consumer.price(base, quote).await).await?;
        let answers = substrate.fulfilments().await?.remove(&request.id).unwrap_or_default();
        let answered = answers.first().context("a price that nobody answered")?.block;
        let (pair, id) = (format!("{base}/{quote}"), request.id.to_string());
        let id: String = id.chars().take(12).collect();
        println!("{pair:<10} {id}.. {:>6} {answered:>9}  {}", request.block, decimal(price));
    }
    Ok(())
}
