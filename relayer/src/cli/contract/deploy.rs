use crate::{
    api::{CodeAnswer, ContractAnswer, DeployContract},
    catalogue::ContractName,
    cli::{
        argument::{self, Hex},
        client::{Api, Client},
        output::Output,
    },
    output::{OutputDescription, UncheckedDescription},
};
use anyhow::Context;
use clap::Args;
use parity_scale_codec::Encode;
use phat_protocol::{EvmAddress, Owner, Salt, selector};
use std::path::PathBuf;

/// Bring a contract into the enclave. Doing it again changes nothing but the name.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relayer contract deploy http-json.wasm --init-json price.json --name price")]
pub(crate) struct Deploy {
    /// The module.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
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
        let wasm = argument::file(&self.file)?;
        let name = match &self.name {
            Some(name) => name.clone(),
            None => {
                let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
                stem.parse().context("the file's name doesn't serve; give one with --name")?
            }
        };
        let init_data = init_data(self.init_json.as_deref(), self.init_data.as_ref())?;
        let described = self.output.as_deref().map(output_description).transpose()?;
        let (owner, salt) = (self.owner, self.salt.unwrap_or_default());
        let client: Client = self.api.connect()?;
        let progress = output.progress(format!("uploading {} bytes of code", wasm.len()));
        let CodeAnswer { code_hash, .. } = client.put_bytes(&["v1", "code"], wasm).await?;
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
