//! The demo: it is a program of `e2e`, and needs the relayer's and the enclave's binaries.

use crate::{
    process::{self, cargo, root},
    setup,
};
use anyhow::{Context, Result};
use std::{os::unix::process::CommandExt, process::Command};

/// Builds what the demo starts, then becomes it.
///
/// # Errors
/// When something can't be built, or the demo fails.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    setup::npm_packages()?;
    // The whole workspace, as the tests build it: another choice of packages is another choice of
    // features, and would build dependencies twice.
    process::run(cargo().args(["build", "--workspace", "--bins"]))?;
    // This program lies beside those that it built.
    let here = std::env::current_exe().context("where am I?")?;
    let folder = here.parent().context("where am I?")?;
    let mut demo = Command::new(folder.join("demo"));
    demo.args(arguments).env("PHAT_BIN_DIR", folder).current_dir(root());
    // It takes this process's place, so that ctrl-C and the shell's wait are its own.
    Err(demo.exec()).context("can't start the demo")
}
