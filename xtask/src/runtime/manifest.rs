use anyhow::{Context, Result};
use phat_protocol::{Digest, blake2_256};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, path::Path};

pub(super) const FILE: &str = "manifest.json";

/// `pallets/artifacts/manifest.json`
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// What compiled and linked the runtime.
    pub(super) compiler: String,
    /// The runtimes, by their files' names.
    pub(super) runtimes: BTreeMap<String, Artifact>,
    /// See [`crate::guests::digest_of`].
    pub(super) source_digest: Digest,
}

/// A runtime's file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Artifact {
    /// BLAKE2b-256 of its bytes.
    pub(super) hash: Digest,
    /// How many they are.
    pub(super) size: usize,
}

impl Artifact {
    pub(super) fn of(file: &[u8]) -> Self {
        Self { hash: Digest(blake2_256(file)), size: file.len() }
    }
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
    pub(super) fn differences(
        &self,
        runtimes: &BTreeMap<String, Artifact>,
        source_digest: &Digest,
    ) -> Vec<&'static str> {
        let mut found = Vec::new();
        if self.source_digest != *source_digest {
            found.push("the runtimes' sources changed since they were built");
        }
        if self.runtimes != *runtimes {
            found.push("the runtimes are not the files that the manifest names");
        }
        found
    }
}
