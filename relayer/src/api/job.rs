//! Jobs: messages of contracts that are run on their own.

use super::{
    COMPONENT_TIMEOUT, JobAnswer, JobOrder, JobRunOrdered, JobRunsAnswer, JobsAnswer, PROBLEM, PauseAnswer, PauseOrder,
    Problem, ProblemKind, ResumeAnswer, Shared,
    admin::checked_reason,
    extract::{Json as JsonBody, OptionalJson, Path, Query},
};
use crate::{
    clock::Millis,
    jobs::{JobDoorbells, JobName, JobSpec, Schedule},
    store::{JobRecord, JobRunId, JobRunPage, JobStore, Ordered, Removed},
};
use axum::{Json, extract::State, http::StatusCode};
use phat_connector::BlockRef;
use serde::Deserialize;
use std::sync::Arc;
use tokio::time::timeout;
use utoipa::IntoParams;

/// The longest page of runs.
const MAX_LIMIT: u32 = 500;

/// Jobs, as the API looks at them.
#[derive(Clone)]
pub struct ApiJobs {
    /// What is known of them.
    pub store: Arc<dyn JobStore>,
    /// What wakes their stages when a write gives them something to do.
    pub doorbells: JobDoorbells,
}

/// Every job, by name, with its newest run.
#[utoipa::path(
    get, path = "/v1/jobs", operation_id = "list_jobs", tag = "jobs",
    responses((status = 200, description = "All of them.", body = JobsAnswer))
)]
pub(super) async fn list(State(api): State<Shared>) -> Result<Json<JobsAnswer>, Problem> {
    let jobs = api.state.jobs.store.jobs().await?;
    Ok(Json(JobsAnswer { jobs: jobs.into_iter().map(JobAnswer::from).collect() }))
}

