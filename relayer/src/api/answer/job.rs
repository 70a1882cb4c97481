use crate::{
    jobs::{JobName, JobSource, JobTrigger, Missed, ScheduleForm, SkipReason},
    schema,
    store::{JobRecord, JobRunProgress, JobRunRecord, JobRunResult, Pause},
};
use phat_enclave_api::{Attestation, EventEntry, LogEntry};
use phat_protocol::{ContractId, Outcome, serde_hex};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of `POST /v1/jobs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobOrder {
    /// What it is to be called.
    pub name: JobName,
    /// The contract that is run.
    #[schema(value_type = schema::ContractId)]
    pub contract: ContractId,
    /// The message's input: selector and arguments.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub input: Vec<u8>,
    /// Whether the SCALE encoding of what triggered a run is put behind the input, as the last argument.
    #[serde(default)]
    pub append_trigger: bool,
    /// When it runs.
    pub schedule: ScheduleForm,
    /// What becomes of times and heights that passed while no relayer was running.
    #[serde(default)]
    pub missed: Missed,
}

/// A job, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobAnswer {
    /// What it is called.
    pub name: JobName,
    /// The contract that is run.
    #[schema(value_type = schema::ContractId)]
    pub contract_id: ContractId,
    /// The message's input: selector and arguments.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub input: Vec<u8>,
    /// Whether the SCALE encoding of what triggered a run is put behind the input, as the last argument.
    pub append_trigger: bool,
    /// When it runs.
    pub schedule: ScheduleForm,
    /// What becomes of times and heights that passed while no relayer was running.
    pub missed: Missed,
    /// Who said that it is there.
    pub source: JobSource,
    /// When.
    pub created_at_ms: i64,
    /// The pause that holds.
    pub paused: Option<Pause>,
    /// Whether its contract is paused.
    pub contract_paused: bool,
    /// When the calendar says that it runs next; none while it is paused.
    pub next_at_ms: Option<i64>,
    /// The height at which it runs next; none where heights don't matter, and before the chain was seen.
    pub next_block: Option<u64>,
    /// The last height of its chain that was looked at for it.
    pub watched_block: Option<u64>,
    /// Runs that are queued or under way.
    pub open_runs: u64,
    /// How often it did not run when it was due.
    pub skipped: u64,
    /// The last time of that.
    pub last_skip: Option<JobSkip>,
    /// Its newest run.
    pub last_run: Option<JobRunAnswer>,
}

/// A job did not run when it was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobSkip {
    /// When, unix milliseconds.
    pub at_ms: i64,
    /// Why.
    pub reason: SkipReason,
}

/// `GET /v1/jobs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobsAnswer {
    /// Every job, by name.
    pub jobs: Vec<JobAnswer>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobRunState {
    /// It waits: for the run before it, or since the enclave could not run it.
    Queued,
    /// The enclave runs it.
    Running,
    /// The contract ran.
    Ran,
    /// The enclave refuses it.
    Refused,
}

/// One run of a job. It was never signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobRunAnswer {
    /// Later runs have higher numbers.
    pub id: i64,
    /// Why it is.
    pub trigger: JobTrigger,
    /// When it was due, unix milliseconds.
    pub due_at_ms: i64,
    /// Where it stands.
    pub state: JobRunState,
    /// When the enclave was asked.
    pub started_at_ms: Option<i64>,
    /// When it was over.
    pub ended_at_ms: Option<i64>,
    /// When the enclave is asked again, where it could not run it.
    pub next_try_at_ms: Option<i64>,
    /// How often the enclave could not run it.
    pub tries: u32,
    /// Why, the last time.
    pub last_error: Option<String>,
    /// How the run ended.
    #[schema(value_type = Option<schema::Outcome>)]
    pub outcome: Option<Outcome>,
    /// Why it failed or is refused, in words.
    pub reason: Option<String>,
    /// What came of it, where the contract ran.
    pub result: Option<JobResult>,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobResult {
    /// What the contract returned, as it is; its first 64 KiB.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub output: Vec<u8>,
    /// The whole output's length in bytes.
    pub output_size: u64,
    /// The flags that it returned with; bit 0 asks to revert.
    pub flags: u32,
    /// What the contract logged.
    #[schema(value_type = Vec<schema::LogEntry>)]
    pub logs: Vec<LogEntry>,
    /// The events that it deposited.
    #[schema(value_type = Vec<schema::EventEntry>)]
    pub events: Vec<EventEntry>,
    /// Fuel that the run used.
    pub fuel: u64,
    /// How long it took, milliseconds.
    pub elapsed_ms: u64,
    /// Owner actions that had been applied to the contract.
    pub revision: u64,
    /// What vouches for the enclave.
    #[schema(value_type = schema::Attestation)]
    pub attestation: Attestation,
}

/// `GET /v1/jobs/{name}/runs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobRunsAnswer {
    /// A page of runs, the newest first.
    pub runs: Vec<JobRunAnswer>,
    /// `before` of the next page; none on the last.
    pub next: Option<i64>,
}

