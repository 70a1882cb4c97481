mod list;
mod standing;

use super::{
    SqliteStore,
    row::{Place, key},
};
use crate::{
    attempt::{AttemptId, AttemptState},
    request::StateName,
    store::{
        AttemptRecord, Checkpoint, Counts, EventRecord, OpenAttemptRecord, Page, ReadStore, RequestFilter, RequestLife,
        RequestSummary, StageAge, StoreError, StoredReport, TransactionRecord, WatchStore,
    },
};
use async_trait::async_trait;
use phat_connector::{BlockRef, Fees, TxHash};
use phat_protocol::{Digest, Report, RequestId, Signature};
use sqlx::{FromRow, QueryBuilder, Sqlite};
use std::collections::BTreeMap;

/// What a list shows of a request.
const SUMMARY: &str = "SELECT id, chain, contract_id, consumer, state, detail, block_number, requests.observed_at,
    updated_at, expires_at, last_error, outcome";

#[derive(FromRow)]
struct SummaryRow {
    id: Vec<u8>,
    chain: String,
    contract_id: Vec<u8>,
    consumer: Vec<u8>,
    state: String,
    detail: Option<String>,
    block_number: i64,
    observed_at: i64,
    updated_at: i64,
    expires_at: i64,
    last_error: Option<String>,
    outcome: Option<String>,
}

impl TryFrom<SummaryRow> for RequestSummary {
    type Error = StoreError;

    fn try_from(row: SummaryRow) -> Result<Self, StoreError> {
        let id: RequestId = Place { table: "requests", row: &"(unreadable id)" }.id("id", &row.id)?;
        let place = Place { table: "requests", row: &id };
        let state: StateName = place.text("state", &row.state)?;
        let detail = row.detail.as_deref().unwrap_or("null");
        Ok(Self {
            id,
            contract_id: place.id("contract_id", &row.contract_id)?,
            state,
            ignored: (state == StateName::Ignored).then(|| place.json("detail", detail)).transpose()?,
            settlement: (state == StateName::Settled).then(|| place.json("detail", detail)).transpose()?,
            outcome: row.outcome.map(|name| place.outcome("outcome", &name)).transpose()?,
            block: place.unsigned("block_number", row.block_number)?,
            observed_at_ms: row.observed_at,
            updated_at_ms: row.updated_at,
            expires_at: place.unsigned("expires_at", row.expires_at)?,
            chain: row.chain,
            consumer: row.consumer,
            last_error: row.last_error,
        })
    }
}

#[derive(FromRow)]
struct LifeRow {
    content: String,
    payload: Vec<u8>,
    block_hash: Vec<u8>,
    transaction_hash: Vec<u8>,
    replaces: Option<Vec<u8>>,
    replaced_by: Option<Vec<u8>>,
    tries: i64,
    next_try_at: i64,
    settled_final: bool,
}

#[derive(FromRow)]
struct ReportRow {
    report: String,
    signature: Vec<u8>,
    worker: Vec<u8>,
    attestation: String,
    reason: Option<String>,
    logs: String,
    fuel: i64,
    elapsed_ms: i64,
    reported_at: i64,
}

impl ReportRow {
    fn into_report(self, id: RequestId) -> Result<StoredReport, StoreError> {
        let place = Place { table: "reports", row: &id };
        let report: Report = place.json("report", &self.report)?;
        let signature =
            <[u8; 65]>::try_from(self.signature.as_slice()).map_err(|error| place.corrupt("signature", error))?;
        Ok(StoredReport {
            outcome: report.outcome,
            outcome_number: report.outcome.number(),
            output: report.output,
            executed_at: report.executed_at,
            payee: report.payee,
            worker: place.id("worker", &self.worker)?,
            signature: Signature(signature),
            attestation: self.attestation,
            reason: self.reason,
            logs: place.json("logs", &self.logs)?,
            fuel: place.unsigned("fuel", self.fuel)?,
            elapsed_ms: place.unsigned("elapsed_ms", self.elapsed_ms)?,
            reported_at_ms: self.reported_at,
        })
    }
}

#[derive(FromRow)]
struct AttemptRow {
    id: i64,
    submitter: String,
    nonce: i64,
    state: String,
    created_at: i64,
    updated_at: i64,
    effect: Option<String>,
}

impl AttemptRow {
    fn into_record(self, transactions: Vec<TransactionRecord>) -> Result<AttemptRecord, StoreError> {
        let place = Place { table: "attempts", row: &self.id };
        let state = [AttemptState::Open, AttemptState::Mined, AttemptState::Dead]
            .into_iter()
            .find(|state| state.as_str() == self.state)
            .ok_or_else(|| place.corrupt("state", format!("no state is called {:?}", self.state)))?;
        let effect = Place { table: "attempt_entries", row: &self.id };
        Ok(AttemptRecord {
            id: AttemptId(self.id),
            nonce: place.unsigned("nonce", self.nonce)?,
            state,
            created_at_ms: self.created_at,
            updated_at_ms: self.updated_at,
            effect: self.effect.map(|text| effect.json("effect", &text)).transpose()?,
            submitter: self.submitter,
            transactions,
        })
    }
}

#[derive(FromRow)]
struct TransactionRow {
    hash: Vec<u8>,
    gas_limit: i64,
    max_fee: String,
    max_priority_fee: String,
    prepared_at: i64,
    broadcast_at: Option<i64>,
    block_number: Option<i64>,
    block_hash: Option<Vec<u8>>,
    succeeded: Option<bool>,
    gas_used: Option<i64>,
}

impl TryFrom<TransactionRow> for TransactionRecord {
    type Error = StoreError;

