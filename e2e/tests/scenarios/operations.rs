//! The commands of docs/operations.md, as an operator pastes them.

use crate::{DEADLINE, jobs::price_input};
use anyhow::{Context, Result, ensure};
use phat_e2e::{Environment, Guest, PriceAsker, wait_for};
use std::{env, fs, path::Path};
use tokio::process::Command;

/// The shell blocks of the page, in order.
fn blocks() -> Result<Vec<String>> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md"))?;
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split_once("```").map(|(block, _)| block.to_owned()));
    blocks.collect::<Option<_>>().context("a block that doesn't end")
}

#[tokio::test]
async fn every_command_and_call_of_the_page_for_operators_works_as_written() -> Result<()> {
    let curl = std::process::Command::new("curl").arg("--version").output();
    ensure!(curl.is_ok(), "the page's calls need curl: `cargo xtask setup --system` installs it");
    let blocks = blocks()?;
    ensure!(blocks.len() > 5, "the page lost its commands");

    let environment: Environment = Environment::start().await?;
    environment.source.price("BTC", "USD", "97214.53");
    let contract = environment.deploy(&Guest { name: "price".to_owned(), ..environment.prices()? }).await?;
    let consumer = PriceAsker::deploy(&environment.end.chain, &environment.end.oracle, contract).await?;
    let request = consumer.ask("BTC", "USD").await?;
    wait_for("the answer", DEADLINE, async || {
        Ok(environment.history().fulfilments().await?.contains_key(&request.id).then_some(()))
    })
    .await?;

    let programs = environment.program().parent().context("a program in no directory")?.display().to_string();
    for block in blocks {
        let output = Command::new("sh")
            .args(["-e", "-u", "-c", &block])
            .current_dir(environment.directory())
            .env("PATH", format!("{programs}:{}", env::var("PATH")?))
            .env("PHAT_RELAYER_API", environment.relayer.api().url())
            .env("REQUEST", request.id.to_string())
            .env("INPUT", price_input("BTC", "USD"))
            .kill_on_drop(true)
            .output()
            .await?;
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{block}ended with {}\n{said}{complained}", output.status);
        ensure!(!said.is_empty(), "{block}printed nothing");
    }
    environment.finish().await
}
