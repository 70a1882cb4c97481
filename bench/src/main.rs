//! Measures the executor beside other ways to run a contract; `docs/benchmarks.md` says what each figure means.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the figures are for people to read")]

mod bare;
mod compiled;
mod contract;
mod extent;
mod figure;
mod first;
mod host;
mod ours;
mod pallet;
mod peers;
mod processor;
mod rewrite;
mod script;
mod seal;
mod source;
mod waiting;

use anyhow::{Context, Result};
use clap::{Args, Parser};
use extent::Extent;
use figure::{Figure, Figures};
use serde::Serialize;
use std::{fs, path::PathBuf, process::ExitCode, thread::available_parallelism};

/// Measures the executor beside other ways to run a contract.
#[derive(Debug, Parser)]
enum Program {
    /// Runs a second, what a first run takes, and what a crowd of waiting guests holds; beside peers.
    Executor(Executor),
    /// A source of answers that takes its time, until its standard input ends; says where it is.
    #[command(hide = true)]
    Source(source::Settings),
    /// A crowd of guests that wait for such a source, in a process of their own; says what it saw.
    #[command(hide = true)]
    Waiting(waiting::Settings),
}

#[derive(Debug, Args)]
struct Executor {
    /// Measures little, in seconds: shows that everything works.
    #[arg(long)]
    quick: bool,
    /// Where the figures are written to as JSON.
    #[arg(long, value_name = "FILE")]
    json: PathBuf,
}

/// The JSON file.
#[derive(Debug, Serialize)]
struct Written<'a> {
    bench: &'static str,
    profile: &'static str,
    quick: bool,
    processors: usize,
    figures: &'a [Figure],
}

fn main() -> ExitCode {
    let done = match Program::parse() {
        Program::Executor(arguments) => executor(&arguments),
        Program::Source(settings) => source::serve(&settings),
        Program::Waiting(settings) => waiting::report(&settings),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn executor(arguments: &Executor) -> Result<()> {
    let extent = if arguments.quick { Extent::quick() } else { Extent::full() };
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let processors = available_parallelism()?.get();
    eprintln!("profile {profile}, {processors} processors");
    let mut figures = Figures::default();
    let progress = |step: &str| eprintln!("- {step}");

    peers::measure(&extent, &mut figures, progress)?;
    progress("modules that were never seen");
    first::measure(&extent, &mut figures)?;
    progress("a script that says hello");
    script::measure(&extent, &mut figures)?;
    waiting::measure(&extent, &mut figures, progress)?;

    for figure in figures.all() {
        println!("{figure}");
    }
    let written = Written { bench: "executor", profile, quick: arguments.quick, processors, figures: figures.all() };
    if let Some(directory) = arguments.json.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(&arguments.json, serde_json::to_string_pretty(&written)? + "\n")
        .with_context(|| format!("can't write {}", arguments.json.display()))?;
    eprintln!("{} figures are in {}", figures.all().len(), arguments.json.display());
    Ok(())
}
