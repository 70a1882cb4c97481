//! The guests of `phat-contracts/ink/`: each becomes a `.contract` bundle of code and metadata, as
//! `cargo contract build` makes it.
//!
//! The metadata is what ink! itself says of a contract: its macro leaves a function for that in the
//! natively built crate, which each contract's example `metadata` calls. Under `--check` it isn't made
//! anew: it follows from the sources, whose digest is compared.

use super::{
    fail,
    manifest::{Artifact, Manifest},
    sources,
    toolchain::{Toolchain, Workspace, target},
    write,
};
use anyhow::{Context, Result, bail, ensure};
use phat_protocol::{Digest, blake2_256, code_hash};
use serde_json::{Value, json};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// An ink! contract whose bundle is committed.
struct Guest {
    /// Name of its package, of its folder in `phat-contracts/ink/`, and of its artifact.
    name: &'static str,
    /// The release of ink! that it is written for.
    ink: char,
    /// Whether it is for tests alone.
    test_only: bool,
}

const GUESTS: [Guest; 3] = [
    Guest { name: "ink-price", ink: '5', test_only: false },
    Guest { name: "ink4-probe", ink: '4', test_only: true },
    Guest { name: "ink5-probe", ink: '5', test_only: true },
];

/// Builds them and writes the bundles; with `check`, compares the code where the compiler is the same.
#[expect(clippy::print_stdout, reason = "tells the developer what was built, and when bytes can't be compared")]
pub(super) fn run(check: bool, repository: &Path, toolchain: &Toolchain) -> Result<()> {
    let built = toolchain.build(repository, Workspace::Ink, GUESTS.map(|guest| guest.name).as_slice())?;
    let artifacts = artifacts(repository);
    if check {
        if Manifest::read(&artifacts)?.compiler != toolchain.version() {
            println!("guests: ink! contracts built, but not compared: the bundles come from another compiler");
            return Ok(());
        }
        let mut wrong = Vec::new();
        for (guest, wasm) in GUESTS.iter().zip(&built) {
            if code(&fs::read(artifacts.join(file(guest)))?)? != *wasm {
                wrong.push(format!("{}: the same sources and compiler now give other bytes", guest.name));
            }
        }
        return fail(&wrong);
    }
    let metadata = metadata(repository)?;
    let mut manifest = Manifest { compiler: toolchain.version().into(), c_compiler: None, guests: Vec::new() };
    fs::create_dir_all(&artifacts)?;
    for ((guest, wasm), metadata) in GUESTS.iter().zip(&built).zip(metadata) {
        let mut text = serde_json::to_string(&bundle(repository, guest, toolchain, wasm, metadata)?)?;
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

/// The code in a bundle.
fn code(bundle: &[u8]) -> Result<Vec<u8>> {
    Ok(phat_metadata::Bundle::read(bundle)?.wasm)
}

fn bundle(repository: &Path, guest: &Guest, toolchain: &Toolchain, wasm: &[u8], metadata: Value) -> Result<Value> {
    let Value::Object(mut bundle) = metadata else { bail!("the metadata of {} is no object", guest.name) };
    let source = json!({
        "hash": code_hash(wasm),
        "language": format!("ink! {}", ink_version(repository, guest)?),
        "compiler": toolchain.version(),
        "wasm": format!("0x{}", hex::encode(wasm)),
    });
    bundle.insert("source".into(), source);
    bundle.insert("contract".into(), json!({ "name": guest.name, "version": "0.1.0", "authors": [] }));
    bundle.insert("image".into(), Value::Null);
    Ok(Value::Object(bundle))
}

/// The version of ink! that the lock file names.
fn ink_version(repository: &Path, guest: &Guest) -> Result<String> {
    let lock = fs::read_to_string(repository.join("phat-contracts/ink/Cargo.lock"))?;
    let versions = lock.split("[[package]]").filter_map(|package| {
        let package = package.trim().strip_prefix("name = \"ink\"\nversion = \"")?;
        package.split_once('"').map(|(version, _)| version)
    });
    let version = versions.into_iter().find(|version| version.starts_with(guest.ink));
    version.map(String::from).with_context(|| format!("the lock file names no ink! {}", guest.ink))
}

/// What ink! says of each contract.
fn metadata(repository: &Path) -> Result<Vec<Value>> {
    let target = target(repository)?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(repository.join("phat-contracts/ink")).args(["build", "--locked", "--examples"]);
    cargo.arg("--target-dir").arg(&target).env_remove("RUSTFLAGS");
    ensure!(cargo.status().context("can't start cargo")?.success(), "the programs that print metadata don't build");
    let described = GUESTS.iter().map(|guest| {
        let program = target.join("debug/examples").join(format!("{}-metadata", guest.name));
        let output = Command::new(&program).output().with_context(|| format!("can't run {}", program.display()))?;
        ensure!(output.status.success(), "{} failed", program.display());
        serde_json::from_slice(&output.stdout).with_context(|| format!("{} printed no JSON", program.display()))
    });
    described.collect()
}

#[cfg(test)]
mod tests;
