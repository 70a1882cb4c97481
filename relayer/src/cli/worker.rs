use super::{
    client::Api,
    output::{Output, time},
};
use crate::api::RegisteredAnswer;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum WorkerCommand {
    /// Register the enclave's worker on a chain, with a fresh quote, as the chain's wallet. Doing it again renews it.
    Register {
        /// The chain's name in the configuration.
        #[arg(long, value_name = "NAME")]
        chain: String,
        #[command(flatten)]
        api: Api,
    },
}

impl WorkerCommand {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Register { chain, api } => {
                let path = ["v1", "chains", &chain, "worker"];
                let answer: RegisteredAnswer = api.connect()?.post(&path, &serde_json::json!({})).await?;
                output.show(&answer, |answer| {
                    format!(
                        "worker {} ({}) is registered on {chain} until {}\ntransaction {} in block {}",
                        answer.worker,
                        answer.attestation,
                        time(i64::try_from(answer.expires_at).unwrap_or(i64::MAX).saturating_mul(1000)),
                        answer.transaction,
                        answer.block
                    )
                })
            }
        }
    }
}