    fn try_from(row: TransactionRow) -> Result<Self, StoreError> {
        let hash: Digest = Place { table: "transactions", row: &"(unreadable hash)" }.id("hash", &row.hash)?;
        let place = Place { table: "transactions", row: &hash };
        let block = match (row.block_number, &row.block_hash) {
            (Some(number), Some(bytes)) => {
                Some(BlockRef { number: place.unsigned("block_number", number)?, hash: place.id("block_hash", bytes)? })
            }
            (Some(_) | None, _) => None,
        };
        Ok(Self {
            hash: TxHash(hash),
            gas_limit: place.unsigned("gas_limit", row.gas_limit)?,
            fees: Fees {
                max_fee: place.text("max_fee", &row.max_fee)?,
                max_priority_fee: place.text("max_priority_fee", &row.max_priority_fee)?,
            },
            prepared_at_ms: row.prepared_at,
            broadcast_at_ms: row.broadcast_at,
            block,
            succeeded: row.succeeded,
            gas_used: row.gas_used.map(|gas| place.unsigned("gas_used", gas)).transpose()?,
        })
    }
}

impl SqliteStore {
    async fn attempts_of(&self, id: RequestId) -> Result<Vec<AttemptRecord>, StoreError> {
        let rows: Vec<AttemptRow> = sqlx::query_as(
            "SELECT attempts.id, submitter, nonce, attempts.state, created_at, updated_at, effect
             FROM attempt_entries JOIN attempts ON attempts.id = attempt_entries.attempt_id
             WHERE request_id = ? ORDER BY attempts.id",
        )
        .bind(key(&id))
        .fetch_all(self.readers())
        .await?;
        let mut attempts = Vec::with_capacity(rows.len());
        for row in rows {
            let transactions: Vec<TransactionRow> = sqlx::query_as(
                "SELECT hash, gas_limit, max_fee, max_priority_fee, prepared_at, broadcast_at, block_number, block_hash,
                    succeeded, gas_used
                 FROM transactions WHERE attempt_id = ? ORDER BY prepared_at, LENGTH(max_fee), max_fee",
            )
            .bind(row.id)
            .fetch_all(self.readers())
            .await?;
            let transactions =
                transactions.into_iter().map(TransactionRecord::try_from).collect::<Result<_, StoreError>>()?;
            attempts.push(row.into_record(transactions)?);
        }
        Ok(attempts)
    }

    async fn events_of(&self, id: RequestId) -> Result<Vec<EventRecord>, StoreError> {
        let rows: Vec<(i64, String, Option<String>)> =
            sqlx::query_as("SELECT at, event, detail FROM events WHERE request_id = ? ORDER BY sequence")
                .bind(key(&id))
                .fetch_all(self.readers())
                .await?;
        let place = Place { table: "events", row: &id };
        rows.into_iter()
            .map(|(at_ms, event, detail)| {
                let detail = detail.map(|text| place.json("detail", &text)).transpose()?;
                Ok(EventRecord { at_ms, event, detail })
            })
            .collect()
    }
}

#[async_trait]
impl ReadStore for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        Self::ping(self).await
    }

    async fn requests(&self, filter: &RequestFilter, page: Page) -> Result<Vec<RequestSummary>, StoreError> {
        list::page(self, filter, page).await
    }

    async fn count(&self, filter: &RequestFilter) -> Result<Counts, StoreError> {
        list::count(self, filter).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<RequestLife>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(SUMMARY);
        query.push(" FROM requests WHERE id = ").push_bind(key(&id));
        let Some(row) = query.build_query_as::<SummaryRow>().fetch_optional(self.readers()).await? else {
            return Ok(None);
        };
        let life: LifeRow = sqlx::query_as(
            "SELECT content, payload, block_hash, transaction_hash, replaces, tries, next_try_at, settled_final,
                (SELECT id FROM requests AS newer WHERE newer.replaces = requests.id ORDER BY rowid DESC LIMIT 1)
                    AS replaced_by
             FROM requests WHERE id = ?",
        )
        .bind(key(&id))
        .fetch_one(self.readers())
        .await?;
        let report: Option<ReportRow> = sqlx::query_as(
            "SELECT report, signature, worker, attestation, reason, logs, fuel, elapsed_ms, reported_at
             FROM reports WHERE request_id = ?",
        )
        .bind(key(&id))
        .fetch_optional(self.readers())
        .await?;
        let place = Place { table: "requests", row: &id };
        Ok(Some(RequestLife {
            summary: row.try_into()?,
            request: place.json("content", &life.content)?,
            block_hash: place.id("block_hash", &life.block_hash)?,
            transaction: TxHash(place.id("transaction_hash", &life.transaction_hash)?),
            replaces: life.replaces.map(|id| place.id("replaces", &id)).transpose()?,
            replaced_by: life.replaced_by.map(|id| place.id("replaced_by", &id)).transpose()?,
            tries: place.unsigned("tries", life.tries)?,
            next_try_at_ms: life.next_try_at,
            is_final: life.settled_final,
            payload: life.payload,
            report: report.map(|row| row.into_report(id)).transpose()?,
            attempts: self.attempts_of(id).await?,
            events: self.events_of(id).await?,
        }))
    }

    async fn counts(&self, chain: &str) -> Result<BTreeMap<StateName, u64>, StoreError> {
        standing::counts(self, chain).await
    }

    async fn stage_ages(&self, chain: &str) -> Result<Vec<StageAge>, StoreError> {
        standing::stage_ages(self, chain).await
    }

    async fn open_attempt_records(&self, chain: &str, limit: u32) -> Result<Vec<OpenAttemptRecord>, StoreError> {
        standing::open_attempts(self, chain, limit).await
    }

    async fn cursor(&self, chain: &str) -> Result<Option<Checkpoint>, StoreError> {
        Ok(self.checkpoints(chain, 1).await?.into_iter().next())
    }
}
