//! Trouble of every kind at once, for as long as is wanted, and a verdict.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is there to be watched")]

use clap::Parser;
use phat_e2e::Soak;
use std::{process::ExitCode, time::Duration};

/// Requests, faults, reorganisations, spikes of the base fee and kills at random; then a verdict.
#[derive(Debug, Parser)]
struct Arguments {
    /// For how long there is trouble.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Where the random numbers begin; by default elsewhere each time.
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { minutes, seed } = Arguments::parse();
    let seed = seed.unwrap_or_else(rand::random);
    println!("soak: {minutes} minutes, seed {seed}");
    let soak = Soak { seed, length: Duration::from_secs(60 * minutes), progress: |line| println!("soak: {line}") };
    match soak.run().await {
        Ok(endured) => {
            println!("soak: every invariant held, seed {seed}: {endured}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("soak: failed, seed {seed}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
