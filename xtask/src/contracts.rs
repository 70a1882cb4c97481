//! The Solidity contracts' artifacts and gas figures.

use crate::process::{self, npm};
use anyhow::Result;

/// Writes the artifacts and the gas snapshot; with `check`, fails where the committed ones differ.
///
/// # Errors
/// When the compiler fails, or `check` finds a difference.
pub(crate) fn run(check: bool) -> Result<()> {
    let flags: &[&str] = if check { &["--", "--check"] } else { &[] };
    for script in ["artifacts", "snapshot"] {
        process::run(npm("contracts-evm").args(["run", "--silent", script]).args(flags))?;
    }
    Ok(())
}
