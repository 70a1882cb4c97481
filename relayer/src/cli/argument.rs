//! Arguments that several commands take.

use super::client::Client;
use crate::{
    api::ContractsAnswer,
    catalogue::{ContractName, InvalidContractName},
};
use anyhow::{Context, bail};
use phat_protocol::ContractId;
use std::{path::Path, str::FromStr};

/// Bytes that were given in hexadecimal, with or without `0x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hex(pub(super) Vec<u8>);

impl FromStr for Hex {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, hex::FromHexError> {
        hex::decode(text.strip_prefix("0x").unwrap_or(text)).map(Self)
    }
}

/// What a contract is called by: its id, or its name in the catalogue.
#[derive(Clone, Debug)]
pub(super) enum Called {
    Id(ContractId),
    Name(ContractName),
}

impl FromStr for Called {
    type Err = InvalidContractName;

    fn from_str(text: &str) -> Result<Self, InvalidContractName> {
        text.parse().map(Self::Id).or_else(|_| text.parse().map(Self::Name))
    }
}

impl Called {
    pub(super) async fn id(self, client: &Client) -> anyhow::Result<ContractId> {
        let name = match self {
            Self::Id(id) => return Ok(id),
            Self::Name(name) => name,
        };
        let answer: ContractsAnswer = client.get(&["v1", "contracts"], &[]).await?;
        let ids: Vec<ContractId> = answer
            .contracts
            .iter()
            .map(|contract| &contract.entry)
            .filter(|entry| entry.name == name)
            .map(|entry| entry.contract_id)
            .collect();
        match ids[..] {
            [id] => Ok(id),
            [] => bail!(
                "no contract called {name} was deployed through this relayer (`relayer contract list` shows those that \
                 were)"
            ),
            _ => {
                let ids: String = ids.iter().map(|id| format!("\n  {id}")).collect();
                bail!("several contracts are called {name}; name one by its id:{ids}")
            }
        }
    }
}

/// JSON that was given, or that the named file holds, without the space around it. `option` says
/// whose argument it is.
pub(super) fn json(option: &str, given: &str) -> anyhow::Result<Vec<u8>> {
    let is_json = given.trim_start().starts_with(['{', '[', '"']);
    let text = if is_json {
        given.to_owned()
    } else {
        std::fs::read_to_string(given).with_context(|| format!("{option}: {given} can't be read"))?
    };
    serde_json::from_str::<serde::de::IgnoredAny>(&text).with_context(|| format!("{option}: not JSON"))?;
    Ok(text.trim().as_bytes().to_vec())
}

pub(super) fn file(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} can't be read", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_needs_no_prefix() {
        assert_eq!("0x0aFF".parse(), Ok(Hex(vec![10, 255])));
        assert_eq!("0aff".parse(), Ok(Hex(vec![10, 255])));
        assert!("0x0".parse::<Hex>().is_err());
    }

    #[test]
    fn sixty_four_digits_are_an_id_and_the_rest_are_names() {
        assert!(matches!(format!("0x{}", "11".repeat(32)).parse(), Ok(Called::Id(_))));
        assert!(matches!("price".parse(), Ok(Called::Name(_))));
        assert!("  ".parse::<Called>().is_err());
    }

    #[test]
    fn json_is_kept_as_it_was_written() {
        assert_eq!(json("--x", " {\"b\": 1, \"a\": 2} ").unwrap(), b"{\"b\": 1, \"a\": 2}");
        assert!(json("--x", "{").unwrap_err().to_string().contains("--x: not JSON"));
        assert!(json("--x", "no-such-file").unwrap_err().to_string().contains("no-such-file"));
    }
}
