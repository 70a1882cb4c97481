//! Builds the guests of `phat-contracts/` for wasm and keeps the committed artifacts true.
//!
//! `artifacts/manifest.json` names for each guest its file, code hash, size and a digest of all that
//! it was built from, and once the compiler. Compilers move, so bytes are compared only under the
//! one that the manifest names; the digest is compared everywhere.

mod ink;
mod javascript;
mod manifest;
mod sources;

pub(crate) use sources::digest_of;

use anyhow::{Context, Result, bail, ensure};
use manifest::{Artifact, Manifest};
use phat_project::{Dialect, Packages, Toolchain};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// A guest whose wasm is committed.
struct Guest {
    /// Name of its package and of its artifact.
    name: &'static str,
    /// Its folder in `phat-contracts/`.
    folder: &'static str,
    /// What builds it.
    builder: Builder,
    /// Whether it is there to misbehave, and never to be deployed in earnest.
    test_only: bool,
}

/// What builds a guest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Builder {
    /// Cargo, as a package of the guests' workspace.
    Cargo,
    /// See [`javascript`].
    JavaScript,
}

const GUESTS: [Guest; 10] = [
    Guest { name: "compute", folder: "compute", builder: Builder::Cargo, test_only: false },
    Guest { name: "evm-read", folder: "evm-read", builder: Builder::Cargo, test_only: false },
    Guest { name: "graphql", folder: "graphql", builder: Builder::Cargo, test_only: false },
    Guest { name: "http-json", folder: "http-json", builder: Builder::Cargo, test_only: false },
    Guest { name: "price-median", folder: "price-median", builder: Builder::Cargo, test_only: false },
    Guest { name: "randomness", folder: "randomness", builder: Builder::Cargo, test_only: false },
    Guest { name: "s3", folder: "s3", builder: Builder::Cargo, test_only: false },
    Guest { name: "substrate-read", folder: "substrate-read", builder: Builder::Cargo, test_only: false },
    Guest { name: "probe", folder: "test-guests/probe", builder: Builder::Cargo, test_only: true },
    Guest { name: "js", folder: javascript::FOLDER, builder: Builder::JavaScript, test_only: false },
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
    let toolchain = Toolchain::find(&repository)?;
    println!("guests: {toolchain}");
    let c_compiler = javascript::compiler()?;
    println!("guests: {c_compiler}");
    ink::run(check, &repository, &toolchain)?;
    let built = build(&repository, &toolchain)?;
    let compilers = [toolchain.version().to_owned(), c_compiler];
    if check {
        return check_built(&artifacts, compilers, &built);
    }
    let [compiler, c_compiler] = compilers;
    let mut manifest = Manifest { compiler, c_compiler: Some(c_compiler), guests: Vec::new() };
    fs::create_dir_all(&artifacts)?;
    for (guest, wasm) in GUESTS.iter().zip(&built) {
        let artifact = artifact(&repository, guest, wasm)?;
        println!("guests: {} {} {} bytes", artifact.file, artifact.code_hash, artifact.size);
        write(&artifacts.join(&artifact.file), wasm)?;
        manifest.guests.push(artifact);
    }
    manifest.write(&artifacts)
}

/// The bytes of each guest.
fn build(repository: &Path, toolchain: &Toolchain) -> Result<Vec<Vec<u8>>> {
    let in_rust = GUESTS.iter().filter(|guest| guest.builder == Builder::Cargo).map(|guest| guest.name);
    let workspace = repository.join("phat-contracts");
    let mut packages = compile(repository, &workspace, Dialect::Sdk, toolchain, in_rust)?.into_iter();
    let guests = GUESTS.iter().map(|guest| match guest.builder {
        Builder::Cargo => packages.next().context("every package was built"),
        Builder::JavaScript => javascript::build(repository),
    });
    guests.collect()
}

/// The modules of packages of a workspace.
fn compile<'g>(
    repository: &Path,
    workspace: &Path,
    dialect: Dialect,
    toolchain: &Toolchain,
    packages: impl Iterator<Item = &'g str>,
) -> Result<Vec<Vec<u8>>> {
    let libraries: Vec<_> = packages.map(|package| (package, package.replace('-', "_"))).collect();
    let names: Vec<_> = libraries.iter().map(|(package, library)| (*package, library.as_str())).collect();
    let packages = Packages {
        workspace,
        target: &target(repository)?,
        names: &names,
        dialect,
        hidden: &[repository],
        wrapper: Some(&repository.join("phat-contracts/rustc-same-anywhere.sh")),
        features: &[],
        is_locked: true,
    };
    Ok(packages.modules(toolchain)?)
}

/// Where guests of every workspace are built, so that they share what they have in common.
fn target(repository: &Path) -> Result<PathBuf> {
    Ok(match env::var_os("CARGO_TARGET_DIR") {
        Some(shared) => env::current_dir()?.join(shared).join("guests"),
        None => repository.join("phat-contracts/target"),
    })
}

pub(crate) fn repository() -> Result<PathBuf> {
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
        source_digest: match guest.builder {
            Builder::Cargo => sources::digest(repository, &sources::SDK, guest.folder)?,
            Builder::JavaScript => {
                let sources = javascript::SOURCES.map(PathBuf::from).into();
                sources::digest_of(repository, &javascript::flags(), sources)?
            }
        },
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
fn check_built(artifacts: &Path, [compiler, c_compiler]: [String; 2], built: &[Vec<u8>]) -> Result<()> {
    let manifest = Manifest::read(artifacts)?;
    let mut wrong = Vec::new();
    for (guest, wasm) in GUESTS.iter().zip(built) {
        let (used, now) = match guest.builder {
            Builder::Cargo => (manifest.compiler.as_str(), &compiler),
            Builder::JavaScript => (manifest.c_compiler.as_deref().unwrap_or_default(), &c_compiler),
        };
        if used != now {
            println!("guests: {} is built, but not compared: the artifact comes from {used}", guest.name);
            continue;
        }
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
