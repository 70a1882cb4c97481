//! The description of the relayer's HTTP API.

use crate::process::{cargo, output, root};
use anyhow::{Context, Result, ensure};
use std::fs;

/// Writes `docs/openapi.json`; with `check`, fails where the committed file differs.
///
/// # Errors
/// When the description can't be made, or `check` finds a difference.
pub(crate) fn run(check: bool) -> Result<()> {
    let description = output(cargo().args(["run", "--quiet", "--package", "phat-relayer", "--example", "openapi"]))?;
    let file = root().join("docs/openapi.json");
    if check {
        let committed = fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
        ensure!(committed == description, "docs/openapi.json is not current; run `cargo xtask openapi`");
        return Ok(());
    }
    fs::write(&file, description).with_context(|| format!("can't write {}", file.display()))
}
