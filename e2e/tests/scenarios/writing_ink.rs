//! The part on ink! of docs/writing-contracts.md, as a reader pastes it.

use crate::{DEADLINE, page};
use anyhow::{Context, Result, ensure};
use axum::{Router, routing::get};
use ethers::types::U256;
use phat_e2e::{Asker, Binaries, Environment, Ground, Question, Settings};
use phat_protocol::{ContractId, Outcome};
use std::{env, fs, os::unix::fs::PermissionsExt};
use tokio::process::Command;

/// An owner, and the key of that address.
const OWNER: &str = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf";
const OWNER_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000001";

/// The blocks of this language in the part on ink!, behind what it says of new contracts.
fn blocks(language: &str) -> Result<Vec<String>> {
    page::blocks(page::part("ink!")?.split_once("**How one is written.**").context("no such paragraph")?.1, language)
}

fn source() -> Router {
    Router::new().route("/price/BTC", get(async || "97214.53\n"))
}

#[test]
fn what_the_page_shows_of_the_contract_stands_in_it() -> Result<()> {
    let source = fs::read_to_string(page::repository().join("phat-contracts/ink/ink-price/src/lib.rs"))?;
    let blocks = blocks("rust")?;
    ensure!(blocks.len() > 2, "the page lost its code");
    for block in blocks {
        ensure!(source.contains(block.trim_end()), "not in ink-price:\n{block}");
    }
    Ok(())
}

#[tokio::test]
async fn every_command_of_the_part_on_ink_works_as_written_and_the_contract_answers_a_consumer() -> Result<()> {
    let source = page::Source::start(source()).await?;
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    settings.enclave = source.allowed();
    let environment: Environment = Environment::on(Ground::start(settings).await?).await?;
    let bundle = page::repository().join("phat-contracts/artifacts/ink/ink-price.contract");
    fs::copy(&bundle, environment.directory().join("ink-price.contract"))
        .with_context(|| format!("{}: run `cargo xtask guests`", bundle.display()))?;
    let key = environment.directory().join("owner.key");
    fs::write(&key, OWNER_KEY)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;

    let programs = environment.program().parent().context("a program in no directory")?.display().to_string();
    let mut said = String::new();
    let blocks = blocks("sh")?;
    ensure!(blocks.len() > 4, "the page lost its commands");
    for block in blocks {
        let output = Command::new("sh")
            .args(["-e", "-u", "-c", &block])
            .current_dir(environment.directory())
            .env("PATH", format!("{programs}:{}", env::var("PATH")?))
            .env("PHAT_RELAYER_API", environment.relayer.api().url())
            .env("ORIGIN", source.origin())
            .env("OWNER", OWNER)
            .kill_on_drop(true)
            .output()
            .await?;
        said.push_str(&String::from_utf8_lossy(&output.stdout));
        let complained = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{block}ended with {}\n{said}{complained}", output.status);
    }
    for words in
        ["price(symbol: String) -> Result<u128, Error>", "\"97214530000\"", "BTC is 97214.53", "ink-price is deployed"]
    {
        ensure!(said.contains(words), "{words} in {said}");
    }

    let shown = environment.api_command(["contract", "show", "ink-price"]).await?;
    let contract: ContractId = shown["contract_id"].as_str().context("no id")?.parse()?;
    ensure!(shown["interface"]["messages"][1]["name"] == "price", "{shown}");
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    let asked = asker.ask(&Question::new(contract, "BTC")).await?;
    let heard = environment.heard(&asker, &asked, DEADLINE).await?;
    ensure!(heard.outcome == Outcome::Ok, "{heard:?}");
    ensure!(U256::from_big_endian(&heard.output) == 97_214_530_000_u64.into(), "{heard:?}");
    environment.finish().await
}
