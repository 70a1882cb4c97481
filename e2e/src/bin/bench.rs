//! Measures the system on this machine; `docs/benchmarks.md` says what each figure means.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the figures are for people to read")]

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};
use phat_e2e::{
    Binaries,
    bench::{self, BackfillExtent, Extent, Figure, Figures},
};
use serde::Serialize;
use std::{env, fs, path::PathBuf, process::ExitCode, thread::available_parallelism};

/// Measures the system on this machine.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// From a request's transaction to its answer: latency, throughput, and what the parts cost alone.
    Relay(RelayOptions),
    /// A long chain watched from its first block, and what was asked over downtime.
    Backfill(Options),
}

#[derive(Debug, Args)]
struct RelayOptions {
    #[command(flatten)]
    options: Options,
    /// The chain that is asked on.
    #[arg(long, value_enum, default_value_t)]
    chain: Family,
}

/// A family of chains.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Family {
    /// Anvil.
    #[default]
    Evm,
    /// Chopsticks with the development runtime.
    Substrate,
}

#[derive(Debug, Args)]
struct Options {
    /// Measures little, in seconds: shows that everything works.
    #[arg(long)]
    quick: bool,
    /// Where the figures are written to as JSON; by default bench/BENCH.json in the target directory.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where the `relayer` and `enclave` programs are; by default beside this one.
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
}

/// The JSON file.
#[derive(Debug, Serialize)]
struct Written<'a> {
    bench: &'static str,
    profile: &'a str,
    quick: bool,
    processors: usize,
    figures: &'a [Figure],
}

#[tokio::main]
async fn main() -> ExitCode {
    let ran = match Arguments::parse().bench {
        Bench::Relay(RelayOptions { options, chain }) => {
            let extent = if options.quick { Extent::quick() } else { Extent::full() };
            match chain {
                Family::Evm => {
                    run("relay", &options, async |binaries, _| bench::relay(binaries, &extent, progress).await).await
                }
                Family::Substrate => {
                    run("relay-substrate", &options, async |binaries, _| {
                        bench::relay_on_substrate(binaries, &extent, progress).await
                    })
                    .await
                }
            }
        }
        Bench::Backfill(options) => {
            run("backfill", &options, async |binaries, quick| {
                let extent = if quick { BackfillExtent::quick() } else { BackfillExtent::full() };
                bench::backfill(binaries, &extent, progress).await
            })
            .await
        }
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn progress(step: &str) {
    eprintln!("- {step}");
}

async fn run(
    bench: &'static str,
    arguments: &Options,
    measure: impl AsyncFnOnce(&Binaries, bool) -> Result<Figures>,
) -> Result<()> {
    // target/PROFILE/bench
    let program = env::current_exe()?;
    let beside = program.parent().context("this program is in no directory")?;
    let target = beside.parent().context("no target directory")?;
    let binaries = arguments.bin_dir.as_deref().unwrap_or(beside);
    // Cargo calls the directory of its profile `dev` so.
    let profile = match binaries.file_name().and_then(|name| name.to_str()).unwrap_or("unknown") {
        "debug" => "dev",
        other => other,
    };
    let json = arguments.json.clone().unwrap_or_else(|| target.join(format!("bench/{bench}.json")));
    let processors = available_parallelism()?.get();
    eprintln!("programs of the profile {profile}, {processors} processors; everything shares them");

    let figures = measure(&Binaries::in_directory(binaries)?, arguments.quick).await?;
    for figure in figures.all() {
        println!("{figure}");
    }
    let written = Written { bench, profile, quick: arguments.quick, processors, figures: figures.all() };
    if let Some(directory) = json.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(&json, serde_json::to_string_pretty(&written)? + "\n")
        .with_context(|| format!("can't write {}", json.display()))?;
    eprintln!("{} figures are in {}", figures.all().len(), json.display());
    let broken = figures.broken();
    ensure!(broken.is_empty(), "not every request was answered exactly once: {}", broken.join(", "));
    Ok(())
}
