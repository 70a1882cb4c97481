//! Jobs, as those who order them see them.

mod row;
mod run;
mod turn;

#[cfg(test)]
mod tests;

use super::{
    SqliteStore,
    row::{at, signed, to_json},
};
use crate::{
    clock::Millis,
    jobs::{JobName, JobSource, JobSpec, JobTrigger},
    store::{JobId, JobRecord, JobRunId, JobRunPage, JobRunRecord, JobStore, Ordered, Pause, Removed, StoreError},
};
use async_trait::async_trait;
use phat_connector::BlockRef;
use row::{JobRow, RunRow};
use serde_json::{Value, json};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, sqlite::SqliteExecutor};
use std::collections::BTreeMap;

/// A job, and what of it stands elsewhere.
const JOB: &str = "SELECT jobs.*,
    EXISTS (SELECT 1 FROM paused_contracts WHERE paused_contracts.contract_id = jobs.contract_id) AS contract_paused,
    (SELECT COUNT(*) FROM job_runs WHERE job_id = jobs.id AND state IN ('queued', 'running')) AS open_runs
    FROM jobs";

#[async_trait]
impl JobStore for SqliteStore {
    async fn add_job(&self, spec: &JobSpec, start: Option<BlockRef>, now: Millis) -> Result<bool, StoreError> {
        let spec = spec.clone();
        self.write(move |connection| Box::pin(add(connection, spec, JobSource::Api, start, now))).await
    }

    async fn configure_jobs(&self, specs: &[JobSpec], now: Millis) -> Result<(), StoreError> {
        let specs = specs.to_vec();
        self.write(move |connection| Box::pin(configure(connection, specs, now))).await
    }

    async fn jobs(&self) -> Result<Vec<JobRecord>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(JOB);
        query.push(" ORDER BY name");
        let rows: Vec<JobRow> = query.build_query_as().fetch_all(self.readers()).await?;
        let newest: Vec<RunRow> = sqlx::query_as(
            "SELECT job_runs.* FROM jobs JOIN job_runs ON job_runs.id =
                (SELECT MAX(newest.id) FROM job_runs AS newest WHERE newest.job_id = jobs.id)",
        )
        .fetch_all(self.readers())
        .await?;
        let mut newest: BTreeMap<i64, RunRow> = newest.into_iter().map(|row| (row.job_id, row)).collect();
        rows.into_iter().map(|row| with_run(newest.remove(&row.id), row)).collect()
    }

    async fn job(&self, name: &JobName) -> Result<Option<JobRecord>, StoreError> {
        let Some(row) = find(self.readers(), name).await? else { return Ok(None) };
        let newest = sqlx::query_as("SELECT * FROM job_runs WHERE job_id = ? ORDER BY id DESC LIMIT 1")
            .bind(row.id)
            .fetch_optional(self.readers())
            .await?;
        with_run(newest, row).map(Some)
    }

    async fn remove_job(&self, name: &JobName, now: Millis) -> Result<Removed, StoreError> {
        let name = name.clone();
        self.write(move |connection| Box::pin(remove(connection, name, now))).await
    }

    async fn pause_job(&self, name: &JobName, reason: Option<&str>, now: Millis) -> Result<Option<Pause>, StoreError> {
        let (name, reason) = (name.clone(), reason.map(str::to_owned));
        self.write(move |connection| Box::pin(pause(connection, name, reason, now))).await
    }

    async fn resume_job(&self, name: &JobName, now: Millis) -> Result<Option<bool>, StoreError> {
        let name = name.clone();
        self.write(move |connection| Box::pin(resume(connection, name, now))).await
    }

    async fn order_run(&self, name: &JobName, now: Millis) -> Result<Ordered, StoreError> {
        let name = name.clone();
        self.write(move |connection| Box::pin(order(connection, name, now))).await
    }

    async fn job_runs(&self, job: JobId, page: JobRunPage) -> Result<Vec<JobRunRecord>, StoreError> {
        let rows: Vec<RunRow> =
            sqlx::query_as("SELECT * FROM job_runs WHERE job_id = ? AND id < ? ORDER BY id DESC LIMIT ?")
                .bind(job.0)
                .bind(page.before.map_or(i64::MAX, |run| run.0))
                .bind(page.limit)
                .fetch_all(self.readers())
                .await?;
        rows.into_iter().map(JobRunRecord::try_from).collect()
    }
}

