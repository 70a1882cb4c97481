//! A crowd of guests that wait for one slow source at once: how far apart they finish, what they hold meanwhile,
//! and what a guest beside them that never waits changes about it.

use crate::{
    contract::{artifact, question, settings},
    extent::Extent,
    figure::{Aim, Figures, median},
    ours::{deployed, executor, returned, run, runtime},
    processor,
    source::{self, Source},
};
use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use phat_executor::{AllowEntry, Entry, Executor, Run};
use phat_metadata::Bundle;
use phat_protocol::ContractId;
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
    /// Which contract they are of.
    #[arg(long)]
    contract: Kind,
    /// Whether another guest computes all the while.
    #[arg(long)]
    spinner: bool,
}

/// The contract that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// In ink!, with the buffers that contracts for the Phat Contract network have: `phat-contracts/ink/ink-price`.
    InkPrice,
    /// `phat-contracts/http-json`, which holds room for a response of 256 KiB.
    HttpJson,
}

/// A module, and what it is told and answers.
struct Asking {
    wasm: Vec<u8>,
    init: Vec<u8>,
    input: Vec<u8>,
    /// How its answer ends.
    answer: Vec<u8>,
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
    let crowd = |contract, spinner| crowd(source.address, extent.guests, contract, spinner);
    let (ink, json) = (Kind::InkPrice, Kind::HttpJson);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 1..=extent.crowds {
        progress(&format!("{} guests wait {} s, {round} of {}", extent.guests, extent.delay.as_secs(), extent.crowds));
        alone.push(crowd(ink, false)?);
        progress("the same beside a guest that spins");
        beside.push(crowd(ink, true)?);
    }
    progress(&format!("{} guests with larger buffers wait", extent.guests));
    let larger = [crowd(json, false)?];
    let of = |seen: &[Seen], what: fn(&Seen) -> f64| median(seen.iter().map(what).collect());
    let (spread, spread_beside) = (of(&alone, Seen::spread), of(&beside, Seen::spread));
    let (last, last_beside) = (of(&alone, |seen| seen.last), of(&beside, |seen| seen.last));
    let memory = |seen: &[Seen]| of(seen, |seen| bytes(seen.peak)) / MEBIBYTE;
    let held = |seen: &[Seen]| of(seen, |seen| bytes(seen.peak.saturating_sub(seen.before)));
    let each = |seen: &[Seen]| held(seen) / f64::from(extent.guests) / 1024.0;
    figures.push("waiting_guests", f64::from(extent.guests), "guests");
    figures.judge("waiting_spread", spread, "s", SPREAD);
    figures.push("waiting_last", last, "s");
    figures.judge("waiting_memory", memory(&alone), "MiB", MEMORY);
    figures.push("waiting_memory_each", each(&alone), "KiB/guest");
    figures.judge("waiting_spread_beside_spinner", spread_beside, "s", SPREAD);
    figures.push("waiting_last_beside_spinner", last_beside, "s");
    figures.judge("waiting_spread_moved", spread_beside / spread - 1.0, "ratio", MOVED);
    figures.push("waiting_last_moved", last_beside / last - 1.0, "ratio");
    figures.push("waiting_json_spread", of(&larger, Seen::spread), "s");
    figures.push("waiting_json_memory", memory(&larger), "MiB");
    figures.push("waiting_json_memory_each", each(&larger), "KiB/guest");
    Ok(())
}

/// A count of bytes as a figure has it; it is far below what this can't hold.
fn bytes(count: u64) -> f64 {
    f64::from(u32::try_from(count / 1024).unwrap_or(u32::MAX)) * 1024.0
}

fn crowd(source: SocketAddr, guests: u32, contract: Kind, spinner: bool) -> Result<Seen> {
    let mut process = Command::new(env::current_exe()?);
    process.arg("waiting").args(["--source", &source.to_string(), "--guests", &guests.to_string()]);
    process.args(["--contract", contract.to_possible_value().context("a contract")?.get_name()]);
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
    let Settings { source, guests, contract: kind, spinner } = settings;
    let allow = AllowEntry { host: source.ip().to_string(), port: source.port(), http: true, root_pem: None };
    let executor = executor(vec![allow])?;
    let asking = kind.asking(&format!("http://{source}"))?;
    let state = deployed(&executor, &asking.wasm, &asking.init).await?;
    // Each guest is a contract of its own, of the same code and state.
    let template = run(&asking.wasm, Entry::Call, &asking.input, state);
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
    let price = answers.first().is_some_and(|answer| answer.ends_with(&asking.answer));
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

impl Kind {
    /// The contract, which asks the source at `origin`.
    fn asking(self, origin: &str) -> Result<Asking> {
        match self {
            Self::InkPrice => {
                let Bundle { wasm, interface, .. } = Bundle::read(&artifact("ink/ink-price.contract")?)?;
                let interface = interface.context("the bundle has no metadata")?;
                let init = interface.encode(interface.constructor("new")?, &[origin.to_owned()])?;
                let input = interface.encode(interface.message("price")?, &[source::SYMBOL.to_owned()])?;
                // Millionths.
                Ok(Asking { wasm, init, input, answer: (source::PRICE * 1_000_000).to_le_bytes().to_vec() })
            }
            Self::HttpJson => Ok(Asking {
                wasm: artifact("http-json.wasm")?,
                init: init(origin),
                input: question(),
                answer: source::PRICE.to_be_bytes().to_vec(),
            }),
        }
    }
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
    settings(&config)
}
