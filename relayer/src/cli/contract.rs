use super::{
    client::{Api, Client},
    output::{Output, Table, time},
};
use crate::{
    api::{CodeAnswer, ContractAnswer, ContractsAnswer, DeployContract},
    catalogue::{ContractName, InvalidContractName},
};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use parity_scale_codec::Encode;
use phat_executor::Limits;
use phat_protocol::{ContractId, EvmAddress, Owner, Salt, selector};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

#[derive(Debug, Subcommand)]
pub(super) enum ContractCommand {
    /// Say whether a module can become a contract, or every reason why not. Needs no relayer.
    Check {
        /// The module.
        #[arg(value_name = "FILE.wasm")]
        file: PathBuf,
    },
    /// Bring a contract into the enclave.
    Deploy(Deploy),
    /// List the contracts that were deployed through this relayer.
    List {
        #[command(flatten)]
        api: Api,
    },
    /// Show one contract.
    Show {
        /// The contract's id, or its name where no other has the same.
        #[arg(value_name = "ID|NAME")]
        contract: Called,
        #[command(flatten)]
        api: Api,
    },
}

#[derive(Debug, Args)]
pub(super) struct Deploy {
    /// The module.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Deploy with the constructor `new` and this JSON as its one argument: JSON, or a file that holds it.
    #[arg(long, value_name = "FILE|JSON", conflicts_with = "init_data")]
    init_json: Option<String>,
    /// Deploy with exactly this input: selector and SCALE-encoded arguments of the constructor. Without either, the
    /// constructor `new` gets no argument.
    #[arg(long, value_name = "HEX", value_parser = parse_hex)]
    init_data: Option<Hex>,
    /// Whom the constructor sees as its caller: an EVM address, 32 bytes, or nobody. It is part of the contract's id,
    /// and gives no rights over the contract.
    #[arg(long, value_name = "ADDRESS|nobody", default_value = "nobody", value_parser = parse_owner)]
    owner: Owner,
    /// 32 bytes that tell it from others of the same code, init data and owner.
    #[arg(long, value_name = "HEX")]
    salt: Option<Salt>,
    /// The name that it is known by here; without this the file's.
    #[arg(long)]
    name: Option<ContractName>,
    #[command(flatten)]
    api: Api,
}

/// Bytes that were given in hexadecimal.
#[derive(Clone, Debug)]
struct Hex(Vec<u8>);

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
    async fn id(self, client: &Client) -> anyhow::Result<ContractId> {
        let name = match self {
            Self::Id(id) => return Ok(id),
            Self::Name(name) => name,
        };
        let answer: ContractsAnswer = client.get(&["v1", "contracts"], &[]).await?;
        let ids: Vec<ContractId> =
            answer.contracts.iter().filter(|entry| entry.name == name).map(|entry| entry.contract_id).collect();
        match ids[..] {
            [id] => Ok(id),
            [] => bail!("no contract called {name} was deployed through this relayer"),
            _ => {
                let ids: String = ids.iter().map(|id| format!("\n  {id}")).collect();
                bail!("several contracts are called {name}; show one by its id:{ids}")
            }
        }
    }
}

#[derive(Serialize)]
struct Accepted {
    file: PathBuf,
    initial_pages: u32,
    maximum_pages: Option<u32>,
    imports: Vec<String>,
}

impl ContractCommand {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Check { file } => check(file, output),
            Self::Deploy(deploy) => deploy.run(output).await,
            Self::List { api } => {
                let answer: ContractsAnswer = api.connect()?.get(&["v1", "contracts"], &[]).await?;
                output.list(&answer, "no contract was deployed through this relayer", |answer| {
                    let mut table = Table::new(&["contract", "name", "revision", "owner", "deployed"]);
                    for entry in &answer.contracts {
                        table.row([
                            entry.contract_id.to_string(),
                            entry.name.to_string(),
                            entry.revision.to_string(),
                            owner(entry.owner),
                            time(entry.deployed_at_ms),
                        ]);
                    }
                    table
                })
            }
            Self::Show { contract, api } => {
                let client = api.connect()?;
                let id = contract.id(&client).await?;
                let answer: ContractAnswer = client.get(&["v1", "contracts", &id.to_string()], &[]).await?;
                output.show(&answer, |answer| {
                    let entry = &answer.entry;
                    let mut table = Table::new(&["contract", &entry.contract_id.to_string()]);
                    table.row(["name".to_owned(), entry.name.to_string()]);
                    table.row(["code".to_owned(), entry.code_hash.to_string()]);
                    table.row(["init data".to_owned(), format!("0x{}", hex::encode(&entry.init_data))]);
                    table.row(["owner".to_owned(), owner(entry.owner)]);
                    table.row(["salt".to_owned(), entry.salt.to_string()]);
                    table.row(["revision".to_owned(), entry.revision.to_string()]);
                    table.row(["deployed".to_owned(), time(entry.deployed_at_ms)]);
                    let in_enclave = match answer.in_enclave {
                        Some(true) => "has it",
                        Some(false) => "lacks it: deploy it again",
                        None => "does not answer",
                    };
                    table.row(["enclave".to_owned(), in_enclave.to_owned()]);
                    if let Some(attestation) = answer.attestation {
                        table.row(["attestation".to_owned(), attestation.to_string()]);
                    }
                    table.render()
                })
            }
        }
    }
}

