mod add;
mod show;

use super::{client::Api, output::Output, paused, resumed};
use crate::{
    api::{JobAnswer, JobRunOrdered, JobsAnswer, PauseAnswer, PauseOrder, ResumeAnswer},
    jobs::JobName,
};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum JobCommand {
    Add(Box<add::Add>),
    /// List the jobs: when each runs, and what came of its newest run.
    List {
        #[command(flatten)]
        api: Api,
    },
    /// Show one job.
    Show(Named),
    Runs(show::Runs),
    /// Have a job run now, beside its schedule.
    Run(Named),
    /// Run a job no more; a run that is under way ends. It holds over restarts.
    Pause {
        #[command(flatten)]
        job: Named,
        /// Why, for those who see the pause.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// End a job's pause: times and heights that passed are over, events are run for.
    Resume(Named),
    /// Remove a job and its runs. One of the configuration is removed there.
    Remove(Named),
}

/// A job of a relayer.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// The job's name.
    #[arg(value_name = "NAME")]
    name: JobName,
    #[command(flatten)]
    api: Api,
}

impl JobCommand {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Add(add) => add.run(output).await,
            Self::List { api } => {
                let answer: JobsAnswer = api.connect()?.get(&["v1", "jobs"], &[]).await?;
                output.list(&answer, "there are no jobs", show::table)
            }
            Self::Show(Named { name, api }) => {
                let job: JobAnswer = api.connect()?.get(&["v1", "jobs", name.as_str()], &[]).await?;
                output.show(&job, show::in_words)
            }
            Self::Runs(runs) => runs.run(output).await,
            Self::Run(Named { name, api }) => {
                let path = ["v1", "jobs", name.as_str(), "run"];
                let answer: JobRunOrdered = api.connect()?.post(&path, &serde_json::json!({})).await?;
                output.show(&answer, |answer| format!("run {} of job {} is queued", answer.run, answer.name))
            }
            Self::Pause { job: Named { name, api }, reason } => {
                let path = ["v1", "jobs", name.as_str(), "pause"];
                let answer: PauseAnswer = api.connect()?.post(&path, &PauseOrder { reason }).await?;
                output.show(&answer, |answer| paused(&format!("job {name}"), &answer.paused))
            }
            Self::Resume(Named { name, api }) => {
                let path = ["v1", "jobs", name.as_str(), "resume"];
                let answer: ResumeAnswer = api.connect()?.post(&path, &serde_json::json!({})).await?;
                output.show(&answer, |answer| resumed(&format!("job {name}"), *answer))
            }
            Self::Remove(Named { name, api }) => {
                let answer: JobAnswer = api.connect()?.delete(&["v1", "jobs", name.as_str()]).await?;
                output.show(&answer, |answer| format!("job {} is gone", answer.name))
            }
        }
    }
}
