//! The developer's tool: what a machine needs, the demo, the tests, and every generated file that is
//! committed. `cargo xtask --help` lists its commands.

mod analysis;
mod bench;
mod contracts;
mod demo;
mod fuzz;
mod guests;
mod openapi;
mod pinned;
mod process;
mod python;
mod runtime;
mod setup;
mod soak;
mod test;
mod vectors;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Sets up, shows, tests and regenerates", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install the pinned npm packages, cargo tools and Python programs, and say what was done
    Setup {
        /// Also install Debian packages, with apt-get
        #[arg(long)]
        system: bool,
    },
    /// Run every test: Rust, Solidity and guests
    Test {
        /// Only tests whose name contains this
        filter: Option<String>,
    },
    /// Show the whole path on this machine: a chain, a price source, an enclave, a relayer, answers
    Demo {
        /// Arguments of the demo; `cargo xtask demo -- --help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure the system on this machine; without a name, say what can be measured
    Bench {
        #[command(subcommand)]
        bench: Option<bench::Bench>,
    },
    /// Search for inputs that crash the executor
    Fuzz(fuzz::Fuzz),
    /// Requests under random faults, reorganisations, fee spikes and kills, and a verdict
    Soak(soak::Soak),
    /// Have slither read the Solidity contracts, and halmos prove what they reckon
    Analyse,
    /// Build the guests to phat-contracts/artifacts
    Guests {
        /// Write nothing; fail when the committed files are not current
        #[arg(long)]
        check: bool,
    },
    /// Build the development runtime to pallets/artifacts
    Runtime(runtime::Runtime),
    /// Measure what calls of the Substrate pallet weigh, and write it to pallets/phat-oracle/src/weights/substrate.rs
    Weights(runtime::Weights),
    /// Build the Solidity contracts to contracts-evm/artifacts and measure their gas
    Contracts {
        /// Write nothing; fail when the committed files are not current
        #[arg(long)]
        check: bool,
    },
    /// Write the description of the relayer's HTTP API to docs/openapi.json
    Openapi {
        /// Write nothing; fail when the committed file is not current
        #[arg(long)]
        check: bool,
    },
    /// Compute protocol/vectors.json
    Vectors {
        /// Write nothing; fail when the committed file is not current
        #[arg(long)]
        check: bool,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Setup { system } => setup::run(system),
        Command::Test { filter } => test::run(filter.as_deref()),
        Command::Demo { arguments } => demo::run(&arguments),
        Command::Bench { bench } => bench::run(bench.as_ref()),
        Command::Fuzz(fuzz) => fuzz::run(&fuzz),
        Command::Soak(soak) => soak::run(&soak),
        Command::Analyse => analysis::run(),
        Command::Guests { check } => guests::run(check),
        Command::Runtime(runtime) => runtime::run(&runtime),
        Command::Weights(weights) => runtime::measure(&weights),
        Command::Contracts { check } => contracts::run(check),
        Command::Openapi { check } => openapi::run(check),
        Command::Vectors { check } => vectors::run(check),
    }
}
