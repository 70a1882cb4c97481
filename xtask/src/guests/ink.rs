//! The guests of `phat-contracts/ink/`: each becomes a `.contract` bundle of code and metadata, as
//! `cargo contract build` makes it.
//!
//! The metadata is what ink! itself says of a contract: its macro leaves a function for that in the
//! natively built crate, which each contract's example `metadata` calls.

use super::{
    compile, fail,
    manifest::{Artifact, Manifest},
    sources, target, write,
};
use anyhow::{Context, Result, bail};
use phat_project::{Dialect, Origin, Packages, Toolchain, bundle, ink_version};
use phat_protocol::{Digest, blake2_256, code_hash};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// An ink! contract whose bundle is committed.
struct Guest {
    /// Name of its package, of its folder in `phat-contracts/ink/`, and of its artifact.
    name: &'static str,
    /// The release of ink! that it is written for.
    ink: &'static str,
    /// Whether it is for tests alone.
    test_only: bool,
}

const GUESTS: [Guest; 4] = [
    Guest { name: "ink-echo", ink: "5", test_only: true },
    Guest { name: "ink-price", ink: "5", test_only: false },
    Guest { name: "ink4-probe", ink: "4", test_only: true },
    Guest { name: "ink5-probe", ink: "5", test_only: true },
];

/// Builds them and writes the bundles; with `check`, compares the metadata, and the code where the compiler is
/// the same.
#[expect(clippy::print_stdout, reason = "tells the developer what was built, and when bytes can't be compared")]
pub(super) fn run(check: bool, repository: &Path, toolchain: &Toolchain) -> Result<()> {
    let built =
        compile(repository, &workspace(repository), Dialect::Ink, toolchain, GUESTS.iter().map(|guest| guest.name))?;
    let metadata = metadata(repository)?;
    let artifacts = artifacts(repository);
    if check {
        let comparable = Manifest::read(&artifacts)?.compiler == toolchain.version();
        if !comparable {
            println!("guests: ink! contracts built, but their code not compared: it comes from another compiler");
        }
        let mut wrong = Vec::new();
        for ((guest, wasm), metadata) in GUESTS.iter().zip(&built).zip(&metadata) {
            let committed = fs::read(artifacts.join(file(guest)))?;
            wrong.extend(differences(guest, &committed, comparable.then_some(wasm.as_slice()), metadata)?);
        }
        return fail(&wrong);
    }
    let mut manifest = Manifest { compiler: toolchain.version().into(), c_compiler: None, guests: Vec::new() };
    fs::create_dir_all(&artifacts)?;
    for ((guest, wasm), metadata) in GUESTS.iter().zip(&built).zip(metadata) {
        let mut text = serde_json::to_string(&described(repository, guest, toolchain, wasm, metadata)?)?;
        text.push('\n');
        let artifact = artifact(repository, guest, text.as_bytes())?;
        println!("guests: {} {} {} bytes", artifact.file, artifact.code_hash, artifact.size);
        write(&artifacts.join(&artifact.file), text.as_bytes())?;
        manifest.guests.push(artifact);
    }
    manifest.write(&artifacts)
}

/// Whether manifest, bundles and sources agree; needs no compiler.
pub(super) fn check_committed(repository: &Path) -> Result<()> {
    let artifacts = artifacts(repository);
    let mut actual = Vec::new();
    for guest in &GUESTS {
        let bundle = fs::read(artifacts.join(file(guest)));
        let bundle = bundle.with_context(|| format!("can't read {} in {}", file(guest), artifacts.display()))?;
        actual.push(artifact(repository, guest, &bundle)?);
    }
    fail(&Manifest::read(&artifacts)?.differences(&actual))
}

fn artifacts(repository: &Path) -> PathBuf {
    repository.join("phat-contracts/artifacts/ink")
}

fn file(guest: &Guest) -> String {
    format!("{}.contract", guest.name)
}

fn artifact(repository: &Path, guest: &Guest, bundle: &[u8]) -> Result<Artifact> {
    let wasm = code(bundle).with_context(|| file(guest))?;
    Ok(Artifact {
        name: guest.name.into(),
        file: file(guest),
        code_hash: code_hash(&wasm),
        size: wasm.len(),
        source_digest: sources::digest(repository, &sources::INK, &format!("ink/{}", guest.name))?,
        test_only: guest.test_only,
        bundle_hash: Some(Digest(blake2_256(bundle))),
    })
}

/// What a bundle holds beside what ink! says of the contract.
const BESIDE_METADATA: [&str; 3] = ["source", "contract", "image"];

/// Where a committed bundle is not what the sources give now: their code, if it can be compared, and their
/// metadata.
fn differences(guest: &Guest, committed: &[u8], wasm: Option<&[u8]>, metadata: &Value) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    if let Some(wasm) = wasm
        && code(committed)? != wasm
    {
        wrong.push(format!("{}: the same sources and compiler now give other bytes", guest.name));
    }
    let mut bundle: Value = serde_json::from_slice(committed).with_context(|| file(guest))?;
    if let Value::Object(fields) = &mut bundle {
        for beside in BESIDE_METADATA {
            fields.remove(beside);
        }
    }
    if bundle != *metadata {
        wrong.push(format!("{}: its sources now give other metadata", guest.name));
    }
    Ok(wrong)
}

/// The code in a bundle.
fn code(bundle: &[u8]) -> Result<Vec<u8>> {
    Ok(phat_metadata::Bundle::read(bundle)?.wasm)
}

fn described(repository: &Path, guest: &Guest, toolchain: &Toolchain, wasm: &[u8], metadata: Value) -> Result<Value> {
    let Value::Object(metadata) = metadata else { bail!("the metadata of {} is no object", guest.name) };
    let lock = fs::read_to_string(workspace(repository).join("Cargo.lock"))?;
    let ink = ink_version(&lock, guest.ink).with_context(|| format!("the lock file names no ink! {}", guest.ink))?;
    let origin = Origin { name: guest.name, version: "0.1.0", ink, compiler: toolchain.version() };
    Ok(bundle(wasm, metadata, origin))
}

/// What ink! says of each contract.
fn metadata(repository: &Path) -> Result<Vec<Value>> {
    let packages = Packages {
        workspace: &workspace(repository),
        target: &target(repository)?,
        names: &[],
        dialect: Dialect::Ink,
        hidden: &[],
        wrapper: None,
        features: &[],
        is_locked: true,
    };
    let examples = GUESTS.map(|guest| format!("{}-metadata", guest.name));
    Ok(packages.metadata(&examples.each_ref().map(String::as_str))?)
}

fn workspace(repository: &Path) -> PathBuf {
    repository.join("phat-contracts/ink")
}

#[cfg(test)]
mod tests;
