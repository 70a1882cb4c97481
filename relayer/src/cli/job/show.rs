use crate::{
    api::{JobAnswer, JobRunAnswer, JobRunState, JobRunsAnswer, JobsAnswer},
    cli::{
        client::Api,
        contract::contract_log,
        output::{Output, Table, in_hex_and_text, time},
        since,
    },
    jobs::{JobName, JobSource, JobTrigger},
};
use clap::Args;

/// List a job's runs, the newest first.
#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// The job's name.
    #[arg(value_name = "NAME")]
    name: JobName,
    /// The most to list, up to 500.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Go on after this run.
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,
    #[command(flatten)]
    api: Api,
}

impl Runs {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        let mut query = vec![("limit", self.limit.to_string())];
        query.extend(self.before.map(|before| ("before", before.to_string())));
        let path = ["v1", "jobs", self.name.as_str(), "runs"];
        let answer: JobRunsAnswer = self.api.connect()?.get(&path, &query).await?;
        output.list(&answer, "it never ran", |answer| {
            let mut table = Table::new(&["run", "trigger", "due", "came of it", "fuel", "time", "reason"]);
            for run in &answer.runs {
                let result = run.result.as_ref();
                table.row([
                    run.id.to_string(),
                    trigger(&run.trigger),
                    time(run.due_at_ms),
                    state(run),
                    result.map_or_else(|| "-".to_owned(), |result| result.fuel.to_string()),
                    result.map_or_else(|| "-".to_owned(), |result| format!("{} ms", result.elapsed_ms)),
                    run.reason.clone().or_else(|| run.last_error.clone()).unwrap_or_default(),
                ]);
            }
            table
        })?;
        if let Some(next) = answer.next.filter(|_| !output.is_json()) {
            output.note(&format!("more: --before {next}"));
        }
        Ok(())
    }
}

/// All jobs, a row each.
pub(super) fn table(answer: &JobsAnswer) -> Table {
    let mut table = Table::new(&["job", "runs", "next", "newest run", "came of it", "skipped"]);
    for job in &answer.jobs {
        table.row([
            job.name.to_string(),
            job.schedule.to_string(),
            next(job),
            job.last_run.as_ref().map_or_else(|| "-".to_owned(), |run| time(run.due_at_ms)),
            job.last_run.as_ref().map_or_else(|| "-".to_owned(), state),
            job.skipped.to_string(),
        ]);
    }
    table
}

/// One job, line by line.
pub(super) fn in_words(job: &JobAnswer) -> String {
    let mut table = Table::new(&["job", job.name.as_str()]);
    table.row_of("paused", job.paused.as_ref().map(since));
    table.row_of("contract", Some(job.contract_id.to_string()));
    table.row_of("contract paused", job.contract_paused.then(|| "yes".to_owned()));
    let with_trigger = if job.append_trigger { ", and what triggered it" } else { "" };
    table.row(["input".to_owned(), format!("0x{}{with_trigger}", hex::encode(&job.input))]);
    table.row(["runs".to_owned(), job.schedule.to_string()]);
    table.row(["next".to_owned(), next(job)]);
    table.row_of("watched up to", job.watched_block.map(|block| format!("block {block}")));
    table.row(["missed".to_owned(), job.missed.to_string()]);
    let source = match job.source {
        JobSource::Api => "the API",
        JobSource::Config => "the configuration",
        JobSource::Left => "the configuration once, and no more",
    };
    table.row(["said by".to_owned(), format!("{source}, {}", time(job.created_at_ms))]);
    table.row(["queued or running".to_owned(), job.open_runs.to_string()]);
    let last = job.last_skip.map(|skip| format!(", last {}: {}", time(skip.at_ms), skip.reason)).unwrap_or_default();
    table.row(["skipped".to_owned(), format!("{}{last}", job.skipped)]);
    let Some(run) = &job.last_run else { return table.render() };
    table.row(["newest run".to_owned(), format!("{}, {}, due {}", run.id, trigger(&run.trigger), time(run.due_at_ms))]);
    table.row(["came of it".to_owned(), state(run)]);
    table.row_of("reason", run.reason.clone());
    table.row_of("last error", run.last_error.clone());
    let Some(result) = &run.result else { return table.render() };
    table.row(["output".to_owned(), in_hex_and_text(&result.output)]);
    table.row(["fuel".to_owned(), result.fuel.to_string()]);
    table.row(["time".to_owned(), format!("{} ms", result.elapsed_ms)]);
    table.row(["attestation".to_owned(), result.attestation.to_string()]);
    let mut text = table.render();
    text.push_str(&contract_log(&result.logs));
    text
}

/// When it runs next.
fn next(job: &JobAnswer) -> String {
    match (job.next_at_ms, job.next_block) {
        _ if job.paused.is_some() => "paused".to_owned(),
        _ if job.source == JobSource::Left => "never".to_owned(),
        (Some(at), _) => time(at),
        (None, Some(block)) => format!("block {block}"),
        (None, None) => "-".to_owned(),
    }
}

fn state(run: &JobRunAnswer) -> String {
    match (run.state, run.outcome) {
        (JobRunState::Ran, Some(outcome)) => outcome.to_string(),
        (JobRunState::Ran, None) => "ran".to_owned(),
        (JobRunState::Queued, _) if run.tries > 0 => format!("queued, tried {} times", run.tries),
        (JobRunState::Queued, _) => "queued".to_owned(),
        (JobRunState::Running, _) => "running".to_owned(),
        (JobRunState::Refused, _) => "refused".to_owned(),
    }
}

fn trigger(trigger: &JobTrigger) -> String {
    match trigger {
        JobTrigger::Order { .. } => "order".to_owned(),
        JobTrigger::Cron { .. } => "cron".to_owned(),
        JobTrigger::Blocks { block_number, .. } => format!("block {block_number}"),
        JobTrigger::Event { block_number, index, .. } => format!("event {index} of block {block_number}"),
    }
}
