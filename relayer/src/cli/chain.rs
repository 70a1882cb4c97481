mod show;

pub(super) use show::{waiting, wallets};

use super::{client::Api, output::Output};
use crate::api::{PauseAnswer, PauseOrder, RescanAnswer, RescanCancelledAnswer, RescanOrder, ResumeAnswer};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum ChainCommand {
    /// List the configured chains: head, lag, wallet, and how many requests wait.
    List {
        #[command(flatten)]
        api: Api,
    },
    /// Show one chain.
    Show(Named),
    /// Execute and submit nothing new for a chain; what is under way is settled. It holds over restarts.
    Pause {
        #[command(flatten)]
        chain: Named,
        /// Why, for those who see the pause.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// End a chain's pause.
    Resume(Named),
    /// Have a chain's blocks gone over again, beside the watching of new ones; in the place of what was ordered before.
    #[command(
        after_help = "Examples:\n  relayer chain rescan local --from-block 1000\n  relayer chain rescan local --cancel"
    )]
    Rescan {
        #[command(flatten)]
        chain: Named,
        /// The first block.
        #[arg(long, value_name = "N", required_unless_present = "cancel")]
        from_block: Option<u64>,
        /// Take the order back.
        #[arg(long, conflicts_with = "from_block")]
        cancel: bool,
    },
}

/// A chain of a relayer.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// The chain's name in the configuration.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    api: Api,
}

impl ChainCommand {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::List { api } => show::list(&api.connect()?, output).await,
            Self::Show(Named { name, api }) => show::show(&name, &api.connect()?, output).await,
            Self::Pause { chain: Named { name, api }, reason } => {
                let path = ["v1", "chains", &name, "pause"];
                let answer: PauseAnswer = api.connect()?.post(&path, &PauseOrder { reason }).await?;
                output.show(&answer, |answer| super::paused(&format!("chain {name}"), &answer.paused))
            }
            Self::Resume(Named { name, api }) => {
                let path = ["v1", "chains", &name, "resume"];
                let answer: ResumeAnswer = api.connect()?.post(&path, &serde_json::json!({})).await?;
                output.show(&answer, |answer| super::resumed(&format!("chain {name}"), *answer))
            }
            Self::Rescan { chain: Named { name, api }, from_block: Some(from_block), cancel: _ } => {
                let answer: RescanAnswer = api.connect()?.post(&rescan(&name), &RescanOrder { from_block }).await?;
                output.show(&answer, |RescanAnswer { next_block, to_block }| {
                    format!("blocks {next_block} to {to_block} of chain {name} are gone over again, beside new ones")
                })
            }
            Self::Rescan { chain: Named { name, api }, from_block: None, cancel: _ } => {
                let answer: RescanCancelledAnswer = api.connect()?.delete(&rescan(&name)).await?;
                output.show(&answer, |RescanCancelledAnswer { next_block }| match next_block {
                    Some(next) => format!("blocks from {next} on of chain {name} are gone over again no more"),
                    None => format!("no block of chain {name} was to be gone over again"),
                })
            }
        }
    }
}

fn rescan(name: &str) -> [&str; 4] {
    ["v1", "chains", name, "rescan"]
}
