use crate::{
    clock::Millis,
    jobs::{JobSpec, Schedule},
    store::{
        JobId, JobRecord, JobRunId, JobRunProgress, JobRunRecord, JobRunResult, Pause, StoreError, sqlite::row::Place,
    },
};
use phat_protocol::Outcome;
use sqlx::FromRow;

#[derive(Clone, FromRow)]
pub(super) struct JobRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) source: String,
    pub(super) contract_id: Vec<u8>,
    pub(super) input: Vec<u8>,
    pub(super) append_trigger: bool,
    pub(super) schedule: String,
    pub(super) chain: Option<String>,
    pub(super) missed: String,
    pub(super) created_at: i64,
    pub(super) paused_since: Option<i64>,
    pub(super) pause_reason: Option<String>,
    pub(super) next_at: Option<i64>,
    pub(super) cursor_block: Option<i64>,
    pub(super) cursor_hash: Option<Vec<u8>>,
    pub(super) skipped: i64,
    pub(super) skipped_at: Option<i64>,
    pub(super) skip_reason: Option<String>,
    pub(super) contract_paused: bool,
    pub(super) open_runs: i64,
}

impl JobRow {
    pub(super) fn schedule(&self) -> Result<Schedule, StoreError> {
        Place { table: "jobs", row: &self.name }.json("schedule", &self.schedule)
    }
}

impl TryFrom<JobRow> for JobRecord {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Self, StoreError> {
        let place = Place { table: "jobs", row: &row.name };
        let last_skip = match (row.skipped_at, &row.skip_reason) {
            (Some(at), Some(reason)) => Some((Millis(at), place.text("skip_reason", reason)?)),
            (Some(_) | None, _) => None,
        };
        Ok(Self {
            id: JobId(row.id),
            source: place.text("source", &row.source)?,
            created_at: Millis(row.created_at),
            paused: row.paused_since.map(|since_ms| Pause { since_ms, reason: row.pause_reason.clone() }),
            contract_paused: row.contract_paused,
            next_at: row.next_at.map(Millis),
            cursor: row.cursor_block.map(|block| place.unsigned("cursor_block", block)).transpose()?,
            open_runs: place.unsigned("open_runs", row.open_runs)?,
            skipped: place.unsigned("skipped", row.skipped)?,
            last_skip,
            last_run: None,
            spec: JobSpec {
                name: place.text("name", &row.name)?,
                contract_id: place.id("contract_id", &row.contract_id)?,
                append_trigger: row.append_trigger,
                schedule: row.schedule()?,
                missed: place.text("missed", &row.missed)?,
                input: row.input.clone(),
            },
        })
    }
}

#[derive(FromRow)]
pub(super) struct RunRow {
    id: i64,
    pub(super) job_id: i64,
    cause: String,
    due_at: i64,
    state: String,
    tries: i64,
    next_try_at: i64,
    last_error: Option<String>,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    outcome: Option<String>,
    reason: Option<String>,
    output: Option<Vec<u8>>,
    output_size: Option<i64>,
    flags: Option<i64>,
    logs: Option<String>,
    events: Option<String>,
    fuel: Option<i64>,
    elapsed_ms: Option<i64>,
    revision: Option<i64>,
    attestation: Option<String>,
}

impl TryFrom<RunRow> for JobRunRecord {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self, StoreError> {
        let place = Place { table: "job_runs", row: &row.id };
        Ok(Self {
            id: JobRunId(row.id),
            trigger: place.json("cause", &row.cause)?,
            due_at: Millis(row.due_at),
            tries: place.unsigned("tries", row.tries)?,
            progress: row.progress(place)?,
            last_error: row.last_error,
        })
    }
}

impl RunRow {
    fn progress(&self, place: Place<'_>) -> Result<JobRunProgress, StoreError> {
        match self.state.as_str() {
            "queued" => Ok(JobRunProgress::Queued { next_try_at: Millis(self.next_try_at) }),
            "running" => {
                Ok(JobRunProgress::Running { since: there(place, "started_at", self.started_at).map(Millis)? })
            }
            "refused" => Ok(JobRunProgress::Refused {
                at: there(place, "ended_at", self.ended_at).map(Millis)?,
                why: self.reason.clone().unwrap_or_default(),
            }),
            "ran" => self.result(place).map(|result| JobRunProgress::Ran(Box::new(result))),
            other => Err(place.corrupt("state", format!("no state is called {other:?}"))),
        }
    }

    fn result(&self, place: Place<'_>) -> Result<JobRunResult, StoreError> {
        let outcome: Outcome = place.outcome("outcome", &there(place, "outcome", self.outcome.clone())?)?;
        let number = |column, value| place.unsigned(column, there(place, column, value)?);
        Ok(JobRunResult {
            started_at: there(place, "started_at", self.started_at).map(Millis)?,
            ended_at: there(place, "ended_at", self.ended_at).map(Millis)?,
            outcome,
            output: self.output.clone().unwrap_or_default(),
            output_size: number("output_size", self.output_size)?,
            flags: place.unsigned("flags", there(place, "flags", self.flags)?)?,
            reason: self.reason.clone(),
            logs: place.json("logs", &there(place, "logs", self.logs.clone())?)?,
            events: place.json("events", &there(place, "events", self.events.clone())?)?,
            fuel: number("fuel", self.fuel)?,
            elapsed_ms: number("elapsed_ms", self.elapsed_ms)?,
            revision: number("revision", self.revision)?,
            attestation: place.json("attestation", &there(place, "attestation", self.attestation.clone())?)?,
        })
    }
}

/// A column that is set in this state.
fn there<Value>(place: Place<'_>, column: &'static str, value: Option<Value>) -> Result<Value, StoreError> {
    value.ok_or_else(|| place.corrupt(column, "nothing is there"))
}
