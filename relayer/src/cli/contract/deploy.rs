mod javascript;

use super::code::{self, Code};
use crate::{
    api::{ContractAnswer, DeployContract},
    catalogue::ContractName,
    cli::{
        argument::{self, Hex},
        client::{Api, Client},
        output::Output,
    },
    output::{OutputDescription, UncheckedDescription},
};
use anyhow::{Context, bail};
use clap::Args;
use parity_scale_codec::Encode;
use phat_metadata::Interface;
use phat_protocol::{CodeHash, EvmAddress, Owner, Salt, selector};
use std::{convert::Infallible, path::PathBuf, str::FromStr};

/// Bring a contract into the enclave. Doing it again changes nothing but the name.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  relayer contract deploy http-json.wasm --init-json price.json --name price\n  \
    relayer contract deploy ink-price.contract https://prices.example.com --constructor new\n  \
    relayer contract deploy --js price.js")]
pub(crate) struct Deploy {
    /// The module, the bundle of module and metadata, or the hash of code that was uploaded before.
    #[arg(value_name = "FILE.wasm|FILE.contract|CODE-HASH", required_unless_present = "js")]
    code: Option<Given>,
    /// The constructor's arguments, in order, where metadata tells what they are: numbers, text and 0x… bytes as they
    /// are, everything else as JSON.
    #[arg(value_name = "ARGUMENT", allow_negative_numbers = true, conflicts_with_all = ["init_json", "init_data"])]
    arguments: Vec<String>,
    /// The constructor, as the metadata calls it; without this `new`, or the only one.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["init_json", "init_data"])]
    constructor: Option<String>,
    /// Deploy a script in JavaScript: its text becomes the setting `script` of the JavaScript contract, which comes with
    /// this program. Other settings are given with --init-json.
    #[arg(long, value_name = "SCRIPT.js", conflicts_with_all = ["code", "arguments", "constructor", "init_data"])]
    js: Option<PathBuf>,
    /// Deploy with the constructor `new` and this JSON as its one argument: JSON, or a file that holds it.
    #[arg(long, value_name = "FILE|JSON", conflicts_with = "init_data")]
    init_json: Option<String>,
    /// Deploy with exactly this input: selector and SCALE-encoded arguments of the constructor. Without either, the
    /// constructor `new` gets no argument.
    #[arg(long, value_name = "HEX")]
    init_data: Option<Hex>,
    /// Who may change the contract and give it secrets, and whom the constructor sees as its caller: an EVM address,
    /// the 32 bytes of an sr25519 key, or nobody. It is part of the contract's id.
    #[arg(long, value_name = "ADDRESS|nobody", default_value = "nobody", value_parser = parse_owner)]
    owner: Owner,
    /// 32 bytes that tell it from others of the same code, init data and owner.
    #[arg(long, value_name = "HEX")]
    salt: Option<Salt>,
    /// The name that it is known by here; without this the file's.
    #[arg(long)]
    name: Option<ContractName>,
    /// How its output is read, in place of what the module's section phat.output says: JSON, or a file that holds it.
    #[arg(long, value_name = "FILE|JSON")]
    output: Option<String>,
    #[command(flatten)]
    api: Api,
}

