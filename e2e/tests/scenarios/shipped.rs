//! What is shipped, and what isn't.

use anyhow::{Context, Result, ensure};
use phat_e2e::{Binaries, under_fault::CRASH_AT};
use std::{path::Path, process::Command};

/// Whether the program's bytes hold the text.
fn holds(program: &Path, text: &str) -> Result<bool> {
    let grep = Command::new("grep").args(["--quiet", "--text", "--fixed-strings", text]).arg(program).status();
    match grep.context("can't run grep")?.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        code => anyhow::bail!("grep ended with {code:?} on {}", program.display()),
    }
}

#[test]
fn the_fault_layer_is_in_the_harness_program_and_in_none_that_is_shipped() -> Result<()> {
    let under_fault = Path::new(env!("CARGO_BIN_EXE_relayer-under-fault"));
    let Binaries { relayer, enclave } = Binaries::up_to_date()?;
    // A name that the layer reads and a point of it, which no optimisation drops while there is one.
    for mark in [CRASH_AT, "SubmitStore::begin"] {
        ensure!(holds(under_fault, mark)?, "{mark} is not in {}: the check is blind", under_fault.display());
        for shipped in [&relayer, &enclave] {
            ensure!(!holds(shipped, mark)?, "{mark} is in {}", shipped.display());
        }
    }
    // It is the relayer all the same.
    for program in [under_fault, &relayer] {
        ensure!(holds(program, "can't store the configuration's jobs")?, "{} is no relayer", program.display());
    }
    Ok(())
}
