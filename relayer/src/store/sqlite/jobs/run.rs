//! Runs on their way through the enclave.

use crate::{
    clock::Millis,
    store::{
        JobId, JobRunId, JobRunStore, Lease, LeaseToken, LeasedRun, OUTPUT_KEPT, Retention, RunEnd, StoreError,
        sqlite::{
            SqliteStore,
            row::{Place, at, signed, to_json},
        },
    },
};
use async_trait::async_trait;
use phat_enclave_api::CallResult;
use serde_json::json;
use sqlx::{FromRow, SqliteConnection, sqlite::SqliteExecutor};

#[derive(FromRow)]
struct LeaseRow {
    id: i64,
    job_id: i64,
    name: String,
    contract_id: Vec<u8>,
    input: Vec<u8>,
    append_trigger: bool,
    cause: String,
    due_at: i64,
    tries: i64,
}

impl TryFrom<LeaseRow> for LeasedRun {
    type Error = StoreError;

    fn try_from(row: LeaseRow) -> Result<Self, StoreError> {
        let (job, run) = (Place { table: "jobs", row: &row.name }, Place { table: "job_runs", row: &row.id });
        Ok(Self {
            id: JobRunId(row.id),
            job: JobId(row.job_id),
            name: job.text("name", &row.name)?,
            contract_id: job.id("contract_id", &row.contract_id)?,
            append_trigger: row.append_trigger,
            trigger: run.json("cause", &row.cause)?,
            due_at: Millis(row.due_at),
            tries: run.unsigned("tries", row.tries)?,
            input: row.input,
        })
    }
}

#[async_trait]
impl JobRunStore for SqliteStore {
    async fn lease_runs(&self, lease: Lease, limit: u32, now: Millis) -> Result<Vec<LeasedRun>, StoreError> {
        // Looking costs no commit.
        if waiting(self.readers(), 1, now).await?.is_empty() {
            return Ok(Vec::new());
        }
        self.write(move |connection| Box::pin(take(connection, lease, limit, now))).await
    }

    async fn end_run(
        &self,
        run: JobRunId,
        token: LeaseToken,
        end: &RunEnd,
        keep: Retention,
        now: Millis,
    ) -> Result<(), StoreError> {
        let ended = end.clone();
        self.write(move |connection| Box::pin(end_run(connection, run, token, ended, keep, now))).await
    }

