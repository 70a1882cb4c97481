use super::{accepted, chain::ChainArgs};
use crate::cli::output::{Output, Table};
use clap::Args;
use phat_connector::TxHash;
use phat_enclave_api::{Attestation, Endpoint};
use phat_protocol::{Digest, EvmAddress};
use serde::Serialize;

#[derive(Debug, Args)]
pub(crate) struct Allow {
    #[command(flatten)]
    chain: ChainArgs,
    /// The registry; the sending account administers it.
    #[arg(long, value_name = "ADDRESS")]
    registry: EvmAddress,
    /// The enclave whose code and configuration are allowed.
    #[arg(long, value_name = "ENDPOINT")]
    enclave: Endpoint,
    /// Accept an enclave that nothing vouches for: for development.
    #[arg(long)]
    allow_simulated: bool,
}

#[derive(Serialize)]
struct Allowed {
    chain_id: u64,
    registry: EvmAddress,
    attestation: Attestation,
    measurement: Digest,
    config_hash: Digest,
    transaction: TxHash,
    /// The height of the transaction's block.
    block: u64,
    gas_used: u64,
}

impl Allow {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        let admin = self.chain.connect()?;
        let status = accepted(&self.enclave, self.allow_simulated).await?;
        let progress = output.progress("allowing the enclave: waiting until it is mined");
        let mined = admin.allow(self.registry, status.measurement, status.config_hash).await?;
        drop(progress);
        let answer = Allowed {
            chain_id: self.chain.chain_id,
            registry: self.registry,
            attestation: status.attestation,
            measurement: status.measurement,
            config_hash: status.config_hash,
            transaction: mined.hash,
            block: mined.block.number,
            gas_used: mined.gas_used,
        };
        output.show(&answer, |answer| {
            let mut table = Table::new(&["registry", &answer.registry.to_string()]);
            table.row(["attestation".to_owned(), answer.attestation.to_string()]);
            table.row(["measurement".to_owned(), answer.measurement.to_string()]);
            table.row(["config hash".to_owned(), answer.config_hash.to_string()]);
            table.row(["transaction".to_owned(), answer.transaction.to_string()]);
            table.row(["block".to_owned(), answer.block.to_string()]);
            table.render()
        })
    }
}
