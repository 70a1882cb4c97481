//! Every test of the repository.

use crate::process::{self, cargo, npm, root};
use anyhow::{Result, ensure};

/// Runs the tests of the main workspace, of the guests and of the Solidity contracts.
///
/// # Errors
/// When a test fails, or a part that tests need is missing.
pub(crate) fn run(filter: Option<&str>) -> Result<()> {
    ensure!(
        root().join("contracts-evm/node_modules").is_dir(),
        "the npm packages are missing; run `cargo xtask setup`"
    );
    // Scenarios start the binaries as processes, so these are built first.
    process::run(cargo().args(["build", "--workspace", "--bins"]))?;
    if let Some(filter) = filter {
        return process::run(cargo().args(["nextest", "run", "--workspace", filter]));
    }
    process::run(npm("contracts-evm").args(["run", "--silent", "test"]))?;
    process::run(cargo().current_dir(root().join("phat-contracts")).args(["test", "--quiet"]))?;
    process::run(cargo().args(["test", "--workspace", "--doc", "--quiet"]))?;
    process::run(cargo().args(["nextest", "run", "--workspace"]))
}
