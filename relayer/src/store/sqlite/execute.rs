use super::{
    SqliteStore,
    row::{Place, at, key, signed, to_json},
    transition::{record, transition},
};
use crate::{
    clock::Millis,
    request::{IgnoreReason, State, StateName},
    store::{ExecuteStore, Lease, LeaseToken, Leased, Postponed, StoreError},
};
use async_trait::async_trait;
use phat_connector::BlockRef;
use phat_enclave_api::Execution;
use phat_protocol::{ContractId, RequestId};
use serde_json::json;
use sqlx::SqliteConnection;

#[derive(sqlx::FromRow)]
struct LeasedRow {
    id: Vec<u8>,
    content: String,
    payload: Vec<u8>,
    block_number: i64,
    block_hash: Vec<u8>,
    tries: i64,
}

impl TryFrom<LeasedRow> for Leased {
    type Error = StoreError;

    fn try_from(row: LeasedRow) -> Result<Self, StoreError> {
        let id: RequestId = Place { table: "requests", row: &"(unreadable id)" }.id("id", &row.id)?;
        let place = Place { table: "requests", row: &id };
        Ok(Self {
            id,
            request: place.json("content", &row.content)?,
            block: BlockRef {
                number: place.unsigned("block_number", row.block_number)?,
                hash: place.id("block_hash", &row.block_hash)?,
            },
            tries: place.unsigned("tries", row.tries)?,
            payload: row.payload,
        })
    }
}

/// Every consumer's turn comes as often as any other's. Of each, only as many are looked at as are wanted,
/// so that a long queue costs no more than a short one.
pub(super) const LEASE: &str = "WITH RECURSIVE consumers (consumer) AS (
        SELECT MIN(consumer) FROM requests WHERE chain = ?6 AND state = 'observed'
        UNION ALL
        SELECT (SELECT MIN(requests.consumer) FROM requests
                WHERE chain = ?6 AND state = 'observed' AND requests.consumer > consumers.consumer)
        FROM consumers WHERE consumers.consumer IS NOT NULL),
     waiting AS (
        SELECT id, block_number,
            ROW_NUMBER() OVER (PARTITION BY requests.consumer ORDER BY block_number, observed_at) AS turn
        FROM consumers CROSS JOIN requests ON id IN (
            SELECT first.id FROM requests AS first INDEXED BY requests_to_execute
            WHERE first.chain = ?6 AND first.state = 'observed' AND first.consumer = consumers.consumer
                AND first.next_try_at <= ?1 AND first.lease_until <= ?1 AND first.expires_at > ?2
                AND first.contract_id NOT IN (SELECT contract_id FROM paused_contracts)
            ORDER BY first.block_number, first.observed_at LIMIT ?5)
        WHERE NOT EXISTS (SELECT 1 FROM paused_chains WHERE paused_chains.chain = ?6))
     UPDATE requests SET lease_token = ?3, lease_until = ?4, tries = tries + 1
     WHERE id IN (SELECT id FROM waiting ORDER BY turn, block_number LIMIT ?5)
     RETURNING id, content, payload, block_number, block_hash, tries - 1 AS tries";

/// Whether the lease is held, and nobody paused what it is for.
pub(super) const MAY_RUN: &str = "SELECT 1 FROM requests WHERE id = ? AND lease_token = ?
    AND NOT EXISTS (SELECT 1 FROM paused_chains WHERE paused_chains.chain = requests.chain)
    AND NOT EXISTS (SELECT 1 FROM paused_contracts WHERE paused_contracts.contract_id = requests.contract_id)";

#[async_trait]
impl ExecuteStore for SqliteStore {
    async fn lease(&self, chain: &str, lease: Lease, limit: u32, now: Millis) -> Result<Vec<Leased>, StoreError> {
        let chain = chain.to_owned();
        self.write(move |connection| Box::pin(take(connection, chain, lease, limit, now))).await
    }

    async fn report(
        &self,
        id: RequestId,
        token: LeaseToken,
        execution: &Execution,
        now: Millis,
    ) -> Result<(), StoreError> {
        let execution = execution.clone();
        self.write(move |connection| Box::pin(report(connection, id, token, execution, now))).await
    }

    async fn ignore(
        &self,
        id: RequestId,
        token: LeaseToken,
        reason: &IgnoreReason,
        now: Millis,
    ) -> Result<(), StoreError> {
        let ignored = State::Ignored(reason.clone());
        self.write(move |connection| {
            Box::pin(async move {
                hold(connection, id, token).await?;
                transition(connection, id, StateName::Observed, ignored, now).await
            })
        })
        .await
    }

    async fn give_back(&self, postponed: &[Postponed], token: LeaseToken) -> Result<(), StoreError> {
        if postponed.is_empty() {
            return Ok(());
        }
        let postponed = postponed.to_vec();
        self.write(move |connection| Box::pin(give_back(connection, postponed, token))).await
    }

