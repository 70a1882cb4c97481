//! Builds the JavaScript contract: QuickJS and what surrounds it, compiled by clang against wasi-libc,
//! then started once, so that contracts start where that ended.

mod metering;
mod module;
mod snapshot;

use crate::process;
use anyhow::{Context, Result, ensure};
use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The folder in `phat-contracts/`.
pub(super) const FOLDER: &str = "js";

/// What the contract is built from, beside the engine.
pub(super) const SOURCES: [&str; 4] = [
    "phat-contracts/js/engine",
    "phat-contracts/js/prelude",
    "xtask/src/guests/javascript",
    "xtask/src/guests/javascript.rs",
];

/// The crate whose C source is the engine: quickjs-ng 0.16. xtask's manifest names the same version.
const ENGINE: (&str, &str) = ("rquickjs-sys", "0.14.0");
const ENGINE_FILES: [&str; 4] = ["quickjs", "libregexp", "libunicode", "dtoa"];
const OWN_FILES: [&str; 5] = ["contract", "code", "host", "bytes", "libc"];

/// The prelude's main module, which comes last in the archive.
const MAIN: &str = "main.js";

/// What the finished contract exports.
const EXPORTS: [&str; 2] = ["deploy", "call"];

const COMPILE: [&str; 7] = [
    "--target=wasm32-wasi",
    "-O2",
    "-std=gnu11",
    "-mthread-model",
    "single",
    "-D_GNU_SOURCE",
    // The engine's assertions, which print, and its dumps.
    "-DNDEBUG",
];

/// The stack lies below everything else, so that one that overflows traps. Of its 160 KiB the engine
/// lets scripts use 80 (`STACK_LIMIT`).
const LINK: [&str; 8] = [
    "--target=wasm32-wasi",
    "-nostartfiles",
    "-Wl,--no-entry",
    "-Wl,--import-memory",
    "-Wl,--max-memory=4194304",
    "-Wl,--stack-first",
    "-Wl,-zstack-size=163840",
    "-Wl,--strip-all",
];

/// What determines the contract beside its sources: the engine and the flags.
pub(super) fn flags() -> Vec<&'static str> {
    let (engine, version) = ENGINE;
    [&[engine, version], COMPILE.as_slice(), &LINK].concat()
}

/// clang and wasm-ld, as they name themselves.
///
/// # Errors
/// When one of them, or what they need, isn't installed.
pub(super) fn compiler() -> Result<String> {
    let version = |program: &str| {
        let printed = process::output(Command::new(program).arg("--version"));
        let printed = printed.context("run `cargo xtask setup --system` (it installs clang, lld and wasi-libc)")?;
        Ok::<_, anyhow::Error>(String::from_utf8_lossy(&printed).lines().next().unwrap_or_default().to_owned())
    };
    Ok(format!("{}; {}", version("clang")?, version("wasm-ld")?))
}

/// Builds the contract.
///
/// # Errors
/// When a compiler is missing, or something doesn't compile, link or start.
pub(super) fn build(repository: &Path) -> Result<Vec<u8>> {
    let engine = engine_source()?;
    let own = repository.join("phat-contracts").join(FOLDER).join("engine");
    let objects = objects(repository)?;
    let engine_files = ENGINE_FILES.map(|name| (engine.join(name).with_extension("c"), name));
    let own_files = OWN_FILES.map(|name| (own.join(name).with_extension("c"), name));
    let mut linker = Command::new("clang");
    linker.args(LINK);
    for (is_own, (source, name)) in
        engine_files.into_iter().map(|file| (false, file)).chain(own_files.into_iter().map(|file| (true, file)))
    {
        let object = objects.join(name).with_extension("o");
        let mut compiler = Command::new("clang");
        compiler.args(COMPILE).arg("-include").arg(own.join("libc.h")).arg("-I").arg(&own).arg("-I").arg(&engine);
        // Warnings of our own files are errors; those of the engine are its authors'.
        compiler.args(if is_own { &["-Wall", "-Wextra", "-Werror"][..] } else { &["-w"][..] });
        process::run(compiler.arg("-c").arg(&source).arg("-o").arg(&object))?;
        linker.arg(&object);
    }
    let linked = objects.join("js.wasm");
    process::run(linker.arg("-o").arg(&linked))?;
    let linked = fs::read(&linked).with_context(|| format!("can't read {}", linked.display()))?;
    let code = metering::metered(&linked)?;
    let metered = module::rewritten(&linked, &[], |id, _| Ok((id == module::CODE).then(|| code.clone())))?;
    let prelude = archive(&repository.join("phat-contracts").join(FOLDER).join("prelude"))?;
    snapshot::initialised(&metered, &prelude, &EXPORTS, OUTPUT)
}

/// What the module says of its outputs (docs/guest-abi.md).
const OUTPUT: (&str, &str) = ("phat.output", r#"{"init":{"abi":"/type","decimals":"/decimals"},"error":"text"}"#);

/// Where compiled files go.
fn objects(repository: &Path) -> Result<PathBuf> {
    let target = match env::var_os("CARGO_TARGET_DIR") {
        Some(shared) => env::current_dir()?.join(shared).join("guests"),
        None => repository.join("phat-contracts/target"),
    };
    let objects = target.join("js");
    fs::create_dir_all(&objects).with_context(|| format!("can't make {}", objects.display()))?;
    Ok(objects)
}

/// Where cargo keeps the engine's source.
fn engine_source() -> Result<PathBuf> {
    let described = process::output(process::cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let described: serde_json::Value = serde_json::from_slice(&described)?;
    let packages = described["packages"].as_array().context("cargo lists packages")?;
    let (name, version) = ENGINE;
    let package = packages.iter().find(|package| package["name"] == name && package["version"] == version);
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    let manifest = manifest.with_context(|| format!("Cargo.lock has no {name} {version}"))?;
    Ok(Path::new(manifest).parent().context("a manifest lies in a folder")?.join("quickjs"))
}

/// The prelude as `initialise` reads it: for each file its name and its source, each behind its length
/// (u32, little-endian).
fn archive(prelude: &Path) -> Result<Vec<u8>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(prelude).with_context(|| format!("can't list {}", prelude.display()))? {
        let path = entry?.path();
        ensure!(path.extension() == Some(OsStr::new("js")), "{} is no part of the prelude", path.display());
        files.push(path);
    }
    files.sort_by_key(|path| (path.file_name() == Some(OsStr::new(MAIN)), path.clone()));
    let mut archive = Vec::new();
    for path in files {
        let name = path.file_name().and_then(OsStr::to_str).context("the prelude's names are UTF-8")?;
        for part in [format!("prelude/{name}").as_bytes(), &fs::read(&path)?] {
            archive.extend(u32::try_from(part.len())?.to_le_bytes());
            archive.extend_from_slice(part);
        }
    }
    Ok(archive)
}

#[cfg(test)]
mod tests;
