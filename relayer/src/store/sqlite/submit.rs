use super::{
    SqliteStore,
    row::{Place, at, key, listed, signed},
    transition::{record, record_all, transition_all},
};
use crate::{
    attempt::{AttemptId, OpenAttempt, Transaction},
    clock::Millis,
    request::{State, StateName},
    store::{NewAttempt, ReadyReport, RefusedReport, StoreError, SubmitStore},
};
use async_trait::async_trait;
use phat_connector::{Account, BlockRef, Entry, Fees, PreparedTransaction, TxHash};
use phat_protocol::{Digest, Report, RequestId, Signature};
use serde_json::json;
use sqlx::SqliteConnection;
use std::collections::HashMap;

#[derive(sqlx::FromRow)]
struct ReadyRow {
    id: Vec<u8>,
    content: String,
    report: String,
    signature: Vec<u8>,
    block_number: i64,
    tries: i64,
}

impl TryFrom<ReadyRow> for ReadyReport {
    type Error = StoreError;

    fn try_from(row: ReadyRow) -> Result<Self, StoreError> {
        let id: RequestId = Place { table: "reports", row: &"(unreadable id)" }.id("request_id", &row.id)?;
        let place = Place { table: "reports", row: &id };
        let report: Report = place.json("report", &row.report)?;
        let signature =
            <[u8; 65]>::try_from(row.signature.as_slice()).map_err(|error| place.corrupt("signature", error))?;
        let request = Place { table: "requests", row: &id }.json("content", &row.content)?;
        Ok(Self {
            id,
            entry: Entry { request, report, signatures: vec![Signature(signature)] },
            block: place.unsigned("block_number", row.block_number)?,
            tries: place.unsigned("tries", row.tries)?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct TransactionRow {
    attempt_id: i64,
    hash: Vec<u8>,
    raw: Vec<u8>,
    max_fee: String,
    max_priority_fee: String,
    prepared_at: i64,
    broadcast_at: Option<i64>,
    block_number: Option<i64>,
    block_hash: Option<Vec<u8>>,
}

impl TransactionRow {
    fn into_transaction(self, attempt: AttemptId) -> Result<Transaction, StoreError> {
        let place = Place { table: "transactions", row: &attempt.0 };
        let mined_in = match (self.block_number, &self.block_hash) {
            (Some(number), Some(hash)) => {
                Some(BlockRef { number: place.unsigned("block_number", number)?, hash: place.id("block_hash", hash)? })
            }
            (Some(_) | None, Some(_) | None) => None,
        };
        Ok(Transaction {
            hash: TxHash(place.id::<Digest>("hash", &self.hash)?),
            fees: Fees {
                max_fee: place.text("max_fee", &self.max_fee)?,
                max_priority_fee: place.text("max_priority_fee", &self.max_priority_fee)?,
            },
            prepared_at: Millis(self.prepared_at),
            broadcast_at: self.broadcast_at.map(Millis),
            mined_in,
            raw: self.raw,
        })
    }
}

/// A request that came back after a reorganisation may still be carried by an open attempt.
pub(super) const READY: &str = "SELECT requests.id, content, report, signature, block_number, tries
     FROM requests JOIN reports ON reports.request_id = requests.id
     WHERE chain = ? AND state = 'reported' AND next_try_at <= ? AND NOT EXISTS
        (SELECT 1 FROM attempt_entries JOIN attempts ON attempts.id = attempt_entries.attempt_id
         WHERE attempt_entries.request_id = requests.id AND attempts.state = 'open')
        AND NOT EXISTS (SELECT 1 FROM paused_chains WHERE paused_chains.chain = requests.chain)
     ORDER BY reported_at LIMIT ?";

#[async_trait]
impl SubmitStore for SqliteStore {
    async fn ready(&self, chain: &str, limit: u32, now: Millis) -> Result<Vec<ReadyReport>, StoreError> {
        let rows: Vec<ReadyRow> =
            sqlx::query_as(READY).bind(chain).bind(at(now)).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(ReadyReport::try_from).collect()
    }

    async fn begin(&self, attempts: &[NewAttempt], now: Millis) -> Result<Vec<AttemptId>, StoreError> {
        let attempts = attempts.to_vec();
        self.write(move |connection| {
            Box::pin(async move {
                let mut opened = Vec::with_capacity(attempts.len());
                for attempt in &attempts {
                    refuse_paused(connection, attempt).await?;
                    opened.push(open(connection, attempt, now).await?);
                }
                Ok(opened)
            })
        })
        .await
    }

    async fn add_transaction(
        &self,
        attempt: AttemptId,
        replacement: &PreparedTransaction,
        now: Millis,
    ) -> Result<(), StoreError> {
        let replacement = replacement.clone();
        self.write(move |connection| Box::pin(replace(connection, attempt, replacement, now))).await
    }

    async fn entries(&self, attempt: AttemptId) -> Result<Vec<Entry>, StoreError> {
        let rows: Vec<ReadyRow> = sqlx::query_as(
            "SELECT requests.id, content, report, signature, block_number, tries
             FROM attempt_entries
                JOIN requests ON requests.id = attempt_entries.request_id
                JOIN reports ON reports.request_id = requests.id
             WHERE attempt_entries.attempt_id = ?1 AND requests.attempt_id = ?1 AND requests.state = 'submitted'
             ORDER BY position",
        )
        .bind(attempt.0)
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(|row| ReadyReport::try_from(row).map(|ready| ready.entry)).collect()
    }

    async fn sent(&self, hashes: &[TxHash], now: Millis) -> Result<(), StoreError> {
        let hashes = hashes.to_vec();
        self.write(move |connection| Box::pin(sent(connection, hashes, now))).await
    }

    async fn put_off(&self, refused: &[RefusedReport], now: Millis) -> Result<(), StoreError> {
        if refused.is_empty() {
            return Ok(());
        }
        let refused = refused.to_vec();
        self.write(move |connection| Box::pin(put_off(connection, refused, now))).await
    }

    async fn open_attempts(&self, chain: &str) -> Result<Vec<OpenAttempt>, StoreError> {
        let rows: Vec<(i64, String, i64)> = sqlx::query_as(
            "SELECT id, submitter, nonce FROM attempts WHERE chain = ? AND state = 'open' ORDER BY nonce",
        )
        .bind(chain)
        .fetch_all(self.readers())
        .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let requests: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT attempt_id, request_id FROM attempts JOIN attempt_entries ON attempt_id = attempts.id
             WHERE chain = ? AND state = 'open' ORDER BY attempt_id, position",
        )
        .bind(chain)
        .fetch_all(self.readers())
        .await?;
        let transactions: Vec<TransactionRow> = sqlx::query_as(
            "SELECT attempt_id, hash, raw, max_fee, max_priority_fee, prepared_at, broadcast_at, block_number,
                block_hash
             FROM attempts JOIN transactions ON attempt_id = attempts.id
             WHERE chain = ? AND state = 'open' ORDER BY prepared_at, LENGTH(max_fee), max_fee",
        )
        .bind(chain)
        .fetch_all(self.readers())
        .await?;
        assemble(rows, requests, transactions)
    }
}

/// Puts attempts together from the rows of three tables. An attempt that was opened while they were
/// read is left out, for it is seen the next time; one that ended meanwhile has no transactions left.
fn assemble(
    rows: Vec<(i64, String, i64)>,
    requests: Vec<(i64, Vec<u8>)>,
    transactions: Vec<TransactionRow>,
) -> Result<Vec<OpenAttempt>, StoreError> {
    let mut carried: HashMap<i64, Vec<RequestId>> = HashMap::with_capacity(rows.len());
    for (attempt, id) in &requests {
        let id = Place { table: "attempt_entries", row: attempt }.id("request_id", id)?;
        carried.entry(*attempt).or_default().push(id);
    }
    let mut signed: HashMap<i64, Vec<Transaction>> = HashMap::with_capacity(rows.len());
    for row in transactions {
        let attempt = row.attempt_id;
        signed.entry(attempt).or_default().push(row.into_transaction(AttemptId(attempt))?);
    }
    let mut attempts = Vec::with_capacity(rows.len());
    for (id, submitter, nonce) in rows {
        let Some(transactions) = signed.remove(&id) else { continue };
        attempts.push(OpenAttempt {
            id: AttemptId(id),
            submitter: Account(submitter),
            nonce: Place { table: "attempts", row: &id }.unsigned("nonce", nonce)?,
            requests: carried.remove(&id).unwrap_or_default(),
            transactions,
        });
    }
    Ok(attempts)
}

pub(super) const CARRY: &str = "UPDATE requests SET attempt_id = ? WHERE id IN (SELECT unhex(value) FROM json_each(?))";

/// Nothing new is sent on a chain that is paused, though it was prepared before. A nonce is filled: that
/// only lets what was sent before be mined.
async fn refuse_paused(connection: &mut SqliteConnection, attempt: &NewAttempt) -> Result<(), StoreError> {
    if attempt.requests.is_empty() {
        return Ok(());
    }
    let paused: Option<(i64,)> = sqlx::query_as("SELECT 1 FROM paused_chains WHERE chain = ?")
        .bind(&attempt.chain)
        .fetch_optional(connection)
        .await?;
    match paused {
        Some(_) => Err(StoreError::Conflict { what: format!("chain {}, which is paused", attempt.chain) }),
        None => Ok(()),
    }
}

async fn open(connection: &mut SqliteConnection, attempt: &NewAttempt, now: Millis) -> Result<AttemptId, StoreError> {
    let NewAttempt { chain, submitter, requests, transaction } = attempt;
    let inserted = sqlx::query(
        "INSERT INTO attempts (chain, submitter, nonce, state, created_at, updated_at)
         VALUES (?, ?, ?, 'open', ?, ?)",
    )
    .bind(chain)
    .bind(&submitter.0)
    .bind(signed(transaction.nonce))
    .bind(at(now))
    .bind(at(now))
    .execute(&mut *connection)
    .await;
    let id = match inserted {
        Ok(result) => AttemptId(result.last_insert_rowid()),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return Err(StoreError::Conflict { what: format!("nonce {}", transaction.nonce) });
        }
        Err(error) => return Err(error.into()),
    };
    if !requests.is_empty() {
        sqlx::query(
            "INSERT INTO attempt_entries (attempt_id, position, request_id)
             SELECT ?, key, unhex(value) FROM json_each(?)",
        )
        .bind(id.0)
        .bind(listed(requests))
        .execute(&mut *connection)
        .await?;
        transition_all(connection, requests, StateName::Reported, State::Submitted, now).await?;
        sqlx::query(CARRY).bind(id.0).bind(listed(requests)).execute(&mut *connection).await?;
    }
    insert_transaction(connection, id, transaction, now).await?;
    Ok(id)
}

async fn replace(
    connection: &mut SqliteConnection,
    attempt: AttemptId,
    replacement: PreparedTransaction,
    now: Millis,
) -> Result<(), StoreError> {
    insert_transaction(connection, attempt, &replacement, now).await?;
    let requests: Vec<(Vec<u8>,)> =
        sqlx::query_as("SELECT request_id FROM attempt_entries WHERE attempt_id = ? ORDER BY position")
            .bind(attempt.0)
            .fetch_all(&mut *connection)
            .await?;
    let place = Place { table: "attempt_entries", row: &attempt.0 };
    let requests: Vec<RequestId> = requests.iter().map(|(id,)| place.id("request_id", id)).collect::<Result<_, _>>()?;
    let detail = json!({ "transaction": replacement.hash, "max_fee": replacement.fees.max_fee });
    record_all(connection, &requests, "replaced", Some(detail), now).await
}

async fn sent(connection: &mut SqliteConnection, hashes: Vec<TxHash>, now: Millis) -> Result<(), StoreError> {
    for hash in hashes {
        sqlx::query("UPDATE transactions SET broadcast_at = ? WHERE hash = ?")
            .bind(at(now))
            .bind(hash.0.0.as_slice())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn put_off(
    connection: &mut SqliteConnection,
    refused: Vec<RefusedReport>,
    now: Millis,
) -> Result<(), StoreError> {
    for RefusedReport { id, refusal, next_try_at } in refused {
        let why = format!("the oracle refuses it: {refusal}");
        let known: Option<(Option<String>,)> =
            sqlx::query_as("SELECT last_error FROM requests WHERE id = ? AND state = 'reported'")
                .bind(key(&id))
                .fetch_optional(&mut *connection)
                .await?;
        let Some((known,)) = known else { continue };
        sqlx::query("UPDATE requests SET next_try_at = ?, last_error = ?, tries = tries + 1 WHERE id = ?")
            .bind(at(next_try_at))
            .bind(&why)
            .bind(key(&id))
            .execute(&mut *connection)
            .await?;
        if known.as_ref() != Some(&why) {
            record(connection, id, "refused", Some(json!({ "refusal": refusal })), now).await?;
        }
    }
    Ok(())
}

async fn insert_transaction(
    connection: &mut SqliteConnection,
    attempt: AttemptId,
    prepared: &PreparedTransaction,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO transactions (hash, attempt_id, raw, gas_limit, max_fee, max_priority_fee, prepared_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(prepared.hash.0.0.as_slice())
    .bind(attempt.0)
    .bind(prepared.raw.as_slice())
    .bind(signed(prepared.gas_limit))
    .bind(prepared.fees.max_fee.to_string())
    .bind(prepared.fees.max_priority_fee.to_string())
    .bind(at(now))
    .execute(connection)
    .await?;
    Ok(())
}
