//! Messages of contracts that are run on their own.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use ethers::{
    providers::Middleware,
    types::{Address, Bytes, H256, TransactionReceipt, TransactionRequest},
};
use parity_scale_codec::Decode;
use phat_e2e::{CHAIN_ID, Environment, Guest, Init, wait_for};
use phat_protocol::{BlockHash, Chain, ContractId, OracleRequest, RequestId};
use serde_json::Value;
use std::fs;

/// Returns its input.
const ECHO: &str = r#"(module
  (import "env" "memory" (memory 2 16))
  (import "seal0" "input" (func $input (param i32 i32)))
  (import "seal0" "seal_return" (func $return (param i32 i32 i32)))
  (data (i32.const 0) "\00\40\00\00")
  (func (export "deploy"))
  (func (export "call")
    (call $input (i32.const 16) (i32.const 0))
    (call $return (i32.const 0) (i32.const 16) (i32.load (i32.const 0)))))"#;

/// The input of the echo's message, before what triggered it.
const INPUT: [u8; 4] = [0x9b, 0xae, 0x9d, 0x5e];

/// The topic of the emitter's logs.
const TOPIC: [u8; 32] = [0x70; 32];

/// The message that asks `http-json` for a pair, as a request would.
pub(crate) fn price_input(base: &str, quote: &str) -> String {
    let request = OracleRequest {
        chain: Chain::Evm(CHAIN_ID),
        oracle: vec![0; 20],
        request_id: RequestId([0; 32]),
        consumer: vec![0; 20],
        payload: format!(r#"{{"base":"{base}","quote":"{quote}"}}"#).into_bytes(),
        expires_at: u64::MAX,
        block_hash: BlockHash([0; 32]),
    };
    format!("0x{}", hex::encode(request.call_input()))
}

async fn echo(environment: &Environment) -> Result<ContractId> {
    let wasm = environment.directory().join("echo.wasm");
    fs::write(&wasm, wat::parse_str(ECHO)?)?;
    environment.deploy(&Guest { wasm, name: "echo".to_owned(), init: Init::Data(INPUT.to_vec()) }).await
}

/// All runs of a job, the oldest first.
async fn runs(environment: &Environment, job: &str) -> Result<Vec<Value>> {
    let answer = environment.relayer.api().get(&format!("/v1/jobs/{job}/runs?limit=500")).await?;
    let mut runs = answer["runs"].as_array().with_context(|| format!("no runs in {answer}"))?.clone();
    runs.reverse();
    Ok(runs)
}

async fn ended(environment: &Environment, job: &str) -> Result<Vec<Value>> {
    Ok(runs(environment, job).await?.into_iter().filter(|run| run["state"] == "ran").collect())
}

async fn so_many_ended(environment: &Environment, job: &str, count: usize) -> Result<Vec<Value>> {
    let mut seen = Vec::new();
    wait_for(&format!("{count} runs of {job}"), DEADLINE, async || {
        seen = ended(environment, job).await?;
        Ok((seen.len() >= count).then(|| seen.clone()))
    })
    .await
    .with_context(|| format!("there are {seen:?}"))
}

async fn show(environment: &Environment, job: &str) -> Result<Value> {
    environment.relayer.api().get(&format!("/v1/jobs/{job}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_the_calendar_runs_on_time_never_piles_up_and_holds_when_it_is_paused() -> Result<()> {
    let environment: Environment = Environment::start().await?;
    environment.source.price("BTC", "USD", "97214.53");
    environment.source.price("ETH", "USD", "3512.07");
    let contract = environment.deploy_prices().await?.to_string();
    let add = async |name: &str, base: &str| {
        let input = price_input(base, "USD");
        let order = ["job", "add", name, "--contract", &contract, "--input", &input, "--cron", "* * * * * *"];
        environment.api_command(order).await
    };
    let job = add("prices", "BTC").await?;
    let next = job["next_at_ms"].as_i64().context("no next time")?;
    let done = so_many_ended(&environment, "prices", 3).await?;
    ensure!(done[0]["due_at_ms"] == next, "it was due at {next}: {}", done[0]);
    for run in &done {
        ensure!(run["outcome"] == "Ok" && run["trigger"]["kind"] == "cron", "{run}");
        ensure!(run["trigger"]["at_ms"] == run["due_at_ms"], "{run}");
        ensure!(run["due_at_ms"].as_i64().is_some_and(|due| due % 1000 == 0), "{run}");
        ensure!(run["result"]["fuel"].as_u64() > Some(0), "{run}");
        ensure!(run["result"]["output"] == done[0]["result"]["output"], "{run}");
    }
    ensure!(done.windows(2).all(|two| two[0]["due_at_ms"].as_i64() < two[1]["due_at_ms"].as_i64()), "{done:?}");

    // A source that doesn't answer: what comes due meanwhile is passed over, and counted.
    environment.source.hold();
    let before = show(&environment, "prices").await?["skipped"].as_u64().context("no count")?;
    let held = wait_for("times that are passed over", DEADLINE, async || {
        ensure!(environment.source.waiting() <= 1, "{} runs at once", environment.source.waiting());
        let job = show(&environment, "prices").await?;
        ensure!(job["open_runs"].as_u64() <= Some(1), "{job}");
        Ok((job["skipped"].as_u64() >= Some(before + 2)).then_some(job))
    })
    .await?;
    ensure!(held["last_skip"]["reason"] == "overlap", "{held}");
    environment.source.release();
    let count = ended(&environment, "prices").await?.len();
    so_many_ended(&environment, "prices", count + 2).await?;

    // Another job of the same times shows that they pass while the paused one rests.
    environment.api_command(["job", "pause", "prices", "--reason", "its source is wrong"]).await?;
    wait_for("the last run", DEADLINE, async || {
        Ok((show(&environment, "prices").await?["open_runs"] == 0).then_some(()))
    })
    .await?;
    let rested = runs(&environment, "prices").await?.len();
    add("witness", "ETH").await?;
    so_many_ended(&environment, "witness", 3).await?;
    let paused = show(&environment, "prices").await?;
    ensure!(runs(&environment, "prices").await?.len() == rested, "it ran: {paused}");
    ensure!(paused["paused"]["reason"] == "its source is wrong" && paused["next_at_ms"].is_null(), "{paused}");
    environment.api_command(["job", "run", "prices"]).await.err().context("a paused job ran by order")?;
    environment.api_command(["job", "resume", "prices"]).await?;
    wait_for("a run after the pause", DEADLINE, async || {
        Ok((runs(&environment, "prices").await?.len() > rested).then_some(()))
    })
    .await?;
    environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_the_configuration_runs_at_each_height_that_its_interval_divides() -> Result<()> {
    let mut environment: Environment = Environment::start().await?;
    let contract = echo(&environment).await?;
    environment.reconfigure(|config| {
        let mut job = toml::toml! {
            name = "each-five"
            input = "0x9bae9d5e"
            append_trigger = true
            schedule = { every_blocks = 5, chain = "local" }
        };
        job.insert("contract".to_owned(), contract.to_string().into());
        config.insert("jobs".to_owned(), vec![toml::Value::from(job)].into());
    })?;
    environment.relayer.stop().await?;
    environment.relayer.resume().await?;
    let watched = wait_for("the job to see the chain", DEADLINE, async || {
        Ok(show(&environment, "each-five").await?["watched_block"].as_u64())
    })
    .await?;
    let provider = environment.end.chain.provider();
    let mut due = watched / 5 * 5;
    for count in 1..=3 {
        due += 5;
        while environment.end.chain.height().await? < due {
            provider.request::<_, Value>("evm_mine", ()).await?;
        }
        let done = so_many_ended(&environment, "each-five", count).await?;
        let run = done.last().context("no run")?;
        ensure!(run["trigger"]["block_number"] == due, "block {due} was due: {run}");
        let block = provider.get_block(due).await?.and_then(|block| block.hash).context("no block")?;
        let expected = [&INPUT[..], &[2, 0], &CHAIN_ID.to_le_bytes(), &due.to_le_bytes(), block.as_bytes()].concat();
        ensure!(run["result"]["output"] == format!("0x{}", hex::encode(expected)), "{run}");
    }
    ensure!(show(&environment, "each-five").await?["source"] == "config");
    environment.api_command(["job", "remove", "each-five"]).await.err().context("the configuration's job is gone")?;

    // What left the configuration runs no more, and can be removed.
    environment.relayer.stop().await?;
    environment.reconfigure(|config| drop(config.remove("jobs")))?;
    environment.relayer.resume().await?;
    ensure!(show(&environment, "each-five").await?["source"] == "left");
    environment.api_command(["job", "remove", "each-five"]).await?;
    ensure!(environment.relayer.api().get("/v1/jobs/each-five").await.is_err());
    environment.finish().await
}

/// A contract that puts what it is sent into a log.
struct Emitter<'e> {
    environment: &'e Environment,
    address: Address,
}

impl<'e> Emitter<'e> {
    async fn deploy(environment: &'e Environment) -> Result<Self> {
        // CALLDATACOPY of everything, then LOG1.
        let runtime = [&[0x36, 0x5f, 0x5f, 0x37, 0x7f][..], &TOPIC, &[0x36, 0x5f, 0xa1, 0x00]].concat();
        let length = u8::try_from(runtime.len())?;
        let init = [&[0x60, length, 0x80, 0x60, 9, 0x5f, 0x39, 0x5f, 0xf3][..], &runtime].concat();
        let receipt = mined(environment, TransactionRequest::new().data(init)).await?;
        Ok(Self { environment, address: receipt.contract_address.context("no contract")? })
    }

    async fn emit(&self, data: u8) -> Result<H256> {
        let transaction = TransactionRequest::new().to(self.address).data(vec![data]);
        Ok(mined(self.environment, transaction).await?.transaction_hash)
    }
}

async fn mined(environment: &Environment, transaction: TransactionRequest) -> Result<TransactionReceipt> {
    let provider = environment.end.chain.provider();
    let pending = provider.send_transaction(transaction, None).await?;
    pending.await?.context("no receipt")
}

/// What a run was told: the data of the event that triggered it, and the block that held it.
fn told(run: &Value) -> Result<(Vec<u8>, u64)> {
    type Trigger = (u8, Chain, u64, [u8; 32], [u8; 32], u32, Vec<u8>, Vec<[u8; 32]>, Vec<u8>);
    let output = run["result"]["output"].as_str().and_then(|text| text.strip_prefix("0x")).context("no output")?;
    let output = hex::decode(output)?;
    let (input, mut trigger) = output.split_at_checked(INPUT.len()).context("too short")?;
    ensure!(input == INPUT, "{run}");
    let (kind, chain, block, _, transaction, _, _, topics, data) = Trigger::decode(&mut trigger)?;
    ensure!(kind == 3 && trigger.is_empty() && chain == Chain::Evm(CHAIN_ID) && topics == [TOPIC], "{run}");
    ensure!(run["trigger"]["transaction"] == format!("0x{}", hex::encode(transaction)), "{run}");
    Ok((data, block))
}

fn data(runs: &[Value]) -> Result<Vec<u8>> {
    runs.iter().map(|run| Ok(told(run)?.0.first().copied().unwrap_or_default())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_once_for_each_event_over_restarts_and_reorganisations() -> Result<()> {
    let mut environment: Environment = Environment::start().await?;
    let contract = echo(&environment).await?.to_string();
    let emitter = Emitter::deploy(&environment).await?.address;
    let emit = async |environment: &Environment, data: u8| Emitter { environment, address: emitter }.emit(data).await;
    emit(&environment, 1).await?;
    let (address, topic) = (format!("{emitter:?}"), format!("0x{}", hex::encode(TOPIC)));
    let order = [
        "job",
        "add",
        "on-log",
        "--contract",
        &contract,
        "--input",
        "0x9bae9d5e",
        "--append-trigger",
        "--chain",
        "local",
        "--event",
        &address,
        "--topic",
        &topic,
    ];
    environment.api_command(order).await?;

    // What was told before the job was there doesn't count.
    emit(&environment, 2).await?;
    emit(&environment, 3).await?;
    so_many_ended(&environment, "on-log", 2).await?;

    // What is told while no relayer runs does.
    environment.relayer.kill()?;
    emit(&environment, 4).await?;
    let fifth = emit(&environment, 5).await?;
    environment.relayer.resume().await?;
    let done = so_many_ended(&environment, "on-log", 4).await?;
    ensure!(data(&done)? == [2, 3, 4, 5], "{done:?}");

    // A transaction that a reorganisation drops comes back in another block.
    let provider = environment.end.chain.provider();
    let raw: Bytes = provider.request("eth_getRawTransactionByHash", [fifth]).await?;
    let height = environment.end.chain.height().await?;
    let replaced = provider.get_block(height).await?.and_then(|block| block.hash);
    environment.end.chain.reorganise(1).await?;
    ensure!(provider.get_block(height).await?.and_then(|block| block.hash) != replaced, "nothing was reorganised");
    provider.send_raw_transaction(raw).await?.await?.context("the dropped transaction isn't mined again")?;
    emit(&environment, 6).await?;
    so_many_ended(&environment, "on-log", 5).await?;
    let all = runs(&environment, "on-log").await?;
    ensure!(data(&all)? == [2, 3, 4, 5, 6], "{all:?}");
    let job = show(&environment, "on-log").await?;
    ensure!(job["skipped"] == 0 && job["open_runs"] == 0, "{job}");

    environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_the_enclave_could_not_take_is_run_once_it_is_back() -> Result<()> {
    let mut environment: Environment = Environment::start().await?;
    environment.source.price("BTC", "USD", "97214.53");
    let contract = environment.deploy_prices().await?.to_string();
    let input = price_input("BTC", "USD");
    environment
        .api_command(["job", "add", "yearly", "--contract", &contract, "--input", &input, "--cron", "@yearly"])
        .await?;
    environment.enclave.stop().await?;
    environment.api_command(["job", "run", "yearly"]).await?;
    let waiting = wait_for("a try in vain", DEADLINE, async || {
        let run = runs(&environment, "yearly").await?.pop().context("no run")?;
        Ok((run["tries"].as_u64() > Some(0)).then_some(run))
    })
    .await?;
    ensure!(waiting["last_error"].as_str().is_some_and(|error| error.contains("unreachable")), "{waiting}");
    environment.api_command(["job", "run", "yearly"]).await.err().context("a second run was queued")?;
    environment.enclave.resume().await?;
    let done = so_many_ended(&environment, "yearly", 1).await?;
    ensure!(done[0]["outcome"] == "Ok" && done[0]["trigger"]["kind"] == "order", "{done:?}");

    // A contract that isn't there is no failure of the host.
    let nobody = format!("0x{}", "11".repeat(32));
    environment
        .api_command(["job", "add", "nobody", "--contract", &nobody, "--input", "0x00", "--cron", "@yearly"])
        .await?;
    environment.api_command(["job", "run", "nobody"]).await?;
    let refused = wait_for("a refusal", DEADLINE, async || {
        let run = runs(&environment, "nobody").await?.pop().context("no run")?;
        Ok((run["state"] == "refused").then_some(run))
    })
    .await?;
    ensure!(refused["reason"].as_str().is_some_and(|reason| reason.contains(&nobody)), "{refused}");
    environment.finish().await
}
