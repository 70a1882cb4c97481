//! What docs/writing-contracts.md says of new contracts, from `relayer contract new` to the consumer's callback, as a
//! reader pastes it.

use crate::{DEADLINE, page};
use anyhow::{Context, Result, ensure};
use axum::{Json, Router, extract::Query, http::StatusCode, routing::get};
use ethers::types::U256;
use phat_e2e::{Asker, Binaries, Environment, Ground, Question, Settings};
use phat_protocol::{ContractId, Outcome};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};
use tokio::process::Command;

/// The API of the templates.
const API: &str = "https://min-api.cryptocompare.com";

/// The same API, where a bitcoin costs 97214.53 dollars.
fn source() -> Router {
    Router::new().route(
        "/data/price",
        get(async |Query(query): Query<BTreeMap<String, String>>| {
            let is_known =
                query.get("fsym").is_some_and(|of| of == "BTC") && query.get("tsyms").is_some_and(|to| to == "USD");
            if is_known { Ok(Json(json!({"USD": 97_214.53}))) } else { Err(StatusCode::NOT_FOUND) }
        }),
    )
}

/// A reader at a terminal. What is compiled goes where `cargo xtask guests` compiles this repository's own contracts, so
/// that nothing is compiled twice that these need too.
struct Reader {
    folder: PathBuf,
    target: PathBuf,
    /// As the workspace of the contracts in the same language has them.
    settings: &'static [(&'static str, &'static str)],
    path: String,
    said: String,
}

impl Reader {
    fn sits_down(language: &str) -> Result<Self> {
        // target/PROFILE/deps/TEST
        let test = env::current_exe()?;
        let home = test.ancestors().nth(3).context("no target directory")?.join("new-contracts");
        let folder = home.join(language);
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(shared) => page::repository().join(shared).join("guests"),
            None => page::repository().join("phat-contracts/target"),
        };
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        fs::create_dir_all(&target)?;
        // The compiler is told of the path, letter by letter: by another everything would be compiled anew.
        let target = target.canonicalize()?;
        let programs = Binaries::up_to_date()?.relayer.parent().context("a program in no directory")?.to_owned();
        let path = format!("{}:{}", programs.display(), env::var("PATH")?);
        let settings: &[_] = if language == "ink" { &[("CARGO_PROFILE_DEV_DEBUG", "false")] } else { &[] };
        Ok(Self { folder, target, settings, path, said: String::new() })
    }

    /// Pastes a block, and stays in the folder that it leads to.
    async fn paste(&mut self, block: &str, api: Option<(&str, &str)>) -> Result<()> {
        let mut shell = Command::new("sh");
        shell
            .args(["-e", "-u", "-c", block])
            .current_dir(&self.folder)
            .env("PATH", &self.path)
            .env("CARGO_TARGET_DIR", &self.target)
            .envs(self.settings.iter().copied())
            .env("npm_config_prefer_offline", "true")
            // This test's own cargo says things that concern no other.
            .env_remove("CARGO_MANIFEST_DIR")
            .kill_on_drop(true);
        if let Some((url, token)) = api {
            shell.env("PHAT_RELAYER_API", url).env("PHAT_RELAYER_API_TOKEN", token);
        }
        let output = shell.output().await?;
        self.said.push_str(&String::from_utf8_lossy(&output.stdout));
        let complained = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{block}ended with {}\n{}{complained}", output.status, self.said);
        if let Some(folder) = block.lines().find_map(|line| line.strip_prefix("cd ")) {
            self.folder.push(folder);
        }
        Ok(())
    }

    /// Writes the test's API over the templates' in a file of the project.
    fn point(&self, file: &str, origin: &str) -> Result<()> {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        ensure!(text.contains(API), "{file} has lost its API");
        Ok(fs::write(path, text.replace(API, origin))?)
    }
}

