mod allow;
mod chain;
mod deploy;

use super::output::Output;
use anyhow::bail;
use clap::Subcommand;
use phat_enclave_api::{Attestation, Client, ClientSettings, Enclave, Endpoint, Status};

#[derive(Debug, Subcommand)]
pub(super) enum OracleCommand {
    /// Deploy an oracle and a registry of its workers on an EVM chain, and print the section for the configuration.
    Deploy(deploy::Deploy),
    /// Allow workers with an enclave's code and configuration to register, at a registry that is there.
    Allow(allow::Allow),
}

impl OracleCommand {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Deploy(deploy) => deploy.run(output).await,
            Self::Allow(allow) => allow.run(output).await,
        }
    }
}

/// What the enclave states of itself, once what vouches for it is accepted.
async fn accepted(endpoint: &Endpoint, allow_simulated: bool) -> anyhow::Result<Status> {
    let status = Client::new(endpoint.clone(), ClientSettings::default())?.status().await?;
    match status.attestation {
        Attestation::Simulated if !allow_simulated => bail!(
            "the enclave's attestation is simulated: nothing vouches for it; --allow-simulated accepts that, for \
             development"
        ),
        Attestation::Simulated => Ok(status),
    }
}
