use super::{
    client::Api,
    limits,
    output::{Output, Table, time},
};
use crate::api::{QuoteAnswer, RegisteredAnswer, WorkerAnswer};
use clap::Subcommand;
use phat_enclave_api::QuoteFor;
use phat_protocol::{evm, substrate};

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
    /// Show the enclave's worker: keys, measurement, configuration, limits, and where its reports count.
    Show {
        #[command(flatten)]
        api: Api,
    },
    /// Get fresh evidence over the worker's keys for a chain's registry, without sending it there.
    #[command(after_help = "Example:\n  relayer worker quote --chain local --json")]
    Quote {
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
                let client = api.connect()?;
                let progress = output.progress(format!("registering the worker on {chain}: waiting until it is mined"));
                let answer: RegisteredAnswer = client.post(&path, &serde_json::json!({})).await?;
                drop(progress);
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
            Self::Show { api } => {
                let answer: WorkerAnswer = api.connect()?.get(&["v1", "worker"], &[]).await?;
                output.show(&answer, in_words)
            }
            Self::Quote { chain, api } => {
                let client = api.connect()?;
                let progress = output.progress(format!("asking the enclave for a quote for {chain}"));
                let answer: QuoteAnswer = client.get(&["v1", "worker", "quote"], &[("chain", chain)]).await?;
                drop(progress);
                output.show(&answer, quote_in_words)
            }
        }
    }
}

fn in_words(worker: &WorkerAnswer) -> String {
    let mut table = Table::new(&["worker", &worker.keys.worker.to_string()]);
    if let Some(fault) = &worker.fault {
        table.row(["can't sign".to_owned(), fault.clone()]);
    }
    table.row(["attestation".to_owned(), worker.attestation.to_string()]);
    table.row(["release".to_owned(), worker.version.clone()]);
    table.row(["encryption key".to_owned(), worker.keys.x25519.to_string()]);
    table.row(["VRF key hash".to_owned(), worker.keys.vrf_key_hash.to_string()]);
    table.row(["measurement".to_owned(), worker.measurement.to_string()]);
    table.row(["config hash".to_owned(), worker.config_hash.to_string()]);
    table.row(["contracts".to_owned(), worker.contracts.to_string()]);
    table.row(["runs".to_owned(), format!("{} now, {} since it started", worker.running, worker.executions)]);
    for standing in &worker.chains {
        let stands = match (standing.active, &standing.trouble) {
            (Some(true), _) => "active".to_owned(),
            (Some(false), _) => format!("not active (`relayer worker register --chain {}`)", standing.chain),
            (None, Some(trouble)) => trouble.clone(),
            (None, None) => "unknown".to_owned(),
        };
        table.row([format!("chain {}", standing.chain), stands]);
    }
    for (name, limit) in worker.config.get("limits").into_iter().flat_map(limits::named) {
        table.row([format!("limit {name}"), limit]);
    }
    table.render()
}

fn quote_in_words(quote: &QuoteAnswer) -> String {
    let mut table = Table::new(&["chain", &quote.chain]);
    let (registry, operator, number, hash) = match &quote.quote_for {
        QuoteFor::Evm(evm::Registration { chain_id, registry, operator, block_number, block_hash }) => {
            (format!("{registry} on chain {chain_id}"), operator.to_string(), block_number, block_hash)
        }
        QuoteFor::Substrate(substrate::Registration { genesis, instance, operator, block_number, block_hash }) => {
            let operator = format!("0x{}", hex::encode(operator));
            (format!("{instance} on the chain of {genesis}"), operator, block_number, block_hash)
        }
    };
    table.row(["registry".to_owned(), registry]);
    table.row(["operator".to_owned(), operator]);
    table.row(["block".to_owned(), format!("{number} {hash}")]);
    table.row(["attestation".to_owned(), quote.attestation.to_string()]);
    table.row(["worker".to_owned(), quote.keys.worker.to_string()]);
    table.row(["encryption key".to_owned(), quote.keys.x25519.to_string()]);
    table.row(["VRF key hash".to_owned(), quote.keys.vrf_key_hash.to_string()]);
    table.row(["measurement".to_owned(), quote.measurement.to_string()]);
    table.row(["config hash".to_owned(), quote.config_hash.to_string()]);
    table.row(["report data".to_owned(), format!("0x{}", hex::encode(&quote.report_data))]);
    table.row(["evidence".to_owned(), format!("0x{}", hex::encode(&quote.evidence))]);
    table.render()
}
