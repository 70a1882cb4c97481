//! Phat Contracts to deploy.

use crate::{
    binaries::repository,
    source::{PATH, POINTER},
};
use anyhow::{Result, ensure};
use parity_scale_codec::Encode;
use phat_protocol::{ContractId, ContractSeed, Owner, Salt, code_hash};
use std::{fs, path::PathBuf};

/// The selector of the constructor that the SDK gives every contract: `new`.
const NEW: [u8; 4] = [0x9b, 0xae, 0x9d, 0x5e];

/// A module and what `deploy` is told.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The module.
    pub wasm: PathBuf,
    /// What the relayer's catalogue calls it.
    pub name: String,
    /// What `deploy` is told.
    pub init: Init,
}

/// What `deploy` is told, as the relayer's commands take it.
#[derive(Clone, Debug)]
pub enum Init {
    /// The constructor's one argument: JSON.
    Json(String),
    /// All of it.
    Data(Vec<u8>),
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
    /// As the contract reads it.
    #[must_use]
    pub fn json(&self) -> String {
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
        Self::new("http-json.wasm", name, Init::Json(init.json()))
    }

    /// `price-median`, reading these [`crate::PriceSource`]s, which it calls `source-0`, `source-1`, …
    ///
    /// # Errors
    /// When its module isn't built.
    pub fn price_median(name: &str, origins: &[String], decimals: u8) -> Result<Self> {
        let sources: Vec<_> = origins
            .iter()
            .enumerate()
            .map(|(index, origin)| {
                serde_json::json!({
                    "name": format!("source-{index}"), "origin": origin, "path": PATH, "pointer": POINTER,
                })
            })
            .collect();
        let init = serde_json::json!({"sources": sources, "type": "uint256", "decimals": decimals});
        Self::new("price-median.wasm", name, Init::Json(init.to_string()))
    }

    /// Any ready-made contract, by its file, with this JSON as its init data.
    ///
    /// # Errors
    /// When its module isn't built.
    pub fn ready_made(module: &str, name: &str, init: &serde_json::Value) -> Result<Self> {
        Self::new(module, name, Init::Json(init.to_string()))
    }

    /// The guest that behaves as its payload says.
    ///
    /// # Errors
    /// When its module isn't built.
    pub fn probe() -> Result<Self> {
        Self::new("probe.wasm", "probe", Init::Data(constructor(&String::new())))
    }

    fn new(module: &str, name: &str, init: Init) -> Result<Self> {
        let wasm = repository().join("phat-contracts/artifacts").join(module);
        ensure!(wasm.is_file(), "{} is missing: run `cargo xtask guests`", wasm.display());
        Ok(Self { wasm, name: name.to_owned(), init })
    }

    /// The id that it gets, deployed for nobody and without a salt.
    ///
    /// # Errors
    /// When the module can't be read.
    pub fn contract_id(&self) -> Result<ContractId> {
        let init_data = self.init_data();
        let code_hash = code_hash(&fs::read(&self.wasm)?);
        let seed = ContractSeed { code_hash, init_data: &init_data, owner: Owner::NOBODY, salt: Salt::default() };
        Ok(seed.contract_id())
    }

    /// The exact input of `deploy`.
    pub(crate) fn init_data(&self) -> Vec<u8> {
        match &self.init {
            Init::Json(json) => constructor(&json.as_bytes()),
            Init::Data(data) => data.clone(),
        }
    }
}

fn constructor(argument: &impl Encode) -> Vec<u8> {
    [NEW.as_slice(), &argument.encode()].concat()
}
