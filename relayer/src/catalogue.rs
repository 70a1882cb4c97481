//! The contracts that were deployed through this relayer. Their code and state are the enclave's;
//! the catalogue gives them names.

use crate::schema;
use phat_protocol::{CodeHash, ContractId, Owner, Salt, serde_hex};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use utoipa::ToSchema;

/// The most characters of a name.
const MAX_NAME: usize = 64;

/// A name that people know a contract by. It need not be unique.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
// A name may have white space around it, which is dropped.
#[schema(value_type = String, min_length = 1)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogueEntry {
    /// A hash of code, init data, owner and salt.
    #[schema(value_type = schema::ContractId)]
    pub contract_id: ContractId,
    /// Its name here.
    pub name: ContractName,
    /// Its code.
    #[schema(value_type = schema::CodeHash)]
    pub code_hash: CodeHash,
    /// The exact input of `deploy`.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub init_data: Vec<u8>,
    /// Who may change it.
    #[schema(value_type = schema::Owner)]
    pub owner: Owner,
    /// What tells it from others of the same code, init data and owner.
    #[schema(value_type = schema::Salt)]
    pub salt: Salt,
    /// Owner actions applied to it when the enclave was asked last, from 0.
    pub revision: u64,
    /// When it was deployed first, unix milliseconds.
    pub deployed_at_ms: i64,
}
