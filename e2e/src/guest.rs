//! Phat Contracts to deploy.

use crate::{
    binaries::repository,
    source::{PATH, POINTER},
};
use anyhow::{Result, ensure};
use std::path::PathBuf;

/// The probe's init data: the constructor's selector and an empty SCALE string.
const PROBE_INIT: &str = "0x9bae9d5e00";

/// A module and what `deploy` is told.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The module.
    pub wasm: PathBuf,
    /// What the relayer's catalogue calls it.
    pub name: String,
    /// The option that carries the init data, and its value.
    pub init: [String; 2],
}

/// What the `http-json` contract is told when it is deployed.
#[derive(Clone, Debug)]
pub struct HttpJson {
    /// Where prices come from: a scheme, a host and a port.
    pub origin: String,
    /// Decimals of an answer.
    pub decimals: u8,
}

impl HttpJson {
    /// As the relayer's `--init-json` takes it.
    #[must_use]
    pub fn init_json(&self) -> String {
        serde_json::json!({
            "origin": self.origin,
            "path": PATH,
            "pointer": POINTER,
            "type": "uint256",
            "decimals": self.decimals,
        })
        .to_string()
    }
}

impl Guest {
    /// `http-json`, reading a [`crate::PriceSource`].
    ///
    /// # Errors
    /// When its module isn't built.
    pub fn http_json(name: &str, init: &HttpJson) -> Result<Self> {
        Self::new("http-json.wasm", name, ["--init-json".to_owned(), init.init_json()])
    }

    /// The guest that behaves as its payload says.
    ///
    /// # Errors
    /// When its module isn't built.
    pub fn probe() -> Result<Self> {
        Self::new("probe.wasm", "probe", ["--init-data".to_owned(), PROBE_INIT.to_owned()])
    }

    fn new(module: &str, name: &str, init: [String; 2]) -> Result<Self> {
        let wasm = repository().join("phat-contracts/artifacts").join(module);
        ensure!(wasm.is_file(), "{} is missing: run `cargo xtask guests`", wasm.display());
        Ok(Self { wasm, name: name.to_owned(), init })
    }
}