fn check(file: PathBuf, output: &Output) -> anyhow::Result<()> {
    let wasm = read(&file)?;
    match phat_executor::check(&wasm, &Limits::default()) {
        Ok(facts) => {
            let imports = facts.imports.iter().map(|(module, name)| format!("{module}.{name}")).collect();
            let accepted =
                Accepted { file, initial_pages: facts.initial_pages, maximum_pages: facts.maximum_pages, imports };
            output.show(&accepted, |accepted| {
                format!(
                    "{} can be deployed: {} bytes, {} imports, {} pages of memory at the start",
                    accepted.file.display(),
                    wasm.len(),
                    accepted.imports.len(),
                    accepted.initial_pages
                )
            })
        }
        Err(refusals) => {
            let reasons: String = refusals.iter().map(|refusal| format!("\n  {refusal}")).collect();
            Err(anyhow::anyhow!("{} can't be deployed:{reasons}", file.display()))
        }
    }
}

impl Deploy {
    async fn run(self, output: &Output) -> anyhow::Result<()> {
        let wasm = read(&self.file)?;
        let name = match &self.name {
            Some(name) => name.clone(),
            None => {
                let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
                stem.parse().context("the file's name doesn't serve; give one with --name")?
            }
        };
        let init_data = init_data(self.init_json.as_deref(), self.init_data.as_ref())?;
        let (owner, salt) = (self.owner, self.salt.unwrap_or_default());
        let client: Client = self.api.connect()?;
        let CodeAnswer { code_hash, .. } = client.put_bytes(&["v1", "code"], wasm).await?;
        let deploy = DeployContract { name, code_hash, init_data, owner, salt };
        let answer: ContractAnswer = client.post(&["v1", "contracts"], &deploy).await?;
        output.show(&answer, |answer| {
            let waited = match answer.reconsidered {
                0 => String::new(),
                count => format!("\n{count} requests had waited for it"),
            };
            let attested = answer.attestation.map_or_else(String::new, |kind| format!(" ({kind} attestation)"));
            format!("{}\n{} is deployed{attested}{waited}", answer.entry.contract_id, answer.entry.name)
        })
    }
}

/// The input of `deploy`.
fn init_data(json: Option<&str>, exact: Option<&Hex>) -> anyhow::Result<Vec<u8>> {
    let constructor = selector("new");
    match (json, exact) {
        (_, Some(Hex(bytes))) => Ok(bytes.clone()),
        (Some(given), None) => Ok([&constructor[..], &read_json(given)?.encode()].concat()),
        (None, None) => Ok(constructor.to_vec()),
    }
}

/// The JSON that was given, or that the named file holds.
fn read_json(given: &str) -> anyhow::Result<Vec<u8>> {
    let is_json = given.trim_start().starts_with(['{', '[', '"']);
    let text = if is_json {
        given.to_owned()
    } else {
        std::fs::read_to_string(given).with_context(|| format!("--init-json: {given} can't be read"))?
    };
    serde_json::from_str::<serde::de::IgnoredAny>(&text).context("--init-json: not JSON")?;
    Ok(text.trim().as_bytes().to_vec())
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))
}

fn owner(owner: Owner) -> String {
    match owner.evm_address() {
        _ if owner.is_nobody() => "nobody".to_owned(),
        Some(address) => address.to_string(),
        None => owner.to_string(),
    }
}

fn parse_owner(text: &str) -> Result<Owner, String> {
    if text == "nobody" {
        return Ok(Owner::NOBODY);
    }
    text.parse::<EvmAddress>()
        .map(Owner::from)
        .or_else(|_| text.parse::<Owner>())
        .map_err(|_| "expected nobody, an address of 0x and 40 digits, or 0x and 64 digits".to_owned())
}

fn parse_hex(text: &str) -> Result<Hex, String> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).map(Hex).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_becomes_the_one_argument_of_new() {
        assert_eq!(init_data(Some(" {} "), None).unwrap(), [0x9b, 0xae, 0x9d, 0x5e, 8, b'{', b'}']);
        assert_eq!(init_data(None, None).unwrap(), [0x9b, 0xae, 0x9d, 0x5e]);
        assert_eq!(init_data(None, Some(&Hex(vec![1]))).unwrap(), [1]);
        assert!(init_data(Some("{"), None).is_err());
    }

    #[test]
    fn owners_are_addresses_accounts_or_nobody() {
        assert!(parse_owner("nobody").unwrap().is_nobody());
        let address = "0x5fbdb2315678afecb367f032d93f642f64180aa3";
        assert_eq!(owner(parse_owner(address).unwrap()), address);
        assert!(parse_owner("me").is_err());
    }
}
