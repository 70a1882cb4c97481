//! Where a chain stands.

use crate::{
    attempt::AttemptId,
    clock::Millis,
    request::StateName,
    store::{
        OpenAttemptRecord, Stage, StageAge, StoreError,
        sqlite::{SqliteStore, row::Place},
    },
};
use sqlx::FromRow;
use std::collections::BTreeMap;

pub(super) async fn counts(store: &SqliteStore, chain: &str) -> Result<BTreeMap<StateName, u64>, StoreError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT state, requests FROM request_counts WHERE chain = ? AND requests > 0")
            .bind(chain)
            .fetch_all(store.readers())
            .await?;
    let place = Place { table: "request_counts", row: &chain };
    rows.iter().map(|(state, count)| Ok((place.text("state", state)?, place.unsigned("requests", *count)?))).collect()
}

pub(super) async fn stage_ages(store: &SqliteStore, chain: &str) -> Result<Vec<StageAge>, StoreError> {
    let mut ages = Vec::new();
    for stage in Stage::ALL {
        let (requests, since): (i64, Option<i64>) =
            sqlx::query_as("SELECT COUNT(*), MIN(updated_at) FROM requests WHERE chain = ? AND state = ?")
                .bind(chain)
                .bind(stage.state().as_str())
                .fetch_one(store.readers())
                .await?;
        if let Some(since) = since {
            let requests = Place { table: "requests", row: &"(counted)" }.unsigned("state", requests)?;
            ages.push(StageAge { stage, requests, oldest_since: Millis(since) });
        }
    }
    Ok(ages)
}

#[derive(FromRow)]
struct OpenAttemptRow {
    id: i64,
    submitter: String,
    nonce: i64,
    created_at: i64,
    requests: i64,
    transactions: i64,
    broadcast_at: Option<i64>,
}

impl TryFrom<OpenAttemptRow> for OpenAttemptRecord {
    type Error = StoreError;

    fn try_from(row: OpenAttemptRow) -> Result<Self, StoreError> {
        let place = Place { table: "attempts", row: &row.id };
        Ok(Self {
            id: AttemptId(row.id),
            nonce: place.unsigned("nonce", row.nonce)?,
            requests: place.unsigned("id", row.requests)?,
            transactions: place.unsigned("id", row.transactions)?,
            created_at_ms: row.created_at,
            broadcast_at_ms: row.broadcast_at,
            submitter: row.submitter,
        })
    }
}

pub(super) async fn open_attempts(
    store: &SqliteStore,
    chain: &str,
    limit: u32,
) -> Result<Vec<OpenAttemptRecord>, StoreError> {
    let rows: Vec<OpenAttemptRow> = sqlx::query_as(
        "SELECT id, submitter, nonce, created_at,
            (SELECT COUNT(*) FROM attempt_entries WHERE attempt_id = attempts.id) AS requests,
            (SELECT COUNT(*) FROM transactions WHERE attempt_id = attempts.id) AS transactions,
            (SELECT MAX(broadcast_at) FROM transactions WHERE attempt_id = attempts.id) AS broadcast_at
         FROM attempts WHERE chain = ? AND state = 'open' ORDER BY nonce LIMIT ?",
    )
    .bind(chain)
    .bind(limit)
    .fetch_all(store.readers())
    .await?;
    rows.into_iter().map(OpenAttemptRecord::try_from).collect()
}
