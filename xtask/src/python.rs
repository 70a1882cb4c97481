//! Python programs that the repository is tested with, each in a virtual environment of its own under target/.

use crate::process::{self, root, succeeds};
use anyhow::{Context, Result, ensure};
use std::{fs, path::PathBuf, process::Command};

/// What Debian's Python lacks to make virtual environments.
pub(crate) const PACKAGE: &str = "python3-venv";

/// A program from PyPI, pinned with all that it needs in xtask/NAME.txt.
pub(crate) struct Program {
    /// What it is called, and starts as.
    pub(crate) name: &'static str,
}

/// Holds the relayer's HTTP API to its description.
const SCHEMATHESIS: Program = Program { name: "schemathesis" };

/// Reads the Solidity contracts for mistakes.
pub(crate) const SLITHER: Program = Program { name: "slither" };

/// Proves what the Solidity contracts reckon.
pub(crate) const HALMOS: Program = Program { name: "halmos" };

/// All that `cargo xtask setup` installs.
pub(crate) const PROGRAMS: [Program; 3] = [SCHEMATHESIS, SLITHER, HALMOS];

impl Program {
    /// Installs it where it isn't there as it is pinned. Answers whether anything was done.
    ///
    /// # Errors
    /// When there is no Python that can make virtual environments, or the packages can't be had.
    pub(crate) fn install(&self) -> Result<bool> {
        if self.is_there()? {
            return Ok(false);
        }
        ensure!(
            has_python(),
            "there is no python3 (3.11 or newer) that makes virtual environments; run `cargo xtask setup --system` \
             (it runs `apt-get install {PACKAGE}`)"
        );
        process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(self.folder()))?;
        process::run(
            Command::new(self.folder().join("bin/python"))
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(["--require-hashes", "--only-binary", ":all:", "--requirement"])
                .arg(self.requirements()),
        )?;
        fs::copy(self.requirements(), self.stamp()).context("can't note what was installed")?;
        Ok(true)
    }

    /// The program, to be started.
    ///
    /// # Errors
    /// When it isn't there as it is pinned, with the command that installs it.
    pub(crate) fn command(&self) -> Result<Command> {
        ensure!(self.is_there()?, "{} is not there, or not as pinned; run `cargo xtask setup`", self.name);
        Ok(Command::new(self.folder().join("bin").join(self.name)))
    }

    fn is_there(&self) -> Result<bool> {
        let requirements = self.requirements();
        let pinned = fs::read(&requirements).with_context(|| format!("can't read {}", requirements.display()))?;
        Ok(fs::read(self.stamp()).is_ok_and(|installed| installed == pinned))
    }

    fn requirements(&self) -> PathBuf {
        root().join("xtask").join(self.name).with_extension("txt")
    }

    /// Where it is installed.
    fn folder(&self) -> PathBuf {
        root().join("target").join(self.name)
    }

    /// A copy of the requirements that were installed, whole.
    fn stamp(&self) -> PathBuf {
        self.folder().join("installed.txt")
    }
}

/// Whether there is a Python that can make virtual environments.
pub(crate) fn has_python() -> bool {
    let asks = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))";
    succeeds(Command::new("python3").args(["-c", asks]))
}