/// Does what `blocks` say: those of the first part alone, the others with a relayer. Then a consumer asks for BTC.
async fn follow(language: &str, blocks: &[String], name: &str, file: Option<&str>, expected: &[&str]) -> Result<()> {
    let mut reader = Reader::sits_down(language)?;
    let (offline, online): (Vec<_>, Vec<_>) = blocks
        .iter()
        .partition(|block| !["deploy", "simulate"].iter().any(|word| block.contains(&format!("contract {word}"))));
    ensure!(!offline.is_empty() && !online.is_empty(), "the page lost its commands");
    // Contracts of several languages have the same name, and are compiled to the same file.
    let alone = fs::File::create(reader.target.join(".new-contract"))?;
    alone.lock()?;
    for block in offline {
        reader.paste(block, None).await?;
    }
    drop(alone);

    let source = page::Source::start(source()).await?;
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    settings.enclave = source.allowed();
    let environment: Environment = Environment::on(Ground::start(settings).await?).await?;
    if let Some(file) = file {
        reader.point(file, &source.origin())?;
    }
    let token = fs::read_to_string(environment.directory().join("api-token"))?;
    let url = environment.relayer.api().url().to_owned();
    for block in online {
        reader.paste(&block.replace(API, &source.origin()), Some((&url, token.trim()))).await?;
    }
    for words in expected {
        ensure!(reader.said.contains(words), "{words} in {}", reader.said);
    }

    let shown: Value = environment.api_command(["contract", "show", name]).await?;
    let contract: ContractId = shown["contract_id"].as_str().context("no id")?.parse()?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    let heard = environment.heard(&asker, &asker.ask(&Question::new(contract, "BTC")).await?, DEADLINE).await?;
    ensure!(heard.outcome == Outcome::Ok, "{heard:?}");
    ensure!(U256::from_big_endian(&heard.output) == 9_721_453_000_000_u64.into(), "{heard:?}");
    let heard = environment.heard(&asker, &asker.ask(&Question::new(contract, "B/C")).await?, DEADLINE).await?;
    ensure!(heard.outcome == Outcome::ContractError, "{heard:?}");
    environment.finish().await
}

/// The blocks of what a part says of new contracts, one list for each that is started.
fn started(heading: &str) -> Result<Vec<Vec<String>>> {
    let part = page::part(heading)?;
    let part = part.split("**How one is written.**").next().unwrap_or(&part);
    let mut contracts: Vec<Vec<String>> = Vec::new();
    for block in page::blocks(part, "sh")? {
        if block.starts_with("relayer contract new ") {
            contracts.push(Vec::new());
        }
        contracts.last_mut().context("a command before there is a contract")?.push(block);
    }
    Ok(contracts)
}

#[test]
fn what_the_page_shows_of_the_contract_in_rust_stands_in_it() -> Result<()> {
    let template = page::repository().join("phat-contracts/templates/rust/src");
    let read = |path: &str| fs::read_to_string(Path::new(&template).join(path));
    let sources = [read("lib.rs")?, read("tests.rs")?].concat();
    let blocks = page::blocks(&page::part("Rust")?, "rust")?;
    ensure!(blocks.len() > 4, "the page lost its code");
    for block in blocks {
        ensure!(sources.contains(block.trim_end()), "not in the template:\n{block}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_contract_in_rust_is_tested_built_deployed_and_asked_as_the_page_says() -> Result<()> {
    let [blocks]: [_; 1] = started("Rust")?.try_into().ok().context("another number of contracts")?;
    let expected = ["4 passed", "it can be deployed", "btc is deployed", "97214.53"];
    follow("rust", &blocks, "btc", Some("init.json"), &expected).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_contract_in_ink_is_tested_built_deployed_and_asked_as_the_page_says() -> Result<()> {
    let [blocks]: [_; 1] = started("ink!")?.try_into().ok().context("another number of contracts")?;
    let expected = ["3 passed", "it can be deployed", "btc is deployed", "9721453000000"];
    follow("ink", &blocks, "btc", None, &expected).await
}

#[tokio::test(flavor = "multi_thread")]
async fn new_contracts_in_javascript_and_typescript_are_tested_deployed_and_asked_as_the_page_says() -> Result<()> {
    let [js, ts]: [_; 2] =
        started("JavaScript and TypeScript")?.try_into().ok().context("another number of contracts")?;
    follow("js", &js, "btc", Some("btc.js"), &["# pass 3", "btc is deployed", "97214.53"]).await?;
    follow("ts", &ts, "btc-ts", Some("src/btc-ts.ts"), &["# pass 3", "btc-ts is deployed", "97214.53"]).await
}
