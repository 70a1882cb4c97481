//! What makes jobs due, and what is queued then.

use super::{JOB, queue, row::JobRow};
use crate::{
    clock::Millis,
    jobs::{JobTrigger, Schedule, SkipReason, identity},
    store::{
        Advance, ChainJob, ChainWait, DueJob, Found, JobId, JobTurnStore, StoreError, Turn, Turned,
        sqlite::{
            SqliteStore,
            row::{Place, at, signed},
        },
    },
};
use async_trait::async_trait;
use phat_connector::{BlockRef, ChainEvent};
use phat_protocol::{BlockHash, Chain};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::HashMap;

/// For how many blocks below a job's cursor it is remembered which events it was run for: a transaction that a
/// reorganisation dropped may come back so much later.
const REMEMBERED: u64 = 10_000;

#[async_trait]
impl JobTurnStore for SqliteStore {
    async fn due_jobs(&self, now: Millis, limit: u32) -> Result<Vec<DueJob>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(JOB);
        query.push(" WHERE next_at <= ").push_bind(at(now));
        query.push(" AND paused_since IS NULL AND source <> 'left' ORDER BY next_at, id LIMIT ").push_bind(limit);
        let rows: Vec<JobRow> = query.build_query_as().fetch_all(self.readers()).await?;
        let due = rows.into_iter().filter_map(|row| row.next_at.map(|next_at| (row, Millis(next_at))));
        due.map(|(row, due_at)| {
            let missed = Place { table: "jobs", row: &row.name }.text("missed", &row.missed)?;
            Ok(DueJob {
                id: JobId(row.id),
                schedule: row.schedule()?,
                missed,
                contract_paused: row.contract_paused,
                due_at,
            })
        })
        .collect()
    }

    async fn next_due(&self) -> Result<Option<Millis>, StoreError> {
        let (next,): (Option<i64>,) =
            sqlx::query_as("SELECT MIN(next_at) FROM jobs WHERE next_at IS NOT NULL AND source <> 'left'")
                .fetch_one(self.readers())
                .await?;
        Ok(next.map(Millis))
    }

    async fn take_turn(
        &self,
        job: &DueJob,
        turn: Turn,
        next_at: Option<Millis>,
        now: Millis,
    ) -> Result<Turned, StoreError> {
        let (id, due_at) = (job.id, job.due_at);
        self.write(move |connection| {
            Box::pin(async move {
                let touched = sqlx::query(
                    "UPDATE jobs SET next_at = ? WHERE id = ? AND next_at = ? AND paused_since IS NULL
                        AND source <> 'left'",
                )
                .bind(next_at.map(at))
                .bind(id.0)
                .bind(at(due_at))
                .execute(&mut *connection)
                .await?
                .rows_affected();
                if touched == 0 { Ok(Turned::Overtaken) } else { take(connection, id, turn, due_at, now).await }
            })
        })
        .await
    }

    async fn chain_jobs(&self, chain: &str) -> Result<Vec<ChainJob>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(JOB);
        query.push(" WHERE chain = ").push_bind(chain);
        query.push(" AND paused_since IS NULL AND source <> 'left' ORDER BY id");
        let rows: Vec<JobRow> = query.build_query_as().fetch_all(self.readers()).await?;
        rows.iter().filter_map(|row| chain_job(row).transpose()).collect()
    }

    async fn advance_jobs(&self, chain: Chain, advances: &[Advance], now: Millis) -> Result<Vec<Turned>, StoreError> {
        let advances = advances.to_vec();
        self.write(move |connection| {
            Box::pin(async move {
                let mut turned = Vec::new();
                for job in advances {
                    advance(connection, chain, job, now, &mut turned).await?;
                }
                Ok(turned)
            })
        })
        .await
    }

    async fn go_back(&self, chain: &str, block: BlockRef, reach: u64) -> Result<u64, StoreError> {
        let chain = chain.to_owned();
        self.write(move |connection| {
            Box::pin(async move {
                let gone = sqlx::query(
                    "UPDATE jobs SET cursor_block = MAX(COALESCE(first_block, 0), ?), cursor_hash = NULL
                     WHERE chain = ? AND cursor_block = ? AND cursor_hash = ?",
                )
                .bind(signed(block.number.saturating_sub(reach)))
                .bind(chain)
                .bind(signed(block.number))
                .bind(block.hash.0.to_vec())
                .execute(connection)
                .await?;
                Ok(gone.rows_affected())
            })
        })
        .await
    }
}

