//! What reads and proves the Solidity contracts, beside their tests.

use crate::{
    process::{self, root},
    python::{HALMOS, Program, SLITHER},
    setup,
};
use anyhow::{Context, Result};
use std::{env, process::Command};

/// Runs slither, whose findings must all be answered in the sources, and the symbolic checks by halmos.
///
/// # Errors
/// When there is a finding or a counterexample, or a part that is needed is missing.
pub(crate) fn run() -> Result<()> {
    setup::ensure_npm_packages()?;
    process::run(in_contracts(&SLITHER)?.env("FOUNDRY_PROFILE", "slither").arg("."))?;
    // They prove the bytecode that is deployed.
    process::run(process::npm("contracts-evm").args(["run", "--silent", "build"]))?;
    let build = ["--root", ".", "--forge-build-out", "out/symbolic", "--no-status"];
    process::run(in_contracts(&HALMOS)?.env("FOUNDRY_PROFILE", "symbolic").args(build))
}

/// A program that calls forge, which npm installs.
fn in_contracts(program: &Program) -> Result<Command> {
    let folder = root().join("contracts-evm");
    let rest = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(folder.join("node_modules/.bin")).chain(env::split_paths(&rest)));
    let mut command = program.command()?;
    command.current_dir(folder).env("PATH", path.context("PATH can't be extended")?);
    Ok(command)
}
