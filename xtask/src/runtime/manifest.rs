use anyhow::{Context, Result};
use phat_protocol::{Digest, blake2_256};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};

pub(super) const FILE: &str = "manifest.json";

/// `pallets/artifacts/manifest.json`
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// What compiled and linked the runtime.
    pub(super) compiler: String,
    /// BLAKE2b-256 of the runtime's file.
    pub(super) runtime_hash: Digest,
    /// The file's size in bytes.
    pub(super) size: usize,
    /// See [`crate::guests::digest_of`].
    pub(super) source_digest: Digest,
}

impl Manifest {
    pub(super) fn read(artifacts: &Path) -> Result<Self> {
        let path = artifacts.join(FILE);
        let text = fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("can't understand {}", path.display()))
    }

    pub(super) fn write(&self, artifacts: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        let path = artifacts.join(FILE);
        fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))
    }

    /// In what it differs from what stands in the tree.
    pub(super) fn differences(&self, runtime: &[u8], source_digest: &Digest) -> Vec<&'static str> {
        let mut found = Vec::new();
        if self.source_digest != *source_digest {
            found.push("the runtime's sources changed since it was built");
        }
        if (self.runtime_hash, self.size) != (Digest(blake2_256(runtime)), runtime.len()) {
            found.push("the runtime is not the file that the manifest names");
        }
        found
    }
}
