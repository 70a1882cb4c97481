//! A crowd of guests that wait for one slow source at once: how far apart they finish, what they hold meanwhile,
//! and what a guest beside them that never waits changes about it.

use crate::{
    contract::artifact,
    extent::Extent,
    figure::{Aim, Figures, median},
    ours::{deployed, executor, returned, run, runtime},
    processor,
    source::{self, Source},
};
use anyhow::{Context, Result, ensure};
use clap::Args;
use codec::Encode;
use phat_executor::{AllowEntry, Entry, Executor, Run};
use phat_protocol::{BlockHash, Chain, ContractId, OracleRequest, RequestId, selector};
use serde::{Deserialize, Serialize};
use std::{
    env,
    io::{Write, stdout},
    net::SocketAddr,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Guests finish within so many seconds of each other,
const SPREAD: Aim = Aim::AtMost(3.0);
/// hold so many MiB, and
const MEMORY: Aim = Aim::AtMost(400.0);
/// are moved by a spinning guest by so much of their spread.
const MOVED: Aim = Aim::AtMost(0.25);

const MEBIBYTE: f64 = 1024.0 * 1024.0;

#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// The source.
    #[arg(long)]
    source: SocketAddr,
    /// How many guests wait for it.
    #[arg(long)]
    guests: u32,
    /// Whether another guest computes all the while.
    #[arg(long)]
    spinner: bool,
}

/// What such a process saw.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    /// Until the first guest was done, in seconds since the first began.
    first: f64,
    /// Until the last was.
    last: f64,
    /// Bytes that the process held before, with executor and module there,
    before: u64,
    /// and the most that it held.
    peak: u64,
}

impl Seen {
    fn spread(&self) -> f64 {
        self.last - self.first
    }
}

/// Has crowds wait, with and without a spinning guest in turns.
pub(crate) fn measure(extent: &Extent, figures: &mut Figures, progress: impl Fn(&str)) -> Result<()> {
    let source = Source::start(extent.delay)?;
    let crowd = |spinner| crowd(source.address, extent.guests, spinner);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 1..=extent.crowds {
        progress(&format!("{} guests wait {} s, {round} of {}", extent.guests, extent.delay.as_secs(), extent.crowds));
        alone.push(crowd(false)?);
        progress("the same beside a guest that spins");
        beside.push(crowd(true)?);
    }
    let of = |seen: &[Seen], what: fn(&Seen) -> f64| median(seen.iter().map(what).collect());
    let (spread, spread_beside) = (of(&alone, Seen::spread), of(&beside, Seen::spread));
    let (last, last_beside) = (of(&alone, |seen| seen.last), of(&beside, |seen| seen.last));
    let memory = of(&alone, |seen| bytes(seen.peak)) / MEBIBYTE;
    let each = of(&alone, |seen| bytes(seen.peak.saturating_sub(seen.before))) / f64::from(extent.guests) / 1024.0;
    figures.push("waiting_guests", f64::from(extent.guests), "guests");
    figures.judge("waiting_spread", spread, "s", SPREAD);
    figures.push("waiting_last", last, "s");
    figures.judge("waiting_memory", memory, "MiB", MEMORY);
    figures.push("waiting_memory_each", each, "KiB/guest");
    figures.judge("waiting_spread_beside_spinner", spread_beside, "s", SPREAD);
    figures.push("waiting_last_beside_spinner", last_beside, "s");
    figures.judge("waiting_spread_moved", spread_beside / spread - 1.0, "ratio", MOVED);
    figures.push("waiting_last_moved", last_beside / last - 1.0, "ratio");
    Ok(())
}

/// A count of bytes as a figure has it; it is far below what this can't hold.
fn bytes(count: u64) -> f64 {
    f64::from(u32::try_from(count / 1024).unwrap_or(u32::MAX)) * 1024.0
}

fn crowd(source: SocketAddr, guests: u32, spinner: bool) -> Result<Seen> {
    let mut process = Command::new(env::current_exe()?);
    process.arg("waiting").args(["--source", &source.to_string(), "--guests", &guests.to_string()]);
    if spinner {
        process.arg("--spinner");
    }
    let output = process.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the waiting guests failed");
    serde_json::from_slice(&output.stdout).context("the process of the waiting guests said no JSON")
}

