//! The contracts that were deployed through this relayer. Their code and state are the enclave's;
//! the catalogue gives them names.

use phat_protocol::{CodeHash, ContractId, Owner, Salt, serde_hex};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The most characters of a name.
const MAX_NAME: usize = 64;

/// A name that people know a contract by. It need not be unique.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContractName(String);

/// Text that is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a contract's name has 1 to {MAX_NAME} characters, none of them a control character")]
pub struct InvalidContractName;

impl FromStr for ContractName {
    type Err = InvalidContractName;

    fn from_str(text: &str) -> Result<Self, InvalidContractName> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > MAX_NAME || text.chars().any(char::is_control) {
            return Err(InvalidContractName);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for ContractName {
    type Error = InvalidContractName;

    fn try_from(text: String) -> Result<Self, InvalidContractName> {
        text.parse()
    }
}

impl From<ContractName> for String {
    fn from(name: ContractName) -> Self {
        name.0
    }
}

impl fmt::Display for ContractName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A contract in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueEntry {
    /// A hash of code, init data, owner and salt.
    pub contract_id: ContractId,
    /// Its name here.
    pub name: ContractName,
    /// Its code.
    pub code_hash: CodeHash,
    /// The exact input of `deploy`.
    #[serde(with = "serde_hex")]
    pub init_data: Vec<u8>,
    /// Who may change it.
    pub owner: Owner,
    /// What tells it from others of the same code, init data and owner.
    pub salt: Salt,
    /// Owner actions applied to it when the enclave was asked last, from 0.
    pub revision: u64,
    /// When it was deployed first, unix milliseconds.
    pub deployed_at_ms: i64,
}
