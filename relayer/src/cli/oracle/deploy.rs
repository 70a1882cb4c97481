use super::{accepted, chain::ChainArgs};
use crate::cli::output::{Output, Table};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use phat_connector_evm::admin::{OraclePlan, Prices, Verifier};
use phat_enclave_api::{Attestation, Endpoint};
use phat_protocol::{Digest, EvmAddress};
use serde::Serialize;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct Deploy {
    #[command(flatten)]
    chain: ChainArgs,
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
    /// The chain's name in the configuration.
    #[arg(long, default_value = "local")]
    name: String,
}

#[derive(Serialize)]
struct Deployed {
    chain_id: u64,
    oracle: EvmAddress,
    registry: EvmAddress,
    verifier: EvmAddress,
    /// What the verifier takes for evidence, where it was deployed here.
    attestation: Option<Attestation>,
    admin: EvmAddress,
    operator: EvmAddress,
    /// The height of the oracle's block.
    block: u64,
    gas_used: u64,
    /// The section for the configuration.
    section: String,
}

impl Deploy {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        let admin = self.chain.connect()?;
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
        let progress = output.progress("deploying registry and oracle: waiting until they are mined");
        let deployed = admin.deploy_oracle(&plan).await?;
        drop(progress);
        let block = deployed.oracle.transaction.block.number;
        let oracle = deployed.oracle.address;
        let answer = Deployed {
            chain_id: self.chain.chain_id,
            oracle,
            registry: deployed.registry.address,
            verifier: deployed.verifier,
            attestation: match plan.verifier {
                Verifier::Simulated => Some(Attestation::Simulated),
                Verifier::At(_) => None,
            },
            admin: self.admin.unwrap_or_else(|| admin.account()),
            operator,
            block,
            gas_used: deployed.gas_used(),
            section: self.section(oracle, block)?,
        };
        output.show(&answer, |answer| {
            let mut table = Table::new(&["oracle", &answer.oracle.to_string()]);
            table.row(["registry".to_owned(), answer.registry.to_string()]);
            let takes = answer.attestation.map_or_else(String::new, |attestation| format!(" ({attestation})"));
            table.row(["verifier".to_owned(), format!("{}{takes}", answer.verifier)]);
            table.row(["admin".to_owned(), answer.admin.to_string()]);
            table.row(["operator".to_owned(), answer.operator.to_string()]);
            table.row(["block".to_owned(), answer.block.to_string()]);
            table.row(["gas used".to_owned(), answer.gas_used.to_string()]);
            format!("{}\nFor the configuration:\n\n{}", table.render(), answer.section)
        })?;
        if plan.allowed.is_empty() {
            output.note(
                "note: no worker may register yet; `relayer oracle allow` allows an enclave's code and configuration",
            );
        }
        Ok(())
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
        let status = accepted(endpoint, self.allow_simulated).await?;
        Ok(vec![(status.measurement, status.config_hash)])
    }

    /// `[chains.NAME]` for this oracle.
    fn section(&self, oracle: EvmAddress, block: u64) -> anyhow::Result<String> {
        let mut section = toml::Table::new();
        section.insert("kind".to_owned(), "evm".into());
        section.insert("rpc_url".to_owned(), self.chain.rpc_url.clone().into());
        section.insert("chain_id".to_owned(), i64::try_from(self.chain.chain_id)?.into());
        section.insert("oracle".to_owned(), oracle.to_string().into());
        section.insert("from_block".to_owned(), i64::try_from(block)?.into());
        if let Some(file) = &self.chain.key.key_file {
            section.insert("key_file".to_owned(), absolute(file)?.into());
        }
        if let Some(variable) = &self.chain.key.key_env {
            section.insert("key_env".to_owned(), variable.clone().into());
        }
        if let Some(file) = &self.chain.ca_certificate {
            section.insert("ca_certificate".to_owned(), absolute(file)?.into());
        }
        Ok(format!("[chains.{}]\n{section}", self.name))
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
