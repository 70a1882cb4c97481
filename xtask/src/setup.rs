//! What a machine needs before anything can be built and tested.

use crate::{
    pinned::{CargoTool, DENY, NEXTEST, NPM_FOLDERS, WASM_PACKAGES},
    process::{self, cargo, npm, root, succeeds},
};
use anyhow::{Result, bail};
use std::{fs, process::Command};

/// Installs what is missing, and says so.
///
/// # Errors
/// When something can't be installed; the message says what.
pub(crate) fn run(system: bool) -> Result<()> {
    wasm_target(system)?;
    for folder in NPM_FOLDERS {
        packages(folder)?;
    }
    for tool in [NEXTEST, DENY] {
        cargo_tool(&tool)?;
    }
    say("setup: done");
    Ok(())
}

fn wasm_target(system: bool) -> Result<()> {
    if rustup_has_wasm() {
        say("setup: wasm is built with rustup's wasm32-unknown-unknown");
        return Ok(());
    }
    let installed = |package: &&str| {
        succeeds(Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Abbrev}"]).arg(package))
            && succeeds(Command::new("sh").args(["-c", &format!("dpkg -s {package} | grep -q '^Status: install ok'")]))
    };
    let missing: Vec<&str> = WASM_PACKAGES.iter().filter(|package| !installed(package)).copied().collect();
    if missing.is_empty() {
        say("setup: wasm is built with Debian's rustc-web and its library's sources");
        return Ok(());
    }
    if system {
        install(&missing)?;
        say("setup: wasm is built with Debian's rustc-web and its library's sources");
        return Ok(());
    }
    if succeeds(Command::new("rustup").args(["target", "add", "wasm32-unknown-unknown"])) && rustup_has_wasm() {
        say("setup: added rustup's wasm32-unknown-unknown");
        return Ok(());
    }
    bail!(
        "there is no compiler for wasm; run `cargo xtask setup --system` (it runs `apt-get install {}`), or `rustup target add wasm32-unknown-unknown`",
        missing.join(" ")
    )
}

fn rustup_has_wasm() -> bool {
    let folder =
        Command::new("rustc").args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]).output();
    folder.is_ok_and(|output| fs::exists(String::from_utf8_lossy(&output.stdout).trim()).unwrap_or(false))
}

fn install(packages: &[&str]) -> Result<()> {
    process::run(Command::new("apt-get").args(["update", "--quiet=2"]))?;
    process::run(
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "--yes", "--quiet=2", "--no-install-recommends"])
            .args(packages),
    )
}

/// Installs a folder's npm packages, unless those of the lockfile are there.
fn packages(folder: &str) -> Result<()> {
    let folder_path = root().join(folder);
    let lockfile = fs::read(folder_path.join("package-lock.json"))?;
    let stamp = folder_path.join("node_modules/.installed-lockfile.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lockfile) {
        say(&format!("setup: {folder}'s npm packages are there"));
        return Ok(());
    }
    process::run(npm(folder).args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(stamp, lockfile)?;
    Ok(())
}

fn cargo_tool(tool: &CargoTool) -> Result<()> {
    if succeeds(cargo().args([tool.subcommand, "--version"])) {
        say(&format!("setup: {} is there", tool.name));
        return Ok(());
    }
    // Built quickly rather than to run quickly; outside the repository, whose settings are not for it.
    process::run(cargo().current_dir(std::env::temp_dir()).args([
        "install",
        "--locked",
        "--debug",
        tool.name,
        "--version",
        tool.version,
    ]))
}

#[expect(clippy::print_stdout, reason = "says what it does")]
fn say(line: &str) {
    println!("{line}");
}