    async fn give_run_back(
        &self,
        run: JobRunId,
        token: LeaseToken,
        why: &str,
        next_try_at: Millis,
    ) -> Result<(), StoreError> {
        let why = why.to_owned();
        self.write(move |connection| {
            Box::pin(async move {
                // A lease that is another's by now, or whose job is gone, stays as it is.
                sqlx::query(
                    "UPDATE job_runs SET state = 'queued', lease_token = NULL, lease_until = 0, started_at = NULL,
                        tries = tries + 1, last_error = ?, next_try_at = ?
                     WHERE id = ? AND state = 'running' AND lease_token = ?",
                )
                .bind(why)
                .bind(at(next_try_at))
                .bind(run.0)
                .bind(token.0.to_vec())
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }
}

/// Runs that may be started: of each job the first that isn't over, when nobody works on it.
async fn waiting(executor: impl SqliteExecutor<'_>, limit: u32, now: Millis) -> Result<Vec<LeaseRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT job_runs.id, job_id, name, contract_id, input, append_trigger, cause, due_at, tries
         FROM job_runs JOIN jobs ON jobs.id = job_runs.job_id
         WHERE job_runs.id IN
                (SELECT MIN(id) FROM job_runs WHERE state IN ('queued', 'running') GROUP BY job_id)
            AND (job_runs.state = 'queued' OR lease_until <= ?1) AND next_try_at <= ?1
            AND paused_since IS NULL AND source <> 'left'
            AND NOT EXISTS (SELECT 1 FROM paused_contracts WHERE paused_contracts.contract_id = jobs.contract_id)
         ORDER BY due_at, job_runs.id LIMIT ?2",
    )
    .bind(at(now))
    .bind(limit)
    .fetch_all(executor)
    .await?;
    Ok(rows)
}

async fn take(
    connection: &mut SqliteConnection,
    lease: Lease,
    limit: u32,
    now: Millis,
) -> Result<Vec<LeasedRun>, StoreError> {
    let rows = waiting(&mut *connection, limit, now).await?;
    for row in &rows {
        sqlx::query(
            "UPDATE job_runs SET state = 'running', lease_token = ?, lease_until = ?, started_at = ? WHERE id = ?",
        )
        .bind(lease.token.0.to_vec())
        .bind(at(lease.until))
        .bind(at(now))
        .bind(row.id)
        .execute(&mut *connection)
        .await?;
    }
    rows.into_iter().map(LeasedRun::try_from).collect()
}

async fn end_run(
    connection: &mut SqliteConnection,
    run: JobRunId,
    token: LeaseToken,
    end: RunEnd,
    keep: Retention,
    now: Millis,
) -> Result<(), StoreError> {
    let touched = match &end {
        RunEnd::Ran(result) => store_result(connection, run, token, result, now).await?,
        RunEnd::Refused { why } => sqlx::query(
            "UPDATE job_runs SET state = 'refused', lease_token = NULL, lease_until = 0, ended_at = ?, reason = ?
             WHERE id = ? AND state = 'running' AND lease_token = ?",
        )
        .bind(at(now))
        .bind(why)
        .bind(run.0)
        .bind(token.0.to_vec())
        .execute(&mut *connection)
        .await?
        .rows_affected(),
    };
    if touched != 1 {
        return Err(StoreError::Conflict { what: format!("run {} of a job", run.0) });
    }
    tell(connection, run, &end, now).await?;
    prune(connection, run, keep, now).await
}

async fn store_result(
    connection: &mut SqliteConnection,
    run: JobRunId,
    token: LeaseToken,
    result: &CallResult,
    now: Millis,
) -> Result<u64, StoreError> {
    let kept = result.output.get(..OUTPUT_KEPT).unwrap_or(&result.output);
    let done = sqlx::query(
        "UPDATE job_runs SET state = 'ran', lease_token = NULL, lease_until = 0, ended_at = ?, outcome = ?, reason = ?,
            output = ?, output_size = ?, flags = ?, logs = ?, events = ?, fuel = ?, elapsed_ms = ?, revision = ?,
            attestation = ?
         WHERE id = ? AND state = 'running' AND lease_token = ?",
    )
    .bind(at(now))
    .bind(result.outcome.name())
    .bind(&result.reason)
    .bind(kept)
    .bind(signed(u64::try_from(result.output.len()).unwrap_or(u64::MAX)))
    .bind(i64::from(result.flags))
    .bind(to_json(&result.logs)?)
    .bind(to_json(&result.events)?)
    .bind(signed(result.fuel))
    .bind(signed(result.elapsed_ms))
    .bind(signed(result.revision))
    .bind(to_json(&result.attestation)?)
    .bind(run.0)
    .bind(token.0.to_vec())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Adds the run to the trail of events.
async fn tell(connection: &mut SqliteConnection, run: JobRunId, end: &RunEnd, now: Millis) -> Result<(), StoreError> {
    let (job, chain, contract, due_at): (String, Option<String>, Vec<u8>, i64) = sqlx::query_as(
        "SELECT jobs.name, jobs.chain, jobs.contract_id, job_runs.due_at
         FROM job_runs JOIN jobs ON jobs.id = job_runs.job_id WHERE job_runs.id = ?",
    )
    .bind(run.0)
    .fetch_one(&mut *connection)
    .await?;
    let (event, detail) = match end {
        RunEnd::Ran(result) => {
            ("job_ran", json!({ "job": job, "run": run.0, "due_at_ms": due_at, "outcome": result.outcome }))
        }
        RunEnd::Refused { why } => {
            ("job_refused", json!({ "job": job, "run": run.0, "due_at_ms": due_at, "reason": why }))
        }
    };
    sqlx::query("INSERT INTO events (chain, contract_id, at, event, detail, job_run) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(chain)
        .bind(contract)
        .bind(at(now))
        .bind(event)
        .bind(detail.to_string())
        .bind(run.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Drops what is old of the run's job.
async fn prune(
    connection: &mut SqliteConnection,
    run: JobRunId,
    keep: Retention,
    now: Millis,
) -> Result<(), StoreError> {
    let oldest = at(now).saturating_sub(i64::try_from(keep.age.as_millis()).unwrap_or(i64::MAX));
    let old: Vec<(i64,)> = sqlx::query_as(
        "SELECT id FROM job_runs WHERE job_id = (SELECT job_id FROM job_runs WHERE id = ?1) AND id <> ?1
            AND state IN ('ran', 'refused') AND (ended_at < ?2 OR id IN
                (SELECT id FROM job_runs WHERE job_id = (SELECT job_id FROM job_runs WHERE id = ?1)
                    AND state IN ('ran', 'refused') ORDER BY id DESC LIMIT -1 OFFSET ?3))",
    )
    .bind(run.0)
    .bind(oldest)
    .bind(keep.runs)
    .fetch_all(&mut *connection)
    .await?;
    for (id,) in old {
        sqlx::query("DELETE FROM events WHERE job_run = ?").bind(id).execute(&mut *connection).await?;
        sqlx::query("DELETE FROM job_runs WHERE id = ?").bind(id).execute(&mut *connection).await?;
    }
    Ok(())
}
