//! Schemathesis, which holds the relayer's HTTP API to its description: a Python program, in a virtual
//! environment of its own.

use crate::process::{self, root, succeeds};
use anyhow::{Context, Result, ensure};
use std::{fs, path::PathBuf, process::Command};

/// What Debian's Python lacks to make virtual environments.
pub(crate) const PACKAGE: &str = "python3-venv";

/// Installs it where it isn't there as xtask/schemathesis.txt pins it. Answers whether anything was done.
///
/// # Errors
/// When there is no Python that can make virtual environments, or the packages can't be had.
pub(crate) fn install() -> Result<bool> {
    let requirements = root().join("xtask/schemathesis.txt");
    let pinned = fs::read(&requirements).with_context(|| format!("can't read {}", requirements.display()))?;
    if fs::read(stamp()).is_ok_and(|installed| installed == pinned) {
        return Ok(false);
    }
    ensure!(
        has_python(),
        "there is no python3 (3.11 or newer) that makes virtual environments; run `cargo xtask setup --system` (it \
         runs `apt-get install {PACKAGE}`)"
    );
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder()))?;
    process::run(
        Command::new(folder().join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--require-hashes", "--only-binary", ":all:", "--requirement"])
            .arg(&requirements),
    )?;
    fs::write(stamp(), pinned).context("can't note what was installed")?;
    Ok(true)
}

/// Whether there is a Python that can make virtual environments.
pub(crate) fn has_python() -> bool {
    let asks = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))";
    succeeds(Command::new("python3").args(["-c", asks]))
}

/// Where it is installed.
fn folder() -> PathBuf {
    root().join("target/schemathesis")
}

/// A copy of the requirements that were installed, whole.
fn stamp() -> PathBuf {
    folder().join("installed.txt")
}
