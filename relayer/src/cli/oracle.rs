use super::output::{Output, Table};
use crate::config::{Environment, WalletKey};
use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use phat_connector_evm::{
    EndpointUrl,
    admin::{AdminSettings, EvmAdmin, OraclePlan, Prices, Verifier},
};
use phat_enclave_api::{Attestation, Client, ClientSettings, Enclave, Endpoint};
use phat_protocol::{Digest, EvmAddress};
use serde::Serialize;
use std::{path::PathBuf, time::Duration};

#[derive(Debug, Subcommand)]
pub(super) enum OracleCommand {
    /// Deploy an oracle and a registry of its workers on an EVM chain, and print the section for the configuration.
    Deploy(Deploy),
}

#[derive(Debug, Args)]
pub(super) struct Deploy {
    /// The chain's node.
    #[arg(long, value_name = "URL")]
    rpc_url: String,
    /// The EIP-155 chain id that the node must serve.
    #[arg(long, value_name = "N")]
    chain_id: u64,
    #[command(flatten)]
    key: Key,
    /// Who administers oracle and registry; without this the deploying account.
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<EvmAddress>,
    /// Who may register workers; without this the deploying account.
    #[arg(long, value_name = "ADDRESS")]
    operator: Option<EvmAddress>,
    /// How many workers must sign a report.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=32))]
    threshold: u8,
    /// Allow workers with this enclave's code and configuration to register.
    #[arg(long, value_name = "ENDPOINT")]
    enclave: Option<Endpoint>,
    /// A verifier of evidence that is deployed already. Without this, a simulated one is deployed.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "allow_simulated")]
    verifier: Option<EvmAddress>,
    /// Accept workers that nothing vouches for: development chains only.
    #[arg(long)]
    allow_simulated: bool,
    /// What a request costs, in wei.
    #[arg(long, value_name = "WEI", default_value_t = 0)]
    price: u128,
    /// How long a registration lasts.
    #[arg(long, value_name = "TIME", default_value = "30days", value_parser = humantime::parse_duration)]
    registration_validity: Duration,
    /// The least time between a request and its expiry.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    min_lifetime: Duration,
    /// The most time between a request and its expiry.
    #[arg(long, value_name = "TIME", default_value = "1day", value_parser = humantime::parse_duration)]
    max_lifetime: Duration,
    /// Certificates (PEM) that are trusted beside the public roots.
    #[arg(long, value_name = "FILE")]
    ca_certificate: Option<PathBuf>,
    /// The chain's name in the configuration.
    #[arg(long, default_value = "local")]
    name: String,
}

/// The account that deploys.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Key {
    /// The file with the deploying account's private key.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The environment variable with the deploying account's private key.
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
}

#[derive(Serialize)]
struct Deployed {
    chain_id: u64,
    oracle: EvmAddress,
    registry: EvmAddress,
    verifier: EvmAddress,
    admin: EvmAddress,
    operator: EvmAddress,
    /// The height of the oracle's block.
    block: u64,
    gas_used: u64,
    /// The section for the configuration.
    section: String,
}

impl OracleCommand {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Deploy(deploy) => deploy.run(output).await,
        }
    }
}

impl Deploy {
    async fn run(self, output: &Output) -> anyhow::Result<()> {
        let admin = self.connect()?;
        let operator = self.operator.unwrap_or_else(|| admin.account());
        let plan = OraclePlan {
            admin: self.admin,
            verifier: self.verifier()?,
            allowed: self.allowed().await?,
            operators: vec![operator],
            registration_validity: self.registration_validity.as_secs(),
            threshold: self.threshold,
            min_lifetime: seconds("--min-lifetime", self.min_lifetime)?,
            max_lifetime: seconds("--max-lifetime", self.max_lifetime)?,
            prices: Prices { per_request: self.price, ..Prices::default() },
        };
        let deployed = admin.deploy_oracle(&plan).await?;
        let block = deployed.oracle.transaction.block.number;
        let oracle = deployed.oracle.address;
        let answer = Deployed {
            chain_id: self.chain_id,
            oracle,
            registry: deployed.registry.address,
            verifier: deployed.verifier,
            admin: self.admin.unwrap_or_else(|| admin.account()),
            operator,
            block,
            gas_used: deployed.gas_used(),
            section: self.section(oracle, block)?,
        };
        output.show(&answer, |answer| {
            let mut table = Table::new(&["oracle", &answer.oracle.to_string()]);
            table.row(["registry".to_owned(), answer.registry.to_string()]);
            table.row(["verifier".to_owned(), answer.verifier.to_string()]);
            table.row(["admin".to_owned(), answer.admin.to_string()]);
            table.row(["operator".to_owned(), answer.operator.to_string()]);
            table.row(["block".to_owned(), answer.block.to_string()]);
            table.row(["gas used".to_owned(), answer.gas_used.to_string()]);
            format!("{}\nFor the configuration:\n\n{}", table.render(), answer.section)
        })?;
        if plan.allowed.is_empty() {
            output.note(
                "note: no worker may register yet; --enclave ENDPOINT allows an enclave's code and configuration",
            );
        }
        Ok(())
    }

