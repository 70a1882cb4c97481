//! The relayer, with the faults that its environment names. No release holds it.

use phat_e2e::under_fault::Faults;
use phat_relayer::cli::Cli;
use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    let faults = Faults::of_process()?;
    Ok(Cli::of_process().run_with(&faults))
}
