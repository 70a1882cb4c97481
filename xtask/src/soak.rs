//! The soak: it is a program of `e2e`, and needs the relayer's and the enclave's binaries.

use crate::{
    process::{self, cargo, root},
    setup,
};
use anyhow::{Context, Result};
use clap::Args;
use std::{os::unix::process::CommandExt, process::Command};

/// How long, and from which seed.
#[derive(Args)]
pub(crate) struct Soak {
    /// For how many minutes there is trouble
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Where the random numbers begin; by default elsewhere each time
    #[arg(long)]
    seed: Option<u64>,
}

/// Builds what it starts, then becomes it.
///
/// # Errors
/// When something can't be built, or an invariant doesn't hold.
pub(crate) fn run(options: &Soak) -> Result<()> {
    setup::npm_packages()?;
    // The whole workspace, as the tests build it: another choice of packages is another choice of
    // features, and would build dependencies twice.
    process::run(cargo().args(["build", "--workspace", "--bins"]))?;
    // This program lies beside those that it built.
    let here = std::env::current_exe().context("where am I?")?;
    let folder = here.parent().context("where am I?")?;
    let mut soak = Command::new(folder.join("soak"));
    soak.args(["--minutes", &options.minutes.to_string()]);
    if let Some(seed) = options.seed {
        soak.args(["--seed", &seed.to_string()]);
    }
    soak.env("PHAT_BIN_DIR", folder).current_dir(root());
    // It takes this process's place, so that ctrl-C and the shell's wait are its own.
    Err(soak.exec()).context("can't start the soak")
}
