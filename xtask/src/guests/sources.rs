use anyhow::{Context, Result};
use phat_project::{DEBIAN_FLAGS, FLAGS, RUSTUP_FLAGS};
use phat_protocol::{Digest, blake2_256};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What every guest of the SDK is built from, beside its own folder. A folder stands for what lies below it.
pub(super) const SDK: [&str; 7] = [
    "phat-contracts/Cargo.lock",
    "phat-contracts/Cargo.toml",
    "phat-contracts/rustc-same-anywhere.sh",
    "phat-contracts/sdk/Cargo.toml",
    "phat-contracts/sdk/src",
    "protocol/Cargo.toml",
    "protocol/src",
];

/// What every ink! guest is built from, beside its own folder.
pub(super) const INK: [&str; 3] =
    ["phat-contracts/ink/Cargo.lock", "phat-contracts/ink/Cargo.toml", "phat-contracts/rustc-same-anywhere.sh"];

/// BLAKE2b-256 of all that a guest is built from: the flags of either compiler joined by line feeds, then
/// each file in the order of its path. Flags, paths (from the repository's folder, with `/`) and
/// contents are each preceded by their length in bytes, a little-endian u64. Files and folders named
/// `tests` are left out: no guest contains them.
pub(super) fn digest(repository: &Path, shared: &[&str], folder: &str) -> Result<Digest> {
    let flags = [FLAGS.as_slice(), &RUSTUP_FLAGS, &DEBIAN_FLAGS].concat();
    let own = ["Cargo.toml", "src"].map(|entry| format!("phat-contracts/{folder}/{entry}"));
    digest_of(repository, &flags, shared.iter().map(PathBuf::from).chain(own.map(PathBuf::from)).collect())
}

/// As [`digest`], of other flags and sources.
pub(crate) fn digest_of(repository: &Path, flags: &[&str], sources: Vec<PathBuf>) -> Result<Digest> {
    let mut message = Vec::new();
    append(&mut message, flags.join("\n").as_bytes());
    for path in files(repository, sources)? {
        let content = fs::read(repository.join(&path)).with_context(|| format!("can't read {path}"))?;
        append(&mut message, path.as_bytes());
        append(&mut message, &content);
    }
    Ok(Digest(blake2_256(&message)))
}

fn append(message: &mut Vec<u8>, part: &[u8]) {
    message.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
    message.extend_from_slice(part);
}

fn files(repository: &Path, mut open: Vec<PathBuf>) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    while let Some(path) = open.pop() {
        let place = repository.join(&path);
        if place.is_dir() {
            for entry in fs::read_dir(&place).with_context(|| format!("can't list {}", place.display()))? {
                let child = path.join(entry?.file_name());
                if child.file_stem().is_none_or(|stem| stem != "tests") {
                    open.push(child);
                }
            }
        } else {
            let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
            files.insert(parts.with_context(|| format!("{} is no UTF-8", path.display()))?.join("/"));
        }
    }
    Ok(files)
}
