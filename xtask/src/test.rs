//! Every test of the repository.

use crate::{
    analysis,
    process::{self, cargo, npm, root},
    setup,
};
use anyhow::{Context, Result};

/// Runs the tests of the main workspace, of the guests, of the pallets and of the Solidity contracts.
///
/// # Errors
/// When a test fails, or a part that tests need is missing.
pub(crate) fn run(filter: Option<&str>) -> Result<()> {
    setup::ensure_npm_packages()?;
    // Scenarios start the binaries as processes: they are built first, beside this program, and once.
    process::run(cargo().args(["build", "--workspace", "--bins"]))?;
    let here = std::env::current_exe().context("where am I?")?;
    let folder = here.parent().context("where am I?")?;
    let mut nextest = cargo();
    nextest.args(["nextest", "run", "--workspace"]).env("PHAT_BIN_DIR", folder);
    if let Some(filter) = filter {
        return process::run(nextest.arg(filter));
    }
    process::run(npm("contracts-evm").args(["run", "--silent", "test"]))?;
    analysis::run()?;
    process::run(cargo().current_dir(root().join("phat-contracts")).args(["test", "--quiet"]))?;
    // With the features that add benchmarks, each of which is a test, and checks of the state.
    let features = ["--features", "runtime-benchmarks,try-runtime"];
    process::run(cargo().current_dir(root().join("pallets")).args(["test", "--quiet", "--tests"]).args(features))?;
    // `--doc` runs those of crates that say `doctest = false` too: their examples are generated, and not ours.
    let generated = ["--exclude", "phat-connector-evm", "--exclude", "phat-e2e"];
    process::run(cargo().args(["test", "--workspace", "--doc", "--quiet"]).args(generated))?;
    process::run(&mut nextest)
}
