//! Builds the guests of `phat-contracts/` for wasm and keeps the committed artifacts true.
//!
//! `artifacts/manifest.json` names for each guest its file, code hash, size and a digest of all that
//! it was built from, and once the compiler. Compilers move, so bytes are compared only under the
//! one that the manifest names; the digest is compared everywhere.

mod ink;
mod manifest;
mod sources;
mod toolchain;

use anyhow::{Context, Result, bail, ensure};
use manifest::{Artifact, Manifest};
use std::{
    fs,
    path::{Path, PathBuf},
};
use toolchain::{Toolchain, Workspace};

/// A guest whose wasm is committed.
struct Guest {
    /// Name of its package and of its artifact.
    name: &'static str,
    /// Its folder in `phat-contracts/`.
    folder: &'static str,
    /// Whether it is there to misbehave, and never to be deployed in earnest.
    test_only: bool,
}

const GUESTS: [Guest; 8] = [
    Guest { name: "compute", folder: "compute", test_only: false },
    Guest { name: "evm-read", folder: "evm-read", test_only: false },
    Guest { name: "graphql", folder: "graphql", test_only: false },
    Guest { name: "http-json", folder: "http-json", test_only: false },
    Guest { name: "price-median", folder: "price-median", test_only: false },
    Guest { name: "s3", folder: "s3", test_only: false },
    Guest { name: "substrate-read", folder: "substrate-read", test_only: false },
    Guest { name: "probe", folder: "test-guests/probe", test_only: true },
];

/// Builds the guests and writes the artifacts; with `check`, writes nothing and fails where the
/// committed artifacts are not those of the sources.
///
/// # Errors
/// When a build fails, or `check` finds a difference.
#[expect(clippy::print_stdout, reason = "tells the developer which compiler is used and what was built")]
pub(crate) fn run(check: bool) -> Result<()> {
    let repository = repository()?;
    let artifacts = repository.join("phat-contracts/artifacts");
    if check {
        check_committed(&repository, &artifacts)?;
        ink::check_committed(&repository)?;
    }
    let toolchain = Toolchain::find()?;
    println!("guests: {toolchain}");
    ink::run(check, &repository, &toolchain)?;
    let built = toolchain.build(&repository, Workspace::Sdk, GUESTS.map(|guest| guest.name).as_slice())?;
    if check {
        return check_built(&artifacts, &toolchain, &built);
    }
    let mut manifest = Manifest { compiler: toolchain.version().into(), guests: Vec::new() };
    fs::create_dir_all(&artifacts)?;
    for (guest, wasm) in GUESTS.iter().zip(&built) {
        let artifact = artifact(&repository, guest, wasm)?;
        println!("guests: {} {} {} bytes", artifact.file, artifact.code_hash, artifact.size);
        write(&artifacts.join(&artifact.file), wasm)?;
        manifest.guests.push(artifact);
    }
    manifest.write(&artifacts)
}

fn repository() -> Result<PathBuf> {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = xtask.parent().context("xtask lies in the repository's folder")?;
    ensure!(repository.join("phat-contracts/Cargo.toml").is_file(), "no phat-contracts/ in {}", repository.display());
    Ok(repository.into())
}

fn artifact(repository: &Path, guest: &Guest, wasm: &[u8]) -> Result<Artifact> {
    Ok(Artifact {
        name: guest.name.into(),
        file: file(guest),
        code_hash: phat_protocol::code_hash(wasm),
        size: wasm.len(),
        source_digest: sources::digest(repository, &sources::SDK, guest.folder)?,
        test_only: guest.test_only,
        bundle_hash: None,
    })
}

fn file(guest: &Guest) -> String {
    format!("{}.wasm", guest.name)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("can't write {}", path.display()))
}

/// Whether manifest, files and sources agree; needs no compiler.
fn check_committed(repository: &Path, artifacts: &Path) -> Result<()> {
    let manifest = Manifest::read(artifacts)?;
    let mut actual = Vec::new();
    for guest in &GUESTS {
        let wasm = fs::read(artifacts.join(file(guest)));
        let wasm = wasm.with_context(|| format!("can't read {} in {}", file(guest), artifacts.display()))?;
        actual.push(artifact(repository, guest, &wasm)?);
    }
    fail(&manifest.differences(&actual))
}

/// Whether the committed bytes are those just built, where the compiler is the same.
#[expect(clippy::print_stdout, reason = "says when bytes can't be compared")]
fn check_built(artifacts: &Path, toolchain: &Toolchain, built: &[Vec<u8>]) -> Result<()> {
    let manifest = Manifest::read(artifacts)?;
    if manifest.compiler != toolchain.version() {
        println!("guests: built, but not compared: the artifacts come from {}", manifest.compiler);
        return Ok(());
    }
    let mut wrong = Vec::new();
    for (guest, wasm) in GUESTS.iter().zip(built) {
        if fs::read(artifacts.join(file(guest)))? != *wasm {
            wrong.push(format!("{}: the same sources and compiler now give other bytes", guest.name));
        }
    }
    fail(&wrong)
}

fn fail(wrong: &[String]) -> Result<()> {
    if !wrong.is_empty() {
        bail!("{}\nrun `cargo xtask guests` and commit phat-contracts/artifacts", wrong.join("\n"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
