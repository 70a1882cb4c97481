//! A price that no single source decides.

use crate::DEADLINE;
use anyhow::{Result, ensure};
use ethers::types::U256;
use phat_e2e::{Asked, Behaviour, Binaries, Environment, Ground, Guest, PriceAsker, PriceSource, Settings, wait_for};
use phat_protocol::Outcome;
use toml::Table;

/// Opens these sources to guests, beside the environment's own.
fn allow(sources: &[PriceSource]) -> Table {
    let entries = sources.iter().map(|source| {
        let mut entry = Table::new();
        entry.insert("host".to_owned(), source.address().ip().to_string().into());
        entry.insert("port".to_owned(), i64::from(source.address().port()).into());
        entry.insert("http".to_owned(), true.into());
        toml::Value::from(entry)
    });
    let egress = Table::from_iter([("allow".to_owned(), entries.collect::<Vec<_>>().into())]);
    Table::from_iter([("egress".to_owned(), egress.into())])
}

/// The outcome and the price that the consumer stored.
async fn stored(consumer: &PriceAsker, asked: &Asked) -> Result<(Outcome, U256)> {
    let price = wait_for("the stored answer", DEADLINE, async || {
        let price = consumer.price_of(asked.id).await?;
        Ok(price.answered.then_some(price))
    })
    .await?;
    let outcome = Outcome::try_from(price.outcome).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok((outcome, price.value))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_consumer_hears_the_median_of_three_sources_of_which_one_is_broken() -> Result<()> {
    let others = [PriceSource::start().await?, PriceSource::start().await?];
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    settings.enclave = allow(&others);
    let environment: Environment = Environment::on(Ground::start(settings).await?).await?;
    let sources = [&environment.source, &others[0], &others[1]];
    let origins = sources.map(|source| format!("http://{}", source.address()));
    let contract_id = environment.deploy(&Guest::price_median("btc-usd", &origins, 8)?).await?;
    let consumer = PriceAsker::deploy(&environment.end.chain, &environment.end.oracle, contract_id).await?;

    sources[0].price("BTC", "USD", "97214.53");
    sources[1].price("BTC", "USD", "97216.53");
    for broken in [Behaviour::Status(500), Behaviour::Text("{".to_owned()), Behaviour::Price("972145.3".to_owned())] {
        sources[2].behave("BTC", "USD", broken.clone());
        let asked = consumer.ask("BTC", "USD").await?;
        let (outcome, price) = stored(&consumer, &asked).await?;
        ensure!((outcome, price) == (Outcome::Ok, 9_721_553_000_000_u64.into()), "{broken:?}: {outcome} {price}");
    }
    // Whom the median of two can't tell apart.
    sources[1].price("BTC", "USD", "97.21");
    sources[2].behave("BTC", "USD", Behaviour::Status(500));
    let asked = consumer.ask("BTC", "USD").await?;
    let (outcome, price) = stored(&consumer, &asked).await?;
    ensure!((outcome, price) == (Outcome::ContractError, U256::zero()), "{outcome} {price}");
    environment.finish().await
}
