mod build;
mod call;
mod check;
mod code;
mod deploy;
mod interface;
mod message;
mod new;
mod owner;
mod secret;
mod send;
mod show;
mod simulate;

pub(super) use message::named_input;
pub(super) use simulate::log as contract_log;

use super::{argument::Called, client::Api, output::Output, paused, resumed};
use crate::api::{PauseAnswer, PauseOrder, ResumeAnswer};
use clap::Subcommand;
use phat_protocol::Owner;
use std::{path::PathBuf, process::ExitCode};

#[derive(Debug, Subcommand)]
pub(super) enum ContractCommand {
    New(new::New),
    Build(build::Build),
    /// Say whether a module can become a contract, or every reason why not. Needs no relayer.
    Check {
        /// The module, or the bundle of module and metadata.
        #[arg(value_name = "FILE.wasm|FILE.contract")]
        file: PathBuf,
    },
    Upload(code::Upload),
    Deploy(deploy::Deploy),
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
    Call(call::Call),
    Simulate(simulate::Simulate),
    Send(send::Send),
    Query(send::Query),
    #[command(subcommand)]
    Secret(secret::SecretCommand),
    /// Run a contract no more, on any chain; runs that are under way end. It holds over restarts.
    Pause {
        /// The contract's id, or its name where no other has the same.
        #[arg(value_name = "ID|NAME")]
        contract: Called,
        /// Why, for those who see the pause.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        api: Api,
    },
    /// End a contract's pause.
    Resume {
        /// The contract's id, or its name where no other has the same.
        #[arg(value_name = "ID|NAME")]
        contract: Called,
        #[command(flatten)]
        api: Api,
    },
}

impl ContractCommand {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<ExitCode> {
        match self {
            Self::New(new) => new.run(output)?,
            Self::Build(build) => build.run(output)?,
            Self::Check { file } => check::check(file, output)?,
            Self::Upload(upload) => upload.run(output).await?,
            Self::Deploy(deploy) => deploy.run(output).await?,
            Self::List { api } => show::list(&api.connect()?, output).await?,
            Self::Show { contract, api } => show::show(contract, &api.connect()?, output).await?,
            Self::Call(call) => return call.run(output).await,
            Self::Simulate(simulate) => return simulate.run(output).await,
            Self::Send(send) => return send.run(output).await,
            Self::Query(query) => return query.run(output).await,
            Self::Secret(command) => command.run(output).await?,
            Self::Pause { contract, reason, api } => {
                let client = api.connect()?;
                let id = contract.id(&client).await?.to_string();
                let path = ["v1", "contracts", &id, "pause"];
                let answer: PauseAnswer = client.post(&path, &PauseOrder { reason }).await?;
                output.show(&answer, |answer| paused(&format!("contract {id}"), &answer.paused))?;
            }
            Self::Resume { contract, api } => {
                let client = api.connect()?;
                let id = contract.id(&client).await?.to_string();
                let path = ["v1", "contracts", &id, "resume"];
                let answer: ResumeAnswer = client.post(&path, &serde_json::json!({})).await?;
                output.show(&answer, |answer| resumed(&format!("contract {id}"), *answer))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn owner(owner: Owner) -> String {
    match owner.evm_address() {
        _ if owner.is_nobody() => "nobody".to_owned(),
        Some(address) => address.to_string(),
        None => owner.to_string(),
    }
}