/// What the process of a crowd does.
pub(crate) fn report(settings: &Settings) -> Result<()> {
    source::open_files()?;
    let seen = runtime()?.block_on(wait(settings))?;
    serde_json::to_writer(stdout(), &seen)?;
    Ok(stdout().flush()?)
}

/// Computes until it is stopped.
const SPINNER: &str = r#"(module
  (import "env" "memory" (memory 1 16))
  (func (export "deploy"))
  (func (export "call") (loop (br 0))))"#;

async fn wait(settings: &Settings) -> Result<Seen> {
    let Settings { source, guests, spinner } = settings;
    let allow = AllowEntry { host: source.ip().to_string(), port: source.port(), http: true, root_pem: None };
    let executor = executor(vec![allow])?;
    let wasm = artifact("http-json.wasm")?;
    let state = deployed(&executor, &wasm, &init(&format!("http://{source}"))).await?;
    // Each guest is a contract of its own, of the same code and state.
    let template = run(&wasm, Entry::Call, &question(), state);
    let runs: Vec<Run> = (0..*guests).map(|number| Run { contract: contract(number), ..template.clone() }).collect();

    let spinning = if *spinner { Some(spin(&executor).await?) } else { None };
    let before = processor::resident()?.now;
    let started = Instant::now();
    let tasks: Vec<_> = runs
        .into_iter()
        .map(|run| {
            let executor = executor.clone();
            tokio::spawn(async move {
                let answer = returned(&executor, run).await?;
                Ok::<_, anyhow::Error>((answer, started.elapsed()))
            })
        })
        .collect();
    let (mut answers, mut times) = (Vec::new(), Vec::new());
    for task in tasks {
        let (answer, time) = task.await.context("a guest's task panicked")??;
        answers.push(answer);
        times.push(time);
    }
    let peak = processor::resident()?.peak;
    if let Some(spinning) = spinning {
        ensure!(!spinning.is_finished(), "the spinning guest stopped before the others were done");
        spinning.abort();
    }
    ensure!(answers.windows(2).all(|pair| pair[0] == pair[1]), "the guests differ in their answers");
    let price = answers.first().is_some_and(|answer| answer.ends_with(&42u128.to_be_bytes()));
    ensure!(price, "the guests answer {:?}", answers.first());
    let (first, last) = (times.iter().min(), times.iter().max());
    let seconds = |time: Option<&Duration>| time.map(Duration::as_secs_f64).context("no guest");
    Ok(Seen { first: seconds(first)?, last: seconds(last)?, before, peak })
}

/// Starts the spinning guest, and waits until it spins.
async fn spin(executor: &Executor) -> Result<tokio::task::JoinHandle<Result<Vec<u8>>>> {
    let run = run(&wat::parse_str(SPINNER)?, Entry::Call, &[], Default::default());
    let executor = executor.clone();
    let before = processor::time();
    let spinning = tokio::spawn(async move { returned(&executor, run).await });
    while processor::time().saturating_sub(before) < Duration::from_millis(100) {
        ensure!(!spinning.is_finished(), "the spinning guest doesn't spin");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(spinning)
}

fn contract(number: u32) -> ContractId {
    let mut id = [1; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    ContractId(id)
}

/// What `http-json` is deployed with: the price of such a source.
pub(crate) fn init(origin: &str) -> Vec<u8> {
    let config = serde_json::json!({
        "origin": origin,
        "path": source::PATH,
        "pointer": "/price",
        "type": "uint256",
        "decimals": 0,
    });
    [selector("new").as_slice(), &config.to_string().into_bytes().encode()].concat()
}

fn question() -> Vec<u8> {
    let request = OracleRequest {
        chain: Chain::Evm(31_337),
        oracle: vec![0; 20],
        request_id: RequestId([0; 32]),
        consumer: vec![0; 20],
        payload: b"{}".to_vec(),
        expires_at: u64::MAX,
        block_hash: BlockHash([0; 32]),
    };
    request.call_input()
}