/// `POST /v1/jobs/{name}/run`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobRunOrdered {
    /// The job.
    pub name: JobName,
    /// The run that is queued.
    pub run: i64,
}

impl From<JobRecord> for JobAnswer {
    fn from(job: JobRecord) -> Self {
        let next_block = job.cursor.and_then(|cursor| job.spec.schedule.next_height(cursor));
        Self {
            name: job.spec.name,
            contract_id: job.spec.contract_id,
            input: job.spec.input,
            append_trigger: job.spec.append_trigger,
            schedule: job.spec.schedule.into(),
            missed: job.spec.missed,
            source: job.source,
            created_at_ms: job.created_at.0,
            next_block: if job.paused.is_some() { None } else { next_block },
            paused: job.paused,
            contract_paused: job.contract_paused,
            next_at_ms: job.next_at.map(|at| at.0),
            watched_block: job.cursor,
            open_runs: job.open_runs,
            skipped: job.skipped,
            last_skip: job.last_skip.map(|(at, reason)| JobSkip { at_ms: at.0, reason }),
            last_run: job.last_run.map(Into::into),
        }
    }
}

impl From<JobRunRecord> for JobRunAnswer {
    fn from(run: JobRunRecord) -> Self {
        let answer = Self {
            id: run.id.0,
            trigger: run.trigger,
            due_at_ms: run.due_at.0,
            state: JobRunState::Queued,
            started_at_ms: None,
            ended_at_ms: None,
            next_try_at_ms: None,
            tries: run.tries,
            last_error: run.last_error,
            outcome: None,
            reason: None,
            result: None,
        };
        match run.progress {
            JobRunProgress::Queued { next_try_at } => {
                Self { next_try_at_ms: (answer.tries > 0).then_some(next_try_at.0), ..answer }
            }
            JobRunProgress::Running { since } => {
                Self { state: JobRunState::Running, started_at_ms: Some(since.0), ..answer }
            }
            JobRunProgress::Refused { at, why } => {
                Self { state: JobRunState::Refused, ended_at_ms: Some(at.0), reason: Some(why), ..answer }
            }
            JobRunProgress::Ran(result) => answer.with(*result),
        }
    }
}

impl JobRunAnswer {
    fn with(self, result: JobRunResult) -> Self {
        Self {
            state: JobRunState::Ran,
            started_at_ms: Some(result.started_at.0),
            ended_at_ms: Some(result.ended_at.0),
            outcome: Some(result.outcome),
            reason: result.reason,
            result: Some(JobResult {
                output: result.output,
                output_size: result.output_size,
                flags: result.flags,
                logs: result.logs,
                events: result.events,
                fuel: result.fuel,
                elapsed_ms: result.elapsed_ms,
                revision: result.revision,
                attestation: result.attestation,
            }),
            ..self
        }
    }
}
