use anyhow::{Context, Result};
use phat_protocol::{CodeHash, Digest};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};

const FILE: &str = "manifest.json";

/// `artifacts/manifest.json`
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// What compiled and linked every artifact in Rust.
    pub(super) compiler: String,
    /// What compiled and linked the JavaScript contract, where it is among the guests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) c_compiler: Option<String>,
    /// One for each guest.
    pub(super) guests: Vec<Artifact>,
}

/// A committed wasm file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Artifact {
    /// Name of its package.
    pub(super) name: String,
    /// Name of the file beside the manifest.
    pub(super) file: String,
    /// BLAKE2b-256 of the file.
    pub(super) code_hash: CodeHash,
    /// In bytes.
    pub(super) size: usize,
    /// See [`super::sources::digest`].
    pub(super) source_digest: Digest,
    /// Whether it is for tests alone.
    pub(super) test_only: bool,
    /// BLAKE2b-256 of a bundle, whose `code_hash` and `size` are those of the code in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bundle_hash: Option<Digest>,
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
        super::write(&artifacts.join(FILE), text.as_bytes())
    }

    /// In what it differs from all that stands in the tree.
    pub(super) fn differences(&self, actual: &[Artifact]) -> Vec<String> {
        let mut wrong = Vec::new();
        for actual in actual {
            match self.guests.iter().find(|named| named.name == actual.name) {
                None => wrong.push(format!("{}: not in the manifest", actual.name)),
                Some(named) => wrong.extend(named.differences(actual)),
            }
        }
        for named in &self.guests {
            if !actual.iter().any(|actual| actual.name == named.name) {
                wrong.push(format!("{}: in the manifest, but no guest", named.name));
            }
        }
        wrong
    }
}

impl Artifact {
    /// In what this entry of the manifest differs from what stands in the tree.
    pub(super) fn differences(&self, actual: &Self) -> Vec<String> {
        let name = &self.name;
        let mut found = Vec::new();
        if self.source_digest != actual.source_digest {
            found.push(format!("{name}: its sources changed since it was built"));
        }
        if (&self.code_hash, self.size, &self.bundle_hash) != (&actual.code_hash, actual.size, &actual.bundle_hash) {
            found.push(format!("{name}: {} is not the file that the manifest names", self.file));
        }
        if (&self.file, self.test_only) != (&actual.file, actual.test_only) {
            found.push(format!("{name}: the manifest's `file` or `test_only` is wrong"));
        }
        found
    }
}