/// One job, and how it stands.
#[utoipa::path(
    get, path = "/v1/jobs/{name}", operation_id = "show_job", tag = "jobs",
    params(("name" = String, Path, description = "The job's name.")),
    responses(
        (status = 200, description = "The job.", body = JobAnswer),
        (status = 404, description = "No job is called so.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn show(State(api): State<Shared>, Path(name): Path<String>) -> Result<Json<JobAnswer>, Problem> {
    Ok(Json(find(&api, &named(name)?).await?.into()))
}

/// Makes a job.
///
/// What its chain tells in blocks above the newest one at the configured finality counts.
#[utoipa::path(
    post, path = "/v1/jobs", operation_id = "add_job", tag = "jobs", security(("token" = [])),
    request_body = JobOrder,
    responses(
        (status = 201, description = "It is there.", body = JobAnswer),
        (status = 409, description = "Another is called so.", body = Problem, content_type = PROBLEM),
        (status = 422, description = "The schedule makes no sense, or names a chain that isn't configured.",
            body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn add(
    State(api): State<Shared>,
    JsonBody(order): JsonBody<JobOrder>,
) -> Result<(StatusCode, Json<JobAnswer>), Problem> {
    let JobOrder { name, contract, input, append_trigger, schedule, missed } = order;
    let schedule = Schedule::try_from(schedule)
        .map_err(|error| Problem::new(ProblemKind::Refused, format!("schedule: {error}")))?;
    let start = start(&api, &schedule).await?;
    let spec = JobSpec { name, contract_id: contract, input, append_trigger, schedule, missed };
    let is_new = api.state.jobs.store.add_job(&spec, start, Millis::now(&*api.state.clock)).await?;
    if !is_new {
        return Err(Problem::new(ProblemKind::Conflict, format!("there is a job called {} already", spec.name)));
    }
    api.state.jobs.doorbells.ring();
    tracing::info!(job = %spec.name, contract = %spec.contract_id, "job added");
    Ok((StatusCode::CREATED, Json(find(&api, &spec.name).await?.into())))
}

/// The block from above which the job's chain counts.
async fn start(api: &Shared, schedule: &Schedule) -> Result<Option<BlockRef>, Problem> {
    let Some(chain) = schedule.chain() else { return Ok(None) };
    let known = api.chain(chain).map_err(|problem| Problem::new(ProblemKind::Refused, problem.detail))?;
    schedule.fits(&known.chain).map_err(|error| Problem::new(ProblemKind::Refused, format!("schedule: {error}")))?;
    match timeout(COMPONENT_TIMEOUT, known.source.head()).await {
        Ok(head) => Ok(Some(head?.confirmed)),
        Err(_) => Err(Problem::new(ProblemKind::Unavailable, format!("chain {chain} doesn't answer"))),
    }
}

/// Removes a job and its runs. A run that is under way ends, and leaves nothing.
///
/// One that the configuration has is removed there; it may be paused here.
#[utoipa::path(
    delete, path = "/v1/jobs/{name}", operation_id = "remove_job", tag = "jobs", security(("token" = [])),
    params(("name" = String, Path, description = "The job's name.")),
    responses(
        (status = 200, description = "It is gone; this is what it was.", body = JobAnswer),
        (status = 404, description = "No job is called so.", body = Problem, content_type = PROBLEM),
        (status = 409, description = "The configuration has it.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn remove(State(api): State<Shared>, Path(name): Path<String>) -> Result<Json<JobAnswer>, Problem> {
    let name = named(name)?;
    match api.state.jobs.store.remove_job(&name, Millis::now(&*api.state.clock)).await? {
        Removed::Gone(job) => {
            tracing::info!(job = %name, "job removed");
            Ok(Json((*job).into()))
        }
        Removed::Configured => {
            let detail = format!("job {name} stands in the configuration: remove it there, or pause it");
            Err(Problem::new(ProblemKind::Conflict, detail))
        }
        Removed::Unknown => Err(unknown(&name)),
    }
}

/// Pauses a job: nothing of it is run.
///
/// A run that is under way ends, and those that are queued wait. Times and heights that pass meanwhile are over; events
/// are run for after the pause. It holds over restarts. A job that is paused already stays as it is.
#[utoipa::path(
    post, path = "/v1/jobs/{name}/pause", operation_id = "pause_job", tag = "jobs", security(("token" = [])),
    params(("name" = String, Path, description = "The job's name.")),
    request_body = Option<PauseOrder>,
    responses(
        (status = 200, description = "It is paused.", body = PauseAnswer),
        (status = 404, description = "No job is called so.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn pause(
    State(api): State<Shared>,
    Path(name): Path<String>,
    OptionalJson(order): OptionalJson<PauseOrder>,
) -> Result<Json<PauseAnswer>, Problem> {
    let name = named(name)?;
    let reason = checked_reason(order)?;
    let now = Millis::now(&*api.state.clock);
    let paused = api.state.jobs.store.pause_job(&name, reason.as_deref(), now).await?;
    let paused = paused.ok_or_else(|| unknown(&name))?;
    tracing::warn!(job = %name, reason = paused.reason, "job paused by order");
    Ok(Json(PauseAnswer { paused }))
}

/// Ends a job's pause.
#[utoipa::path(
    post, path = "/v1/jobs/{name}/resume", operation_id = "resume_job", tag = "jobs", security(("token" = [])),
    params(("name" = String, Path, description = "The job's name.")),
    responses(
        (status = 200, description = "It isn't paused.", body = ResumeAnswer),
        (status = 404, description = "No job is called so.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn resume(State(api): State<Shared>, Path(name): Path<String>) -> Result<Json<ResumeAnswer>, Problem> {
    let name = named(name)?;
    let resumed = api.state.jobs.store.resume_job(&name, Millis::now(&*api.state.clock)).await?;
    let was_paused = resumed.ok_or_else(|| unknown(&name))?;
    api.state.jobs.doorbells.ring();
    tracing::info!(job = %name, was_paused, "job resumed by order");
    Ok(Json(ResumeAnswer { was_paused }))
}

/// Has a job run now, beside its schedule.
#[utoipa::path(
    post, path = "/v1/jobs/{name}/run", operation_id = "run_job", tag = "jobs", security(("token" = [])),
    params(("name" = String, Path, description = "The job's name.")),
    responses(
        (status = 202, description = "A run is queued.", body = JobRunOrdered),
        (status = 404, description = "No job is called so.", body = Problem, content_type = PROBLEM),
        (status = 409, description = "It can't run now; `detail` says why.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn run(
    State(api): State<Shared>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<JobRunOrdered>), Problem> {
    let name = named(name)?;
    match api.state.jobs.store.order_run(&name, Millis::now(&*api.state.clock)).await? {
        Ordered::Queued(run) => {
            api.state.jobs.doorbells.run.notify_one();
            tracing::info!(job = %name, run = run.0, "job run by order");
            Ok((StatusCode::ACCEPTED, Json(JobRunOrdered { name, run: run.0 })))
        }
        Ordered::Busy => {
            Err(Problem::new(ProblemKind::Conflict, format!("a run of job {name} is queued or under way already")))
        }
        Ordered::Held => {
            let detail = format!("job {name} or its contract is paused, or it left the configuration");
            Err(Problem::new(ProblemKind::Conflict, detail))
        }
        Ordered::Unknown => Err(unknown(&name)),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RunsQuery {
    /// The most that are listed: 50 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Those before this one: `next` of the page before.
    #[param(minimum = 1)]
    before: Option<i64>,
}

/// A job's runs, the newest first: why each was, what came of it, what it logged and used.
#[utoipa::path(
    get, path = "/v1/jobs/{name}/runs", operation_id = "list_job_runs", tag = "jobs",
    params(("name" = String, Path, description = "The job's name."), RunsQuery),
    responses(
        (status = 200, description = "A page of them.", body = JobRunsAnswer),
        (status = 404, description = "No job is called so.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn runs(
    State(api): State<Shared>,
    Path(name): Path<String>,
    Query(RunsQuery { limit, before }): Query<RunsQuery>,
) -> Result<Json<JobRunsAnswer>, Problem> {
    let limit = limit.unwrap_or(50);
    if !(1..=MAX_LIMIT).contains(&limit) || before.is_some_and(|before| before < 1) {
        let detail = format!("limit may be 1 to {MAX_LIMIT}, and before is at least 1");
        return Err(Problem::new(ProblemKind::Malformed, detail));
    }
    let job = find(&api, &named(name)?).await?;
    // One more than asked for tells whether there is another page.
    let page = JobRunPage { before: before.map(JobRunId), limit: limit + 1 };
    let mut runs = api.state.jobs.store.job_runs(job.id, page).await?;
    let is_last = runs.len() <= usize::try_from(limit).unwrap_or(usize::MAX);
    if !is_last {
        runs.pop();
    }
    let next = if is_last { None } else { runs.last().map(|run| run.id.0) };
    Ok(Json(JobRunsAnswer { runs: runs.into_iter().map(Into::into).collect(), next }))
}

/// A path's name as a job's: what can't be one names none.
fn named(text: String) -> Result<JobName, Problem> {
    text.parse().map_err(|_| Problem::new(ProblemKind::NotFound, format!("no job is called {text:?}")))
}

async fn find(api: &Shared, name: &JobName) -> Result<JobRecord, Problem> {
    api.state.jobs.store.job(name).await?.ok_or_else(|| unknown(name))
}

fn unknown(name: &JobName) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("no job is called {name}"))
}
