//! The relayer.

use phat_relayer::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    Cli::of_process().run()
}
