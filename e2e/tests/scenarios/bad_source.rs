//! Sources that misbehave: the consumer always hears how.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{Asker, Behaviour, Binaries, Environment, Ground, Guest, HttpJson, PriceSource, Question, Settings};
use phat_protocol::Outcome;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

/// The errors of `http-json`, by the first byte of its output.
const UNREACHABLE: u8 = 2;
const LATE: u8 = 3;
const STATUS: u8 = 4;
const NOT_JSON: u8 = 5;

/// An address at which nothing listens any more.
async fn deserted() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_misbehaves_ends_in_an_outcome_that_the_consumer_hears() -> Result<()> {
    let (down, private) = (deserted().await?, PriceSource::start().await?);
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    settings.enclave = format!(
        "[limits]\nwall_time = \"4s\"\n[[egress.allow]]\nhost = \"127.0.0.1\"\nport = {}\nhttp = true\n",
        down.port()
    )
    .parse()?;
    let environment: Environment = Environment::on(Ground::start(settings).await?).await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    private.price("BTC", "USD", "1");

    let source = &environment.source;
    let elsewhere = format!("http://{}/price/BTC/USD", private.address());
    source.behave("SLOW", "USD", Behaviour::Never);
    source.behave("MOVED", "USD", Behaviour::Redirect(elsewhere));
    source.behave("ERROR", "USD", Behaviour::Status(500));
    source.behave("TEXT", "USD", Behaviour::Text("{\"price\": \"1".to_owned()));
    source.behave("BIG", "USD", Behaviour::Bytes(50 * 1024 * 1024));
    source.price("GOOD", "USD", "1");
    let prices = |name: &str, origin: String| Guest::http_json(name, &HttpJson { origin, decimals: 8 });
    let open = environment.deploy_prices().await?;
    let down = environment.deploy(&prices("down", format!("http://{down}"))?).await?;
    // A name that resolves to loopback, on a port that no entry opens.
    let port = private.address().port();
    let private_name = environment.deploy(&prices("private", format!("https://localhost:{port}"))?).await?;

    let cases = [
        (open, "SLOW", Outcome::ContractError, Some(LATE)),
        (open, "MOVED", Outcome::EgressDenied, Some(UNREACHABLE)),
        (open, "ERROR", Outcome::ContractError, Some(STATUS)),
        (open, "UNKNOWN", Outcome::ContractError, Some(STATUS)),
        (open, "TEXT", Outcome::ContractError, Some(NOT_JSON)),
        (open, "BIG", Outcome::ContractError, Some(LATE)),
        (open, "GOOD", Outcome::Ok, None),
        (down, "GOOD", Outcome::ContractError, Some(UNREACHABLE)),
        (private_name, "GOOD", Outcome::EgressDenied, Some(UNREACHABLE)),
    ];
    let mut asked = Vec::new();
    for (contract_id, base, _, _) in cases {
        asked.push(asker.ask(&Question::price(contract_id, base, "USD")).await?);
    }
    environment.expect_each_answered_once(&asker, &asked, DEADLINE).await?;
    for ((_, base, outcome, code), asked) in cases.iter().zip(&asked) {
        let heard = environment.heard(&asker, asked, DEADLINE).await?;
        let text = String::from_utf8_lossy(&heard.output).into_owned();
        ensure!(heard.outcome == *outcome, "{base}: {:?} {text}", heard.outcome);
        if let Some(code) = code {
            ensure!(heard.output.first().context("an error without a code")? == code, "{base}: {text}");
        }
    }
    ensure!(private.fetches() == 0, "a guest reached an address that nothing opens");
    environment.finish().await
}