fn chain_job(row: &JobRow) -> Result<Option<ChainJob>, StoreError> {
    let place = Place { table: "jobs", row: &row.name };
    let wait = match row.schedule()? {
        Schedule::Cron(_) => return Ok(None),
        Schedule::Blocks { every, .. } => ChainWait::Height(every),
        Schedule::Event { filter, .. } => ChainWait::Event(filter),
    };
    let cursor: Option<u64> = row.cursor_block.map(|block| place.unsigned("cursor_block", block)).transpose()?;
    let hash = row.cursor_hash.as_deref().map(|hash| place.id::<BlockHash>("cursor_hash", hash)).transpose()?;
    Ok(Some(ChainJob {
        id: JobId(row.id),
        wait,
        missed: place.text("missed", &row.missed)?,
        contract_paused: row.contract_paused,
        cursor,
        block: cursor.zip(hash).map(|(number, hash)| BlockRef { number, hash }),
        open_runs: place.unsigned("open_runs", row.open_runs)?,
    }))
}

async fn advance(
    connection: &mut SqliteConnection,
    chain: Chain,
    job: Advance,
    now: Millis,
    turned: &mut Vec<Turned>,
) -> Result<(), StoreError> {
    let Advance { id, from, to, block, found } = job;
    let touched = sqlx::query(
        "UPDATE jobs SET cursor_block = ?, cursor_hash = ?, first_block = COALESCE(first_block, ?)
         WHERE id = ? AND cursor_block IS ? AND paused_since IS NULL AND source <> 'left'",
    )
    .bind(signed(to))
    .bind(block.map(|block| block.hash.0.to_vec()))
    .bind(signed(to))
    .bind(id.0)
    .bind(from.map(signed))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if touched == 0 {
        turned.push(Turned::Overtaken);
        return Ok(());
    }
    match found {
        Found::Height { turn, passed } => {
            if passed > 0 {
                skip(connection, id, SkipReason::Passed, passed, now).await?;
            }
            if let Some(turn) = turn {
                turned.push(take(connection, id, turn, now, now).await?);
            }
        }
        Found::Events(events) if events.is_empty() => {}
        Found::Events(events) => {
            take_events(connection, chain, id, events, now, turned).await?;
            sqlx::query("DELETE FROM job_events WHERE job_id = ? AND block_number < ?")
                .bind(id.0)
                .bind(signed(to.saturating_sub(REMEMBERED)))
                .execute(connection)
                .await?;
        }
    }
    Ok(())
}

/// Queues a run for each event that none was queued for.
async fn take_events(
    connection: &mut SqliteConnection,
    chain: Chain,
    job: JobId,
    events: Vec<ChainEvent>,
    now: Millis,
    turned: &mut Vec<Turned>,
) -> Result<(), StoreError> {
    // How many like it came before within the transaction.
    let mut alike = HashMap::new();
    for event in events {
        let nth: &mut u32 = alike.entry((event.block.number, identity(&event, 0))).or_default();
        let known_by = identity(&event, *nth);
        *nth = nth.saturating_add(1);
        let number = event.block.number;
        let new = sqlx::query(
            "INSERT INTO job_events (job_id, identity, block_number) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(job.0)
        .bind(known_by.0.to_vec())
        .bind(signed(number))
        .execute(&mut *connection)
        .await?
        .rows_affected();
        if new == 1 {
            queue(connection, job.0, &JobTrigger::event(chain, event), now).await?;
            turned.push(Turned::Queued);
        }
    }
    Ok(())
}

/// What becomes of a job that is due.
async fn take(
    connection: &mut SqliteConnection,
    job: JobId,
    turn: Turn,
    due_at: Millis,
    now: Millis,
) -> Result<Turned, StoreError> {
    let reason = match turn {
        Turn::Skip(reason) => reason,
        Turn::Run(trigger) => {
            let (open,): (i64,) = sqlx::query_as(
                "SELECT EXISTS (SELECT 1 FROM job_runs WHERE job_id = ? AND state IN ('queued', 'running'))",
            )
            .bind(job.0)
            .fetch_one(&mut *connection)
            .await?;
            if open == 0 {
                queue(connection, job.0, &trigger, due_at).await?;
                return Ok(Turned::Queued);
            }
            SkipReason::Overlap
        }
    };
    skip(connection, job, reason, 1, now).await?;
    Ok(Turned::Skipped(reason))
}

async fn skip(
    connection: &mut SqliteConnection,
    job: JobId,
    reason: SkipReason,
    times: u64,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE jobs SET skipped = skipped + ?, skipped_at = ?, skip_reason = ? WHERE id = ?")
        .bind(signed(times))
        .bind(at(now))
        .bind(reason.as_str())
        .bind(job.0)
        .execute(connection)
        .await?;
    Ok(())
}
