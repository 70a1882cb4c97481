//! The fuzz targets of `fuzz/`, by libFuzzer, as a compiler of any channel builds it: what `cargo fuzz` asks of a nightly
//! one is a sanitizer, and the instrumentation needs none.

use crate::process::{self, cargo, root, succeeds};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Command,
};

/// The targets, each a binary of `fuzz/`.
const TARGETS: [&str; 5] = ["modules", "host_calls", "scale", "requests", "responses"];

/// What is passed to the compiler, so that the fuzzer sees which code an input reaches and what it is compared with.
/// `cargo fuzz` passes the same.
const INSTRUMENTATION: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "--cfg=fuzzing",
];

/// What ends an input: seconds that it takes, MiB that the process holds, and MiB that are allocated at once.
const LIMITS: [&str; 3] = ["-timeout=20", "-rss_limit_mb=2048", "-malloc_limit_mb=256"];

/// What is fuzzed, and for how long.
#[derive(Args)]
pub(crate) struct Fuzz {
    /// One target; without it, all of them one after the other
    #[arg(value_parser = TARGETS)]
    target: Option<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u32,
    /// Where the search's random numbers begin; by default each search begins elsewhere
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
    /// Run the target on this one input instead, as a crash left it
    #[arg(long, value_name = "FILE", requires = "target")]
    file: Option<PathBuf>,
}

/// Builds the targets and runs them.
///
/// # Errors
/// When they can't be built, or an input crashes one: the message says which, and how to see it again.
pub(crate) fn run(fuzz: &Fuzz) -> Result<()> {
    let targets: Vec<&str> = fuzz.target.as_deref().map_or_else(|| TARGETS.to_vec(), |target| vec![target]);
    let folder = build()?;
    if let (Some(file), [target]) = (&fuzz.file, &targets[..]) {
        // Not `root()`, since the file is named by whoever called from wherever.
        return process::run(Command::new(folder.join(target)).env("RUST_BACKTRACE", "1").args(LIMITS).arg(file));
    }
    for target in targets {
        search(&folder, target, fuzz.seconds, fuzz.seed)?;
    }
    Ok(())
}

/// Builds all targets at once, and gives the folder of their binaries.
fn build() -> Result<PathBuf> {
    let here = std::env::current_exe().context("where am I?")?;
    // target/PROFILE/xtask
    let target = here.parent().and_then(Path::parent).context("where is the target directory?")?.join("fuzz");
    let host = host()?;
    let mut build = cargo();
    build.current_dir(root().join("fuzz"));
    // With a target, though it is this machine, flags are kept from build scripts and macros.
    build.args(["build", "--release", "--locked", "--bins", "--target", &host, "--target-dir"]).arg(&target);
    build.env("RUSTFLAGS", INSTRUMENTATION.join(" "));
    if !succeeds(Command::new("c++").arg("--version")) {
        ensure!(
            succeeds(Command::new("clang++").arg("--version")),
            "libFuzzer is built with a C++ compiler, and there is none; run `cargo xtask setup --system`"
        );
        build.env("CXX", "clang++");
    }
    say("fuzz: builds the targets instrumented, without a sanitizer");
    process::run(&mut build)?;
    Ok(target.join(host).join("release"))
}

/// What the compiler calls this machine.
fn host() -> Result<String> {
    let printed = process::output(Command::new("rustc").arg("-vV"))?;
    let printed = String::from_utf8_lossy(&printed);
    let host = printed.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// Lets the fuzzer search, from the seeds and what it found before.
fn search(folder: &Path, target: &str, seconds: u32, seed: Option<u32>) -> Result<()> {
    let fuzz = root().join("fuzz");
    let (corpus, artifacts) = (fuzz.join("corpus").join(target), fuzz.join("artifacts").join(target));
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder)?;
    }
    let log = artifacts.join("log");
    let mut search = Command::new(folder.join(target));
    search.arg(&corpus).arg(fuzz.join("seeds").join(target)).args(LIMITS);
    search.args(["-print_final_stats=1", "-print_pcs=0", "-print_funcs=0"]);
    search.arg(format!("-max_total_time={seconds}"));
    search.args(seed.map(|seed| format!("-seed={seed}")));
    search.arg(format!("-artifact_prefix={}/", artifacts.display()));
    search.env("RUST_BACKTRACE", "1").stdout(File::create(&log)?).stderr(File::options().append(true).open(&log)?);
    say(&format!("fuzz: {target} for {seconds} s, with its log in {}", log.display()));
    let status = search.status().with_context(|| format!("can't start {target}"))?;
    let lines: Vec<String> = BufReader::new(File::open(&log)?).lines().map_while(Result::ok).collect();
    let value = |name: &str| lines.iter().rev().find_map(|line| line.split_once(name).map(|(_, rest)| rest.trim()));
    if status.success() {
        let inputs = value("stat::number_of_executed_units:").unwrap_or("an unknown number of");
        let found = value("stat::new_units_added:").unwrap_or("an unknown number");
        say(&format!("fuzz: {target}: {inputs} inputs, {found} of them new to it, and none that crashes it"));
        return Ok(());
    }
    for line in &lines[lines.len().saturating_sub(80)..] {
        say(line);
    }
    match value("Test unit written to") {
        Some(file) => bail!("{file} crashes {target}; see it again by `cargo xtask fuzz {target} --file {file}`"),
        None => bail!("{target} ended with {status}, and left no input"),
    }
}

#[expect(clippy::print_stdout, reason = "says what it does")]
fn say(line: &str) {
    println!("{line}");
}
