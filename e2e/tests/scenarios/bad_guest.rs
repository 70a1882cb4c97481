//! Guests that misbehave: the consumer always hears how.

use crate::DEADLINE;
use anyhow::{Result, ensure};
use phat_e2e::{Asker, Behaviour, Binaries, Environment, Ground, Guest, Question, Settings};
use phat_protocol::Outcome;

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_misbehaves_ends_in_an_outcome_that_its_consumer_hears() -> Result<()> {
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    settings.enclave = toml::toml! {
        [limits]
        wall_time = "3s"
    };
    let environment: Environment = Environment::on(Ground::start(settings).await?).await?;
    let contract_id = environment.deploy(&Guest::probe()?).await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    environment.source.behave("NEVER", "USD", Behaviour::Never);
    let for_ever = format!("fetch http://{}/price/NEVER/USD", environment.source.address());

    let cases = [
        ("spin", Outcome::TimedOut),
        ("hog", Outcome::OutOfMemory),
        ("recurse", Outcome::Trapped),
        ("panic for nothing", Outcome::Trapped),
        ("huge 2000", Outcome::OutputTooLarge),
        ("error of its own", Outcome::ContractError),
        ("no such behaviour", Outcome::ContractError),
        (for_ever.as_str(), Outcome::Ok),
        ("echo still here", Outcome::Ok),
    ];
    let mut asked = Vec::new();
    for (payload, _) in cases {
        asked.push(asker.ask(&Question::new(contract_id, payload)).await?);
    }
    environment.expect_each_answered_once(&asker, &asked, DEADLINE).await?;
    for ((payload, outcome), asked) in cases.iter().zip(&asked) {
        let heard = environment.heard(&asker, asked, DEADLINE).await?;
        ensure!(heard.outcome == *outcome, "{payload}: {heard:?}");
        let output = String::from_utf8_lossy(&heard.output);
        match *payload {
            "echo still here" => ensure!(output == "still here", "{output}"),
            payload if payload == for_ever => ensure!(output.starts_with("524 "), "{output}"),
            "error of its own" => ensure!(output.ends_with("of its own"), "{output}"),
            _ => {}
        }
    }
    environment.finish().await
}
