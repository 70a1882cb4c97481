//! The vectors that hold the Rust and the Solidity side to the same bytes.

use crate::process::{cargo, output, root};
use anyhow::{Context, Result, ensure};
use std::fs;

/// Writes `protocol/vectors.json`; with `check`, fails where the committed file differs.
///
/// # Errors
/// When the vectors can't be computed, or `check` finds a difference.
pub(crate) fn run(check: bool) -> Result<()> {
    let vectors = output(cargo().args([
        "run",
        "--quiet",
        "--package",
        "phat-protocol",
        "--features",
        "serde",
        "--example",
        "vectors",
    ]))?;
    let file = root().join("protocol/vectors.json");
    if check {
        let committed = fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
        ensure!(committed == vectors, "protocol/vectors.json is not current; run `cargo xtask vectors`");
        return Ok(());
    }
    fs::write(&file, vectors).with_context(|| format!("can't write {}", file.display()))
}