    fn connect(&self) -> anyhow::Result<EvmAdmin> {
        let rpc_url: EndpointUrl = self.rpc_url.parse().context("--rpc-url")?;
        let mut settings = AdminSettings::new(rpc_url, self.chain_id);
        if let Some(file) = &self.ca_certificate {
            let certificate =
                std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
            settings.ca_certificate = Some(certificate);
        }
        Ok(EvmAdmin::connect(settings, self.key.read()?.secret())?)
    }

    fn verifier(&self) -> anyhow::Result<Verifier> {
        match self.verifier {
            Some(address) => Ok(Verifier::At(address)),
            None if self.allow_simulated => Ok(Verifier::Simulated),
            None => bail!(
                "--verifier ADDRESS names what checks workers' evidence; --allow-simulated does without, for development"
            ),
        }
    }

    /// The measurement and configuration hash that the enclave states.
    async fn allowed(&self) -> anyhow::Result<Vec<(Digest, Digest)>> {
        let Some(endpoint) = &self.enclave else { return Ok(Vec::new()) };
        let status = Client::new(endpoint.clone(), ClientSettings::default())?.status().await?;
        match status.attestation {
            Attestation::Simulated if !self.allow_simulated => {
                Err(anyhow!("nothing vouches for the enclave: it is simulated; --allow-simulated accepts that"))
            }
            Attestation::Simulated => Ok(vec![(status.measurement, status.config_hash)]),
        }
    }

    /// `[chains.NAME]` for this oracle.
    fn section(&self, oracle: EvmAddress, block: u64) -> anyhow::Result<String> {
        let mut section = toml::Table::new();
        section.insert("kind".to_owned(), "evm".into());
        section.insert("rpc_url".to_owned(), self.rpc_url.clone().into());
        section.insert("chain_id".to_owned(), i64::try_from(self.chain_id)?.into());
        section.insert("oracle".to_owned(), oracle.to_string().into());
        section.insert("from_block".to_owned(), i64::try_from(block)?.into());
        if let Some(file) = &self.key.key_file {
            section.insert("key_file".to_owned(), absolute(file)?.into());
        }
        if let Some(variable) = &self.key.key_env {
            section.insert("key_env".to_owned(), variable.clone().into());
        }
        if let Some(file) = &self.ca_certificate {
            section.insert("ca_certificate".to_owned(), absolute(file)?.into());
        }
        Ok(format!("[chains.{}]\n{section}", self.name))
    }
}

impl Key {
    fn read(&self) -> anyhow::Result<WalletKey> {
        match (&self.key_file, &self.key_env) {
            (Some(file), _) => {
                let text =
                    std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
                WalletKey::new(&text).with_context(|| file.display().to_string())
            }
            (None, Some(variable)) => match Environment::of_process().get(variable) {
                Some(Ok(text)) => WalletKey::new(text).with_context(|| variable.clone()),
                Some(Err(_)) | None => Err(anyhow!("{variable} is not set to text")),
            },
            (None, None) => Err(anyhow!("--key-file or --key-env is required")),
        }
    }
}

/// A path that means the same whatever file names it.
fn absolute(file: &std::path::Path) -> anyhow::Result<String> {
    let path = std::fs::canonicalize(file).with_context(|| format!("{} can't be found", file.display()))?;
    path.into_os_string().into_string().map_err(|path| anyhow!("{} isn't UTF-8", path.display()))
}

fn seconds(option: &str, duration: Duration) -> anyhow::Result<u32> {
    u32::try_from(duration.as_secs()).with_context(|| format!("{option} is too long"))
}
