//! The demo: it is a program of `e2e`, and needs the relayer's and the enclave's binaries.

use crate::process::{self, cargo, root};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// Builds what the demo starts, then becomes it.
///
/// # Errors
/// When something can't be built, or the demo fails.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if !root().join("contracts-evm/node_modules").is_dir() {
        process::run(crate::process::npm("contracts-evm").args(["ci", "--no-audit", "--no-fund"]))?;
    }
    process::run(cargo().args([
        "build",
        "--package",
        "phat-relayer",
        "--package",
        "phat-enclave",
        "--package",
        "phat-e2e",
        "--bins",
    ]))?;
    // This program lies beside those that it built.
    let here = std::env::current_exe().context("where am I?")?;
    let folder = here.parent().context("where am I?")?;
    let mut demo = Command::new(folder.join("demo"));
    demo.args(arguments).env("PHAT_BIN_DIR", folder).current_dir(root());
    // The demo gets ctrl-C itself and cleans up; this process only waits for it.
    let status = demo.status().context("can't start the demo")?;
    if !status.success() {
        bail!("the demo ended with {status}");
    }
    Ok(())
}