impl Deploy {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        let client: Client = self.api.connect()?;
        let (source, file) = match (&self.js, &self.code) {
            (Some(script), _) => (Source::File(Code::module(javascript::ENGINE.to_vec())), Some(script)),
            (None, Some(given @ Given::File(path))) => (Source::read(given, &client, output).await?, Some(path)),
            (None, Some(given @ Given::Uploaded(_))) => (Source::read(given, &client, output).await?, None),
            (None, None) => bail!("a module, a bundle or a script has to be named"),
        };
        let name = match (&self.name, file) {
            (Some(name), _) => name.clone(),
            (None, Some(path)) => {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                stem.parse().context("the file's name doesn't serve; give one with --name")?
            }
            (None, None) => {
                bail!("a contract of uploaded code has no name by itself: give one with --name")
            }
        };
        let init_data = match (source.interface(), &self.constructor, &self.arguments[..]) {
            (Some(interface), constructor, arguments) if self.init_json.is_none() && self.init_data.is_none() => {
                constructed(interface, constructor.as_deref(), arguments)?
            }
            (None, Some(_), _) | (None, None, [_, ..]) => bail!(
                "no metadata tells of this code's constructors: deploy its bundle, or give the input with --init-data"
            ),
            _ => match &self.js {
                Some(script) => javascript::init_data(argument::file(script)?, self.init_json.as_deref())?,
                None => init_data(self.init_json.as_deref(), self.init_data.as_ref())?,
            },
        };
        let described = self.output.as_deref().map(output_description).transpose()?;
        let (owner, salt) = (self.owner, self.salt.unwrap_or_default());
        let progress = output.progress("uploading the code");
        let code_hash = source.code_hash(&client).await?;
        progress.say(format!("deploying {name} with code {code_hash}"));
        let deploy = DeployContract { name, code_hash, init_data, owner, salt, output: described };
        let answer: ContractAnswer = client.post(&["v1", "contracts"], &deploy).await?;
        drop(progress);
        output.show(&answer, |answer| {
            let waited = match answer.reconsidered {
                0 => String::new(),
                count => format!("\n{count} requests had waited for it"),
            };
            let attested = answer.attestation.map_or_else(String::new, |kind| format!(" ({kind} attestation)"));
            format!("{}\n{} is deployed{attested}{waited}", answer.summary.entry.contract_id, answer.summary.entry.name)
        })
    }
}

/// What a contract is made of, as it was given.
#[derive(Clone, Debug)]
enum Given {
    File(PathBuf),
    Uploaded(CodeHash),
}

impl FromStr for Given {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.parse().map_or_else(|_| Self::File(text.into()), Self::Uploaded))
    }
}

/// What a contract is made of.
enum Source {
    File(Code),
    Uploaded(CodeHash, Option<Interface>),
}

impl Source {
    async fn read(given: &Given, client: &Client, output: &Output) -> anyhow::Result<Self> {
        Ok(match given {
            Given::File(path) => Self::File(Code::read(path, output)?),
            Given::Uploaded(code) => Self::Uploaded(*code, code::interface(client, *code).await?),
        })
    }

    fn interface(&self) -> Option<&Interface> {
        match self {
            Self::File(code) => code.interface(),
            Self::Uploaded(_, interface) => interface.as_ref(),
        }
    }

    async fn code_hash(self, client: &Client) -> anyhow::Result<CodeHash> {
        match self {
            Self::File(code) => Ok(code.upload(client).await?.code_hash),
            Self::Uploaded(code, _) => Ok(code),
        }
    }
}

/// The input of `deploy`, by the metadata.
fn constructed(interface: &Interface, constructor: Option<&str>, arguments: &[String]) -> anyhow::Result<Vec<u8>> {
    let only = match interface.constructors() {
        [only] => only.name.as_str(),
        _ => "new",
    };
    let entry = interface.constructor(constructor.unwrap_or(only))?;
    Ok(interface.encode(entry, arguments)?)
}

/// The input of `deploy`.
fn init_data(json: Option<&str>, exact: Option<&Hex>) -> anyhow::Result<Vec<u8>> {
    let constructor = selector("new");
    match (json, exact) {
        (_, Some(Hex(bytes))) => Ok(bytes.clone()),
        (Some(given), None) => Ok([&constructor[..], &argument::json("--init-json", given)?.encode()].concat()),
        (None, None) => Ok(constructor.to_vec()),
    }
}

/// How the output is read. It is checked before any code is uploaded.
fn output_description(given: &str) -> anyhow::Result<UncheckedDescription> {
    let json = argument::json("--output", given)?;
    let description: UncheckedDescription = serde_json::from_slice(&json).context("--output")?;
    OutputDescription::try_from(description.clone()).context("--output")?;
    Ok(description)
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

#[cfg(test)]
mod tests {
    use super::{super::owner, *};

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