fn with_run(newest: Option<RunRow>, row: JobRow) -> Result<JobRecord, StoreError> {
    Ok(JobRecord { last_run: newest.map(JobRunRecord::try_from).transpose()?, ..JobRecord::try_from(row)? })
}

async fn find(executor: impl SqliteExecutor<'_>, name: &JobName) -> Result<Option<JobRow>, StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new(JOB);
    query.push(" WHERE name = ").push_bind(name.as_str());
    Ok(query.build_query_as().fetch_optional(executor).await?)
}

/// Inserts the job; says whether its name was free.
async fn add(
    connection: &mut SqliteConnection,
    spec: JobSpec,
    source: JobSource,
    start: Option<BlockRef>,
    now: Millis,
) -> Result<bool, StoreError> {
    let number = start.map(|block| signed(block.number));
    let inserted = sqlx::query(
        "INSERT INTO jobs (name, source, contract_id, input, append_trigger, schedule, chain, missed, created_at,
            next_at, first_block, cursor_block, cursor_hash)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
    )
    .bind(spec.name.as_str())
    .bind(source.as_str())
    .bind(spec.contract_id.0.as_slice())
    .bind(spec.input.as_slice())
    .bind(spec.append_trigger)
    .bind(to_json(&spec.schedule)?)
    .bind(spec.schedule.chain())
    .bind(spec.missed.as_str())
    .bind(at(now))
    .bind(spec.schedule.next_time(now).map(at))
    .bind(number)
    .bind(number)
    .bind(start.map(|block| block.hash.0.to_vec()))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if inserted == 0 {
        return Ok(false);
    }
    if let Some(row) = find(&mut *connection, &spec.name).await? {
        let detail = json!({ "job": spec.name, "source": source, "schedule": spec.schedule });
        tell(connection, &row, "job_added", detail, now).await?;
    }
    Ok(true)
}

async fn configure(connection: &mut SqliteConnection, specs: Vec<JobSpec>, now: Millis) -> Result<(), StoreError> {
    // One process uses the file, so whoever held a lease is dead.
    sqlx::query("UPDATE job_runs SET state = 'queued', lease_token = NULL, lease_until = 0 WHERE state = 'running'")
        .execute(&mut *connection)
        .await?;
    let mut query = QueryBuilder::<Sqlite>::new(JOB);
    query.push(" WHERE source = 'config'");
    let rows: Vec<JobRow> = query.build_query_as().fetch_all(&mut *connection).await?;
    for row in rows.iter().filter(|row| !specs.iter().any(|spec| spec.name.as_str() == row.name)) {
        sqlx::query("UPDATE jobs SET source = 'left' WHERE id = ?").bind(row.id).execute(&mut *connection).await?;
        tell(connection, row, "job_left", json!({ "job": row.name }), now).await?;
    }
    for spec in specs {
        match find(&mut *connection, &spec.name).await? {
            Some(row) => reconfigure(connection, JobRecord::try_from(row)?, spec, now).await?,
            None => {
                add(connection, spec, JobSource::Config, None, now).await?;
            }
        }
    }
    Ok(())
}

/// Makes a job that is there what the configuration says.
async fn reconfigure(
    connection: &mut SqliteConnection,
    known: JobRecord,
    spec: JobSpec,
    now: Millis,
) -> Result<(), StoreError> {
    if known.source == JobSource::Config && known.spec == spec {
        return Ok(());
    }
    sqlx::query(
        "UPDATE jobs SET source = 'config', contract_id = ?, input = ?, append_trigger = ?, missed = ? WHERE id = ?",
    )
    .bind(spec.contract_id.0.as_slice())
    .bind(spec.input.as_slice())
    .bind(spec.append_trigger)
    .bind(spec.missed.as_str())
    .bind(known.id.0)
    .execute(&mut *connection)
    .await?;
    // While it was away it waited for nothing, and for something else it begins anew.
    if known.source == JobSource::Left || known.spec.schedule != spec.schedule {
        let next_at = if known.paused.is_some() { None } else { spec.schedule.next_time(now) };
        sqlx::query(
            "UPDATE jobs SET schedule = ?, chain = ?, next_at = ?, first_block = NULL, cursor_block = NULL,
                cursor_hash = NULL WHERE id = ?",
        )
        .bind(to_json(&spec.schedule)?)
        .bind(spec.schedule.chain())
        .bind(next_at.map(at))
        .bind(known.id.0)
        .execute(&mut *connection)
        .await?;
    }
    if let Some(row) = find(&mut *connection, &spec.name).await? {
        let detail = json!({ "job": spec.name, "source": JobSource::Config, "schedule": spec.schedule });
        tell(connection, &row, "job_changed", detail, now).await?;
    }
    Ok(())
}

