//! The relayer.

use clap::Parser;
use phat_relayer::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    Cli::parse().run()
}
