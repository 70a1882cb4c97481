//! https and wss with a certificate authority of the operator's own.

use crate::DEADLINE;
use anyhow::{Result, ensure};
use phat_e2e::{
    Asker, Authority, Binaries, Environment, Forwarder, Ground, Guest, HttpJson, PriceSource, Question, Settings,
    eventually, wait_for,
};
use std::fs;
use toml::Table;

const NAME: &str = "localhost";

/// Has the relayer reach the node over https and wss, trusting `trusted`.
async fn secure(ground: &mut Ground, serving: &Authority, trusted: &Authority) -> Result<Forwarder> {
    let front = Forwarder::tls(ground.end.anvil.address(), serving.server(NAME)?).await?;
    fs::write(ground.settings.directory.path().join("ca.pem"), trusted.root_pem())?;
    let port = front.address().port();
    let chain = &mut ground.settings.chain;
    chain.insert("rpc_url".to_owned(), format!("https://{NAME}:{port}").into());
    chain.insert("ws_url".to_owned(), format!("wss://{NAME}:{port}").into());
    chain.insert("ca_certificate".to_owned(), "ca.pem".into());
    Ok(front)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_travels_over_https_and_wss_alone() -> Result<()> {
    let authority = Authority::new()?;
    let source = PriceSource::start().await?;
    let secure_source = Forwarder::tls(source.address(), authority.server(NAME)?).await?;
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    let port = secure_source.address().port();
    let mut entry = Table::new();
    entry.insert("host".to_owned(), NAME.into());
    entry.insert("port".to_owned(), i64::from(port).into());
    entry.insert("root_pem".to_owned(), authority.root_pem().into());
    settings.enclave = Table::from_iter([(
        "egress".to_owned(),
        Table::from_iter([("allow".to_owned(), vec![toml::Value::from(entry)].into())]).into(),
    )]);
    let mut ground: Ground = Ground::start(settings).await?;
    let front = secure(&mut ground, &authority, &authority).await?;
    // The socket alone wakes the relayer.
    ground.settings.chain.insert("poll_interval".to_owned(), "1h".into());
    let environment: Environment = Environment::on(ground).await?;

    let prices = HttpJson { origin: format!("https://{NAME}:{port}"), decimals: 8 };
    let contract_id = environment.deploy(&Guest::http_json("secure", &prices)?).await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    source.price("BTC", "USD", "97214.53");
    eventually("the subscription", DEADLINE, async || Ok(front.connections() > 1)).await?;
    let asked = asker.ask(&Question::price(contract_id, "BTC", "USD")).await?;
    environment.expect_each_answered_once(&asker, &[asked], DEADLINE).await?;
    ensure!(secure_source.connections() > 0 && environment.source.fetches() == 0, "the price came another way");
    environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_authority_is_refused_and_named() -> Result<()> {
    let mut environment: Environment = Environment::start().await?;
    environment.relayer.stop().await?;
    let stranger = Authority::new()?;
    let front = Forwarder::tls(environment.end.anvil.address(), stranger.server(NAME)?).await?;
    fs::write(environment.directory().join("ca.pem"), Authority::new()?.root_pem())?;
    environment.reconfigure(|config| {
        let chain = &mut config["chains"]["local"];
        if let Some(chain) = chain.as_table_mut() {
            chain.insert("rpc_url".to_owned(), format!("https://{NAME}:{}", front.address().port()).into());
            chain.insert("ca_certificate".to_owned(), "ca.pem".into());
        }
    })?;
    environment.relayer.resume().await?;
    let reason = wait_for("the trouble", DEADLINE, async || {
        let ready = environment.relayer.api().ready().await?;
        Ok(ready.trouble("chain local").map(str::to_owned))
    })
    .await?;
    ensure!(reason.contains("certificate"), "it says {reason:?}");
    ensure!(front.connections() == 0, "a connection got through");
    environment.finish().await
}