async fn remove(connection: &mut SqliteConnection, name: JobName, now: Millis) -> Result<Removed, StoreError> {
    let Some(row) = find(&mut *connection, &name).await? else { return Ok(Removed::Unknown) };
    let job = JobRecord::try_from(row.clone())?;
    match job.source {
        JobSource::Config => return Ok(Removed::Configured),
        JobSource::Api | JobSource::Left => {}
    }
    sqlx::query("DELETE FROM events WHERE job_run IN (SELECT id FROM job_runs WHERE job_id = ?)")
        .bind(row.id)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM jobs WHERE id = ?").bind(row.id).execute(&mut *connection).await?;
    tell(connection, &row, "job_removed", json!({ "job": name }), now).await?;
    Ok(Removed::Gone(Box::new(job)))
}

async fn pause(
    connection: &mut SqliteConnection,
    name: JobName,
    reason: Option<String>,
    now: Millis,
) -> Result<Option<Pause>, StoreError> {
    let Some(row) = find(&mut *connection, &name).await? else { return Ok(None) };
    if let Some(since_ms) = row.paused_since {
        return Ok(Some(Pause { since_ms, reason: row.pause_reason }));
    }
    sqlx::query("UPDATE jobs SET paused_since = ?, pause_reason = ?, next_at = NULL WHERE id = ?")
        .bind(at(now))
        .bind(&reason)
        .bind(row.id)
        .execute(&mut *connection)
        .await?;
    tell(connection, &row, "job_paused", json!({ "job": name, "reason": reason }), now).await?;
    Ok(Some(Pause { since_ms: at(now), reason }))
}

async fn resume(connection: &mut SqliteConnection, name: JobName, now: Millis) -> Result<Option<bool>, StoreError> {
    let Some(row) = find(&mut *connection, &name).await? else { return Ok(None) };
    if row.paused_since.is_none() {
        return Ok(Some(false));
    }
    let schedule = JobRecord::try_from(row.clone())?.spec.schedule;
    sqlx::query(
        "UPDATE jobs SET paused_since = NULL, pause_reason = NULL, next_at = ?,
            cursor_block = CASE WHEN ? THEN NULL ELSE cursor_block END WHERE id = ?",
    )
    .bind(schedule.next_time(now).map(at))
    .bind(schedule.next_height(0).is_some())
    .bind(row.id)
    .execute(&mut *connection)
    .await?;
    tell(connection, &row, "job_resumed", json!({ "job": name }), now).await?;
    Ok(Some(true))
}

async fn order(connection: &mut SqliteConnection, name: JobName, now: Millis) -> Result<Ordered, StoreError> {
    let Some(row) = find(&mut *connection, &name).await? else { return Ok(Ordered::Unknown) };
    if row.open_runs > 0 {
        return Ok(Ordered::Busy);
    }
    let job = JobRecord::try_from(row.clone())?;
    if job.paused.is_some() || job.contract_paused || job.source == JobSource::Left {
        return Ok(Ordered::Held);
    }
    let trigger = JobTrigger::Order { at_ms: u64::try_from(now.0).unwrap_or(0) };
    let run = queue(connection, row.id, &trigger, now).await?;
    tell(connection, &row, "job_run_ordered", json!({ "job": name, "run": run.0 }), now).await?;
    Ok(Ordered::Queued(run))
}

/// Adds a run of the job.
async fn queue(
    connection: &mut SqliteConnection,
    job: i64,
    trigger: &JobTrigger,
    due_at: Millis,
) -> Result<JobRunId, StoreError> {
    let inserted = sqlx::query("INSERT INTO job_runs (job_id, cause, due_at, state) VALUES (?, ?, ?, 'queued')")
        .bind(job)
        .bind(to_json(trigger)?)
        .bind(at(due_at))
        .execute(connection)
        .await?;
    Ok(JobRunId(inserted.last_insert_rowid()))
}

/// Adds what happened to a job to the trail.
async fn tell(
    connection: &mut SqliteConnection,
    job: &JobRow,
    event: &str,
    detail: Value,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO events (chain, contract_id, at, event, detail) VALUES (?, ?, ?, ?, ?)")
        .bind(&job.chain)
        .bind(&job.contract_id)
        .bind(at(now))
        .bind(event)
        .bind(detail.to_string())
        .execute(connection)
        .await?;
    Ok(())
}
