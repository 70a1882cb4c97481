//! The benchmarks. That of the relayer is a program of `e2e`, and measures the relayer's and the enclave's
//! binaries; that of the executor is `bench/`, a workspace of its own.

use crate::{
    process::{self, cargo, root},
    setup,
};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// From a request's transaction to its answer: latency, throughput, and what the parts cost alone
    Relay(Relay),
    /// A long chain watched from its first block, and what was asked over downtime
    Backfill(System),
    /// The executor beside wasmi alone, wasmtime and pallet-contracts; first runs; a crowd of waiting guests
    Executor(Executor),
}

/// How the executor is measured.
#[derive(Args)]
pub(crate) struct Executor {
    /// Measure little, in seconds: shows that everything works
    #[arg(long)]
    quick: bool,
    /// Where the figures are written to as JSON; by default bench/executor.json in the target directory
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// How the relayer is measured.
#[derive(Args)]
pub(crate) struct Relay {
    #[command(flatten)]
    system: System,
    /// The chain that is asked on: evm (anvil), or substrate (chopsticks with the development runtime)
    #[arg(long, default_value = "evm", value_parser = ["evm", "substrate"])]
    chain: String,
}

/// How the relayer and the enclave are measured.
#[derive(Args)]
pub(crate) struct System {
    /// The profile that everything is built with
    #[arg(long, default_value = "release")]
    profile: String,
    /// Measure little, in seconds: shows that everything works
    #[arg(long)]
    quick: bool,
    /// Where the figures are written to as JSON; by default bench/BENCH.json in the target directory
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Says what there is, or builds what is measured and becomes the program that measures it.
///
/// # Errors
/// When something can't be built, or the program fails.
pub(crate) fn run(bench: Option<&Bench>) -> Result<()> {
    match bench {
        None => {
            list();
            Ok(())
        }
        Some(Bench::Relay(options)) => system(&["relay", "--chain", &options.chain], &options.system),
        Some(Bench::Backfill(options)) => system(&["backfill"], options),
        Some(Bench::Executor(options)) => executor(options),
    }
}

fn system(bench_arguments: &[&str], options: &System) -> Result<()> {
    setup::npm_packages()?;
    // The whole workspace, as the tests build it: another choice of packages is another choice of
    // features, and would build dependencies twice.
    process::run(cargo().args(["build", "--workspace", "--bins", "--profile", &options.profile]))?;
    let mut bench = Command::new(target()?.join(folder(&options.profile)).join("bench"));
    bench.args(bench_arguments);
    if let Some(json) = &options.json {
        // The program runs in the repository, whoever called from wherever.
        bench.arg("--json").arg(std::path::absolute(json)?);
    }
    become_bench(bench, options.quick)
}

fn executor(options: &Executor) -> Result<()> {
    let target = target()?;
    let peers = target.join("peers");
    let mut build = cargo();
    build.current_dir(root().join("bench")).args(["build", "--release", "--locked", "--target-dir"]).arg(&peers);
    process::run(&mut build)?;
    let json = match &options.json {
        Some(json) => std::path::absolute(json)?,
        None => target.join("bench/executor.json"),
    };
    let mut bench = Command::new(peers.join("release/phat-bench"));
    bench.arg("executor").arg("--json").arg(json);
    become_bench(bench, options.quick)
}

/// The program takes this process's place, so that ctrl-C and the shell's wait are its own.
fn become_bench(mut bench: Command, quick: bool) -> Result<()> {
    bench.current_dir(root());
    if quick {
        bench.arg("--quick");
    }
    Err(bench.exec()).context("can't start the bench")
}

/// The directory that this program was built in.
fn target() -> Result<PathBuf> {
    let here = std::env::current_exe().context("where am I?")?;
    // target/PROFILE/xtask
    here.parent().and_then(Path::parent).map(PathBuf::from).context("where is the target directory?")
}

/// Where cargo puts what it builds with a profile.
fn folder(profile: &str) -> &str {
    match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    }
}

#[expect(clippy::print_stdout, reason = "says what there is")]
fn list() {
    println!(
        "cargo xtask bench relay     latency and throughput from request to answer, and what the parts cost alone"
    );
    println!("cargo xtask bench backfill  blocks a second of a long chain, and what becomes of requests over downtime");
    println!(
        "cargo xtask bench executor  runs a second beside other ways to run a contract, first runs, waiting guests"
    );
    println!("`--help` after it lists its options; docs/benchmarks.md says what each figure means.");
}