    async fn may_run(&self, id: RequestId, token: LeaseToken) -> Result<bool, StoreError> {
        let row: Option<(i64,)> =
            sqlx::query_as(MAY_RUN).bind(key(&id)).bind(token.0.as_slice()).fetch_optional(self.readers()).await?;
        Ok(row.is_some())
    }

    async fn release(&self, id: RequestId, token: LeaseToken) -> Result<(), StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE requests SET lease_token = NULL, lease_until = 0, tries = MAX(tries - 1, 0)
                     WHERE id = ? AND state = 'observed' AND lease_token = ?",
                )
                .bind(key(&id))
                .bind(token.0.as_slice())
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn wanted(
        &self,
        chain: &str,
        after: Option<ContractId>,
        limit: u32,
        now: Millis,
    ) -> Result<Vec<ContractId>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
            "SELECT DISTINCT contract_id FROM requests
             WHERE chain = ? AND state = 'ignored' AND expires_at > ? AND contract_id > ?
                AND json_extract(detail, '$.reason') = 'unknown_contract'
             ORDER BY contract_id LIMIT ?",
        )
        .bind(chain)
        .bind(signed(now.seconds()))
        .bind(after.map_or_else(Vec::new, |id| id.0.to_vec()))
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(|(id,)| Place { table: "requests", row: &chain }.id("contract_id", id)).collect()
    }

    async fn reconsider(&self, contract: ContractId, now: Millis) -> Result<u64, StoreError> {
        self.write(move |connection| Box::pin(reconsider(connection, contract, now))).await
    }
}

async fn take(
    connection: &mut SqliteConnection,
    chain: String,
    lease: Lease,
    limit: u32,
    now: Millis,
) -> Result<Vec<Leased>, StoreError> {
    let rows: Vec<LeasedRow> = sqlx::query_as(LEASE)
        .bind(at(now))
        .bind(signed(now.seconds()))
        .bind(lease.token.0.as_slice())
        .bind(at(lease.until))
        .bind(limit)
        .bind(chain)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(Leased::try_from).collect()
}

async fn report(
    connection: &mut SqliteConnection,
    id: RequestId,
    token: LeaseToken,
    execution: Execution,
    now: Millis,
) -> Result<(), StoreError> {
    hold(connection, id, token).await?;
    transition(connection, id, StateName::Observed, State::Reported, now).await?;
    sqlx::query(
        "INSERT INTO reports (request_id, report, signature, worker, attestation, reason, logs, fuel, elapsed_ms,
            reported_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(key(&id))
    .bind(to_json(&execution.report)?)
    .bind(execution.signature.0.as_slice())
    .bind(execution.worker.0.as_slice())
    .bind(execution.attestation.to_string())
    .bind(&execution.reason)
    .bind(to_json(&execution.logs)?)
    .bind(signed(execution.fuel))
    .bind(signed(execution.elapsed_ms))
    .bind(at(now))
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE requests SET outcome = ? WHERE id = ?")
        .bind(execution.report.outcome.name())
        .bind(key(&id))
        .execute(connection)
        .await?;
    Ok(())
}

async fn give_back(
    connection: &mut SqliteConnection,
    postponed: Vec<Postponed>,
    token: LeaseToken,
) -> Result<(), StoreError> {
    for Postponed { id, why, next_try_at } in postponed {
        sqlx::query(
            "UPDATE requests SET lease_token = NULL, lease_until = 0, next_try_at = ?, last_error = ?
             WHERE id = ? AND state = 'observed' AND lease_token = ?",
        )
        .bind(at(next_try_at))
        .bind(why)
        .bind(key(&id))
        .bind(token.0.as_slice())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn reconsider(connection: &mut SqliteConnection, contract: ContractId, now: Millis) -> Result<u64, StoreError> {
    let rows: Vec<(Vec<u8>, String)> =
        sqlx::query_as("SELECT id, detail FROM requests WHERE contract_id = ? AND state = 'ignored'")
            .bind(contract.0.as_slice())
            .fetch_all(&mut *connection)
            .await?;
    let mut reconsidered = 0;
    for (id, detail) in &rows {
        let id: RequestId = Place { table: "requests", row: &contract }.id("id", id)?;
        match (Place { table: "requests", row: &id }).json("detail", detail)? {
            IgnoreReason::UnknownContract | IgnoreReason::StaleRevision => {
                transition(connection, id, StateName::Ignored, State::Observed, now).await?;
                record(connection, id, "reconsidered", Some(json!({ "contract": contract })), now).await?;
                reconsidered += 1;
            }
            IgnoreReason::Refused { .. } => {}
        }
    }
    Ok(reconsidered)
}

/// Fails when the lease is another's by now.
async fn hold(connection: &mut SqliteConnection, id: RequestId, token: LeaseToken) -> Result<(), StoreError> {
    let held: Option<(i64,)> = sqlx::query_as("SELECT 1 FROM requests WHERE id = ? AND lease_token = ?")
        .bind(key(&id))
        .bind(token.0.as_slice())
        .fetch_optional(connection)
        .await?;
    held.map(|_| ()).ok_or_else(|| StoreError::Conflict { what: format!("the lease on request {id}") })
}
