//! The description of the relayer's HTTP API.

use crate::process::{self, cargo, output, root};
use anyhow::{Context, Result, ensure};
use std::{fs, process::Command};

/// Writes `docs/openapi.json`; with `check`, fails where the committed file differs.
///
/// # Errors
/// When the description can't be made, or `check` finds a difference.
pub(crate) fn run(check: bool) -> Result<()> {
    // Built with the whole workspace's features, as all else is, and beside this program.
    process::run(cargo().args(["build", "--quiet", "--workspace", "--example", "openapi"]))?;
    let here = std::env::current_exe().context("where am I?")?;
    let description = output(&mut Command::new(here.with_file_name("examples").join("openapi")))?;
    let file = root().join("docs/openapi.json");
    if check {
        let committed = fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
        ensure!(committed == description, "docs/openapi.json is not current; run `cargo xtask openapi`");
        return Ok(());
    }
    fs::write(&file, description).with_context(|| format!("can't write {}", file.display()))
}
