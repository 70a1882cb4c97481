//! Polling and the websocket, each alone.

use crate::DEADLINE;
use anyhow::Result;
use phat_e2e::{Asker, Binaries, Environment, Forwarder, Ground, Question, Settings, eventually};

async fn answers_a_price(environment: &Environment) -> Result<()> {
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    environment.source.price("BTC", "USD", "97214.53");
    let asked = asker.ask(&Question::price(contract_id, "BTC", "USD")).await?;
    environment.expect_each_answered_once(&asker, &[asked], DEADLINE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_that_is_cut_for_good_leaves_polling_to_deliver() -> Result<()> {
    let mut ground: Ground = Ground::start(Settings::new(Binaries::up_to_date()?)?).await?;
    let socket = Forwarder::plain(ground.end.anvil.address()).await?;
    ground.settings.chain.insert("ws_url".to_owned(), format!("ws://{}", socket.address()).into());
    let environment: Environment = Environment::on(ground).await?;
    eventually("the subscription", DEADLINE, async || Ok(socket.connections() > 0)).await?;
    socket.cut().await;
    answers_a_price(&environment).await?;
    environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_delivers_when_polling_is_hourly() -> Result<()> {
    let mut ground: Ground = Ground::start(Settings::new(Binaries::up_to_date()?)?).await?;
    let socket = Forwarder::plain(ground.end.anvil.address()).await?;
    ground.settings.chain.insert("ws_url".to_owned(), format!("ws://{}", socket.address()).into());
    ground.settings.chain.insert("poll_interval".to_owned(), "1h".into());
    let environment: Environment = Environment::on(ground).await?;
    eventually("the subscription", DEADLINE, async || Ok(socket.connections() > 0)).await?;
    answers_a_price(&environment).await?;
    environment.finish().await
}
