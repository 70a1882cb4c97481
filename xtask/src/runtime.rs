//! Builds the development runtime of `pallets/` for wasm and keeps the committed artifacts true.
//!
//! `pallets/artifacts/manifest.json` names the compiler, and digests of the runtimes and of all that they were built from.
//! The digests are compared everywhere; bytes only when that is asked for, and under the same compiler.

mod chain_spec;
mod manifest;
mod weights;

use crate::{
    guests::{digest_of, repository},
    process::{cargo, output, root},
};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use manifest::{Artifact, FILE, Manifest};
use phat_project::{Dialect, Packages, Product, Toolchain};
use phat_protocol::Digest;
use std::{
    collections::BTreeMap,
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
pub(crate) use weights::{Weights, run as measure};

/// What is done with the runtime; without a flag it is built.
#[derive(Args)]
pub(crate) struct Runtime {
    /// Write nothing; fail when the committed files are not those of the sources
    #[arg(long)]
    check: bool,
    /// With --check: also build the runtime, and compare it if the compiler is the one that built the committed one
    #[arg(long, requires = "check")]
    build: bool,
    /// Write a chain specification with the committed runtime and genesis to this file
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    chain_spec: Option<PathBuf>,
}

const PACKAGE: &str = "phat-dev-runtime";
/// The runtime that development chains begin with.
const RUNTIME: &str = "dev-runtime.compact.compressed.wasm";
/// The runtimes that are committed, and the features that each is built with. Tests upgrade a chain to the second.
const COMMITTED: [(&str, &[&str]); 2] = [(RUNTIME, &[]), ("next-runtime.compact.compressed.wasm", &["next"])];
const GENESIS: &str = "genesis.json";

/// What the runtimes are built from. A folder stands for what lies below it, but for tests.
const SOURCES: [&str; 11] = [
    "pallets/Cargo.lock",
    "pallets/Cargo.toml",
    "pallets/dev-runtime/Cargo.toml",
    "pallets/dev-runtime/src",
    "pallets/phat-oracle/Cargo.toml",
    "pallets/phat-oracle/src",
    "pallets/price-consumer/Cargo.toml",
    "pallets/price-consumer/src",
    "phat-contracts/rustc-same-anywhere.sh",
    "protocol/Cargo.toml",
    "protocol/src",
];

/// Builds the runtime, or does what the flags say.
///
/// # Errors
/// When the build fails, or the check finds a difference.
pub(crate) fn run(runtime: &Runtime) -> Result<()> {
    let artifacts = root().join("pallets/artifacts");
    if let Some(file) = &runtime.chain_spec {
        return chain_spec::write(&artifacts, file);
    }
    if runtime.check {
        check_committed(&artifacts)?;
        return if runtime.build { check_built(&artifacts) } else { Ok(()) };
    }
    build_artifacts(&artifacts)
}

#[expect(clippy::print_stdout, reason = "tells the developer what was built")]
fn build_artifacts(artifacts: &Path) -> Result<()> {
    let toolchain = toolchain()?;
    let genesis = output(&mut example("genesis"))?;
    fs::create_dir_all(artifacts)?;
    let write = |file: &str, content: &[u8]| {
        let path = artifacts.join(file);
        fs::write(&path, content).with_context(|| format!("can't write {}", path.display()))
    };
    write(GENESIS, &genesis)?;
    let mut runtimes = BTreeMap::new();
    for (file, features) in COMMITTED {
        let runtime = compressed(&build(&toolchain, features)?)?;
        write(file, &runtime)?;
        let artifact = Artifact::of(&runtime);
        println!("runtime: {file} {} {} bytes", artifact.hash, artifact.size);
        runtimes.insert(file.to_owned(), artifact);
    }
    let source_digest = source_digest(&repository()?)?;
    Manifest { compiler: toolchain.version().into(), runtimes, source_digest }.write(artifacts)
}

/// Whether manifest, files and sources agree; needs no compiler. (That the genesis is the runtime's is for a test of
/// the runtime to say.)
fn check_committed(artifacts: &Path) -> Result<()> {
    let manifest = Manifest::read(artifacts)?;
    let found = COMMITTED.map(|(file, _)| {
        let path = artifacts.join(file);
        let runtime = fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
        Ok((file.to_owned(), Artifact::of(&runtime)))
    });
    let found = found.into_iter().collect::<Result<_>>()?;
    let differences = manifest.differences(&found, &source_digest(&repository()?)?);
    ensure!(
        differences.is_empty(),
        "{}\nrun `cargo xtask runtime` and commit pallets/artifacts",
        differences.join("\n")
    );
    Ok(())
}

/// Whether the committed bytes are those that are built now, where the compiler is the same.
#[expect(clippy::print_stdout, reason = "says when bytes can't be compared")]
fn check_built(artifacts: &Path) -> Result<()> {
    let toolchain = toolchain()?;
    let used = Manifest::read(artifacts)?.compiler;
    for (file, features) in COMMITTED {
        let built = compressed(&build(&toolchain, features)?)?;
        if used != toolchain.version() {
            println!("runtime: {file} is built, but not compared: the artifact comes from {used}");
        } else if fs::read(artifacts.join(file))? != built {
            bail!("the same sources and compiler now give another {file}; run `cargo xtask runtime` and commit {FILE}");
        }
    }
    Ok(())
}

/// The compiler that the machine has for runtimes, which is named in a line.
#[expect(clippy::print_stdout, reason = "tells the developer which compiler is used")]
fn toolchain() -> Result<Toolchain> {
    let toolchain = Toolchain::find_for(Product::Runtime, &root())?;
    println!("runtime: {toolchain}");
    Ok(toolchain)
}

fn build(toolchain: &Toolchain, features: &[&str]) -> Result<Vec<u8>> {
    let repository = repository()?;
    let packages = Packages {
        workspace: &repository.join("pallets"),
        target: &match env::var_os("CARGO_TARGET_DIR") {
            Some(shared) => env::current_dir()?.join(shared).join("runtime"),
            None => repository.join("pallets/target"),
        },
        names: &[(PACKAGE, "phat_dev_runtime")],
        dialect: Dialect::Frame,
        features,
        hidden: &[&repository],
        wrapper: Some(&repository.join("phat-contracts/rustc-same-anywhere.sh")),
        is_locked: true,
    };
    packages.modules(toolchain)?.pop().context("one package was built")
}

/// The module as chains store it: its own means compress it, so that what reads it is sure to understand it.
fn compressed(module: &[u8]) -> Result<Vec<u8>> {
    let mut child = example("compress").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().context("a pipe")?.write_all(module)?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the runtime was not compressed: {}", output.status);
    Ok(output.stdout)
}

/// An example of the runtime's package, which runs natively.
fn example(name: &str) -> Command {
    let mut command = cargo();
    command.current_dir(root().join("pallets"));
    command.args(["run", "--quiet", "--locked", "--package", PACKAGE, "--example", name]);
    command
}

/// A digest of all that the runtimes are built from, flags included.
fn source_digest(repository: &Path) -> Result<Digest> {
    let flags = [Product::Runtime.flags(), &phat_project::DEBIAN_FLAGS].concat();
    digest_of(repository, &flags, SOURCES.map(PathBuf::from).into())
}

#[cfg(test)]
mod tests;
