//! The benchmarks: they are programs of `e2e`, and measure the relayer's and the enclave's binaries.

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
}

/// How it is measured.
#[derive(Args)]
pub(crate) struct Relay {
    /// The profile that everything is built with
    #[arg(long, default_value = "release")]
    profile: String,
    /// Measure little, in seconds: shows that everything works
    #[arg(long)]
    quick: bool,
    /// Where the figures are written to as JSON; by default bench/relay.json in the target directory
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Says what there is, or builds what is measured and becomes the program that measures it.
///
/// # Errors
/// When something can't be built, or the program fails.
pub(crate) fn run(bench: Option<&Bench>) -> Result<()> {
    let Some(Bench::Relay(relay)) = bench else {
        list();
        return Ok(());
    };
    setup::npm_packages()?;
    // The whole workspace, as the tests build it: another choice of packages is another choice of
    // features, and would build dependencies twice.
    process::run(cargo().args(["build", "--workspace", "--bins", "--profile", &relay.profile]))?;
    let here = std::env::current_exe().context("where am I?")?;
    // target/PROFILE/xtask
    let target = here.parent().and_then(Path::parent).context("where is the target directory?")?;
    let mut bench = Command::new(target.join(folder(&relay.profile)).join("bench"));
    bench.arg("relay").current_dir(root());
    if relay.quick {
        bench.arg("--quick");
    }
    if let Some(json) = &relay.json {
        // The program runs in the repository, whoever called from wherever.
        bench.arg("--json").arg(std::path::absolute(json)?);
    }
    // It takes this process's place, so that ctrl-C and the shell's wait are its own.
    Err(bench.exec()).context("can't start the bench")
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
    println!("cargo xtask bench relay    latency and throughput from request to answer, and what the parts cost alone");
    println!("`--help` after it lists its options; docs/benchmarks.md says what each figure means.");
}
