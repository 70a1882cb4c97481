//! What a machine needs before anything can be built and tested.

use crate::{
    pinned::{C_PACKAGES, CargoTool, DENY, NEXTEST, NPM_FOLDERS, WASM_PACKAGES},
    process::{self, cargo, npm, root, succeeds},
    python,
};
use anyhow::{Result, bail, ensure};
use std::{fs, path::PathBuf, process::Command};

/// Installs what is missing, and says so.
///
/// # Errors
/// When something can't be installed; the message says what.
pub(crate) fn run(system: bool) -> Result<()> {
    wasm_target(system)?;
    c_for_wasm(system)?;
    npm_packages()?;
    python_programs(system)?;
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

/// What compiles the JavaScript contract's engine.
fn c_for_wasm(system: bool) -> Result<()> {
    // Linking takes the libc and the compiler's own library beside the compiler and its headers.
    let links = || {
        let program = ["--target=wasm32-wasi", "-nostartfiles", "-Wl,--no-entry", "-include", "stdio.h", "-x", "c"];
        succeeds(Command::new("clang").args(program).args(["/dev/null", "-o", "/dev/null"]))
    };
    if !links() {
        ensure!(
            system,
            "there is no compiler of C for wasm; run `cargo xtask setup --system` (it runs `apt-get install {}`)",
            C_PACKAGES.join(" ")
        );
        install(&C_PACKAGES)?;
    }
    say("setup: the JavaScript engine is built with clang and wasi-libc");
    Ok(())
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

/// Installs the npm packages of the lockfiles, where they aren't there.
///
/// # Errors
/// When npm fails.
pub(crate) fn npm_packages() -> Result<()> {
    for folder in NPM_FOLDERS {
        let lockfile = fs::read(root().join(folder).join("package-lock.json"))?;
        let stamp = stamp(folder);
        if fs::read(&stamp).is_ok_and(|installed| installed == lockfile) {
            say(&format!("setup: {folder}'s npm packages are there"));
            continue;
        }
        process::run(npm(folder).args(["ci", "--no-audit", "--no-fund"]))?;
        fs::write(stamp, lockfile)?;
    }
    Ok(())
}

/// Fails where the npm packages of a lockfile aren't there.
///
/// # Errors
/// When they aren't, with the command that installs them.
pub(crate) fn ensure_npm_packages() -> Result<()> {
    for folder in NPM_FOLDERS {
        let lockfile = fs::read(root().join(folder).join("package-lock.json"))?;
        ensure!(
            fs::read(stamp(folder)).is_ok_and(|installed| installed == lockfile),
            "{folder}'s npm packages are not those of its lockfile; run `cargo xtask setup`"
        );
    }
    Ok(())
}

/// A copy of the lockfile whose packages were installed, whole.
fn stamp(folder: &str) -> PathBuf {
    root().join(folder).join("node_modules/.installed-lockfile.json")
}

fn python_programs(system: bool) -> Result<()> {
    if system && !python::has_python() {
        install(&[python::PACKAGE])?;
    }
    for program in python::PROGRAMS {
        if program.install()? {
            say(&format!("setup: installed {0} in target/{0}", program.name));
        } else {
            say(&format!("setup: {} is there", program.name));
        }
    }
    Ok(())
}

fn cargo_tool(tool: &CargoTool) -> Result<()> {
    if let Some(found) = version(tool) {
        if found == tool.version {
            say(&format!("setup: {} {found} is there", tool.name));
        } else {
            say(&format!("setup: {} {found} is there; {} is what it is tested with", tool.name, tool.version));
        }
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

/// The version that is installed: the second word of what `--version` prints.
fn version(tool: &CargoTool) -> Option<String> {
    let printed = process::output(cargo().args([tool.subcommand, "--version"])).ok()?;
    String::from_utf8_lossy(&printed).split_whitespace().nth(1).map(str::to_owned)
}

#[expect(clippy::print_stdout, reason = "says what it does")]
fn say(line: &str) {
    println!("{line}");
}
