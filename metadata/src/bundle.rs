//! `.contract` bundles: code and metadata in one JSON file, as `cargo contract build` writes it.

use crate::{Interface, MetadataError};
use phat_protocol::{CodeHash, code_hash};
use serde_json::Value;

/// What a bundle holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The module.
    pub wasm: Vec<u8>,
    /// Everything but the module, as it stands in the bundle.
    pub metadata: Value,
    /// What the metadata says; an error where the module can be used and the metadata can't.
    pub interface: Result<Interface, MetadataError>,
}

/// Why a file is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It isn't even JSON.
    #[error("it is not JSON: {0}")]
    Json(serde_json::Error),
    /// It is metadata alone.
    #[error("it holds no code (`source.wasm`): metadata alone is no contract")]
    NoCode,
    /// The code is no text of hexadecimal digits.
    #[error("`source.wasm` is not hexadecimal: {0}")]
    Code(hex::FromHexError),
    /// Its hash is another's.
    #[error("`source.hash` is {stated}, and that of the code in it {actual}")]
    Hash {
        /// What the bundle says.
        stated: String,
        /// What it holds.
        actual: CodeHash,
    },
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// When it isn't JSON, holds no code, or its hash is another's. `source.hash` may be missing, as BLAKE2b-256
    /// of the code is what counts.
    pub fn read(text: &[u8]) -> Result<Self, BundleError> {
        let mut metadata: Value = serde_json::from_slice(text).map_err(BundleError::Json)?;
        let source = metadata.get_mut("source").and_then(Value::as_object_mut).ok_or(BundleError::NoCode)?;
        let Some(Value::String(digits)) = source.remove("wasm") else { return Err(BundleError::NoCode) };
        let wasm = hex::decode(digits.strip_prefix("0x").unwrap_or(&digits)).map_err(BundleError::Code)?;
        let actual = code_hash(&wasm);
        if let Some(Value::String(stated)) = source.get("hash")
            && stated.parse() != Ok(actual)
        {
            return Err(BundleError::Hash { stated: stated.clone(), actual });
        }
        let interface = Interface::read(&metadata);
        Ok(Self { wasm, metadata, interface })
    }
}
