use super::{
    SqliteStore,
    row::{Place, at, key, listed, signed, to_json},
    transition::{confirm, record, state_of, transition, transition_all},
    watch::look_again,
};
use crate::{
    attempt::{AttemptId, AttemptState, MinedAttempt},
    clock::Millis,
    request::{Settlement, SettlementKind, State, StateName},
    store::{Attempted, SettleStore, StoreError, Suspect, Unproven, Verdict},
};
use async_trait::async_trait;
use phat_connector::{Account, BlockRef, EntryEffect, Receipt};
use phat_protocol::RequestId;
use serde_json::json;
use sqlx::SqliteConnection;
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

#[derive(sqlx::FromRow)]
struct SuspectRow {
    id: Vec<u8>,
    block_number: i64,
    expires_at: i64,
}

impl TryFrom<SuspectRow> for Suspect {
    type Error = StoreError;

    fn try_from(row: SuspectRow) -> Result<Self, StoreError> {
        let id: RequestId = Place { table: "requests", row: &"(unreadable id)" }.id("id", &row.id)?;
        let place = Place { table: "requests", row: &id };
        Ok(Self {
            id,
            block: place.unsigned("block_number", row.block_number)?,
            expires_at: place.unsigned("expires_at", row.expires_at)?,
        })
    }
}

/// Both are asked in every round, so they name their indices: SQLite would rather walk through all that
/// was ever asked, in the order of blocks.
pub(super) const OVERDUE: &str = "SELECT id, block_number, expires_at FROM requests INDEXED BY requests_by_expiry
     WHERE chain = ? AND state IN ('observed', 'ignored', 'reported', 'submitted') AND expires_at <= ?
     ORDER BY block_number";
pub(super) const RETRYABLE: &str = "SELECT id, block_number, expires_at FROM requests INDEXED BY requests_to_call_back
     WHERE chain = ? AND state = 'settled' AND settled_final = 1 AND expires_at > ?
        AND json_extract(detail, '$.kind') = 'callback_failed'
     ORDER BY block_number";

/// The index of attempts by their state ends with their ids.
const NEWEST_MINED: &str = "SELECT attempts.id, submitter, nonce, block_number, block_hash
     FROM (SELECT id, submitter, nonce FROM attempts WHERE chain = ? AND state = 'mined' ORDER BY id DESC LIMIT ?)
        AS attempts
        JOIN transactions ON attempt_id = attempts.id AND block_hash IS NOT NULL
     ORDER BY attempts.id DESC";

/// Above the cursor nothing would tell of a block that is replaced after this.
pub(super) const UNPROVEN: &str = "SELECT id, settled_block, settled_hash FROM requests INDEXED BY requests_to_prove
     WHERE chain = ?1 AND settled_hash IS NOT NULL
        AND settled_block <= (SELECT MAX(block_number) FROM checkpoints WHERE chain = ?1)
     ORDER BY settled_block LIMIT ?2";

#[derive(sqlx::FromRow)]
struct MinedRow {
    id: i64,
    submitter: String,
    nonce: i64,
    block_number: i64,
    block_hash: Vec<u8>,
}

impl TryFrom<MinedRow> for MinedAttempt {
    type Error = StoreError;

    fn try_from(row: MinedRow) -> Result<Self, StoreError> {
        let attempts = Place { table: "attempts", row: &row.id };
        let transactions = Place { table: "transactions", row: &row.id };
        let number = transactions.unsigned("block_number", row.block_number)?;
        Ok(Self {
            id: AttemptId(row.id),
            submitter: Account(row.submitter),
            nonce: attempts.unsigned("nonce", row.nonce)?,
            block: BlockRef { number, hash: transactions.id("block_hash", &row.block_hash)? },
        })
    }
}

#[async_trait]
impl SettleStore for SqliteStore {
    async fn overdue(&self, chain: &str, expires_at: u64) -> Result<Vec<Suspect>, StoreError> {
        let rows: Vec<SuspectRow> =
            sqlx::query_as(OVERDUE).bind(chain).bind(signed(expires_at)).fetch_all(self.readers()).await?;
        rows.into_iter().map(Suspect::try_from).collect()
    }

    async fn retryable(&self, chain: &str, expires_after: u64) -> Result<Vec<Suspect>, StoreError> {
        let rows: Vec<SuspectRow> =
            sqlx::query_as(RETRYABLE).bind(chain).bind(signed(expires_after)).fetch_all(self.readers()).await?;
        rows.into_iter().map(Suspect::try_from).collect()
    }

    async fn conclude(&self, id: RequestId, verdict: &Verdict, now: Millis) -> Result<(), StoreError> {
        let verdict = verdict.clone();
        self.write(move |connection| Box::pin(conclude(connection, id, verdict, now))).await
    }

    async fn unproven(&self, chain: &str, limit: u32) -> Result<Vec<Unproven>, StoreError> {
        let rows: Vec<(Vec<u8>, i64, Vec<u8>)> =
            sqlx::query_as(UNPROVEN).bind(chain).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(id, number, hash)| {
                let id: RequestId = Place { table: "requests", row: &"(unproven)" }.id("id", &id)?;
                let place = Place { table: "requests", row: &id };
                let number = place.unsigned("settled_block", number)?;
                Ok(Unproven { id, block: BlockRef { number, hash: place.id("settled_hash", &hash)? } })
            })
            .collect()
    }

    async fn prove(&self, there: &[RequestId], gone: &[RequestId], now: Millis) -> Result<(), StoreError> {
        let (there, gone) = (there.to_vec(), gone.to_vec());
        self.write(move |connection| Box::pin(prove(connection, there, gone, now))).await
    }

    async fn attempted(
        &self,
        attempt: AttemptId,
        ended: &Attempted,
        is_final: bool,
        now: Millis,
    ) -> Result<(), StoreError> {
        let ended = ended.clone();
        self.write(move |connection| Box::pin(end(connection, attempt, ended, is_final, now))).await
    }

    async fn newest_mined(&self, chain: &str, limit: u32) -> Result<Vec<MinedAttempt>, StoreError> {
        let rows: Vec<MinedRow> =
            sqlx::query_as(NEWEST_MINED).bind(chain).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(MinedAttempt::try_from).collect()
    }

    async fn reopen(&self, attempt: AttemptId, now: Millis) -> Result<(), StoreError> {
        self.write(move |connection| Box::pin(reopen(connection, attempt, now))).await
    }

    async fn unsettle(&self, attempt: AttemptId, now: Millis) -> Result<(), StoreError> {
        self.write(move |connection| Box::pin(unsettle(connection, attempt, now))).await
    }
}

async fn conclude(
    connection: &mut SqliteConnection,
    id: RequestId,
    verdict: Verdict,
    now: Millis,
) -> Result<(), StoreError> {
    let from = state_of(connection, id).await?.ok_or_else(|| StoreError::Conflict { what: format!("request {id}") })?;
    match verdict {
        Verdict::Settled { kind, transaction, block } => {
            let settlement = Settlement { kind, transaction, block: block.number };
            settle(connection, id, from, &settlement, now).await?;
            sqlx::query("UPDATE requests SET settled_hash = ? WHERE id = ? AND state = 'settled'")
                .bind(block.hash.0.as_slice())
                .bind(key(&id))
                .execute(connection)
                .await?;
        }
        Verdict::Expired if from == StateName::Expired => {}
        Verdict::Expired => transition(connection, id, from, State::Expired, now).await?,
    }
    Ok(())
}

async fn prove(
    connection: &mut SqliteConnection,
    there: Vec<RequestId>,
    gone: Vec<RequestId>,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE requests SET settled_hash = NULL WHERE id IN (SELECT unhex(value) FROM json_each(?))")
        .bind(listed(&there))
        .execute(&mut *connection)
        .await?;
    for id in gone {
        // What was watched meanwhile may have told as much.
        if state_of(connection, id).await? == Some(StateName::Settled) {
            look_again(connection, id, now).await?;
        }
    }
    Ok(())
}

async fn end(
    connection: &mut SqliteConnection,
    attempt: AttemptId,
    ended: Attempted,
    is_final: bool,
    now: Millis,
) -> Result<(), StoreError> {
    match ended {
        Attempted::Mined(receipt) => {
            mined(connection, attempt, &receipt, is_final, now).await?;
            if is_final {
                close(connection, attempt, AttemptState::Mined, now).await?;
            }
        }
        Attempted::Dead => {
            for entry in standing(connection, attempt).await?.iter().filter(|entry| entry.submitted_by_it) {
                transition(connection, entry.id(attempt)?, StateName::Submitted, State::Reported, now).await?;
            }
            close(connection, attempt, AttemptState::Dead, now).await?;
        }
    }
    Ok(())
}

async fn reopen(connection: &mut SqliteConnection, attempt: AttemptId, now: Millis) -> Result<(), StoreError> {
    let touched = sqlx::query("UPDATE attempts SET state = 'open', updated_at = ? WHERE id = ? AND state = 'mined'")
        .bind(at(now))
        .bind(attempt.0)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if touched != 1 {
        return Err(StoreError::Conflict { what: format!("attempt {}", attempt.0) });
    }
    // By the attempt's entries: requests are found by no attempt.
    sqlx::query(
        "UPDATE requests SET settled_final = 0
         WHERE id IN (SELECT request_id FROM attempt_entries WHERE attempt_id = ?1)
            AND +attempt_id = ?1 AND +state = 'settled'",
    )
    .bind(attempt.0)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

async fn unsettle(connection: &mut SqliteConnection, attempt: AttemptId, now: Millis) -> Result<(), StoreError> {
    let rows: Vec<(Vec<u8>,)> =
        // By the attempt's entries: requests are found by no attempt.
        sqlx::query_as(
            "SELECT requests.id FROM attempt_entries CROSS JOIN requests ON requests.id = attempt_entries.request_id
             WHERE attempt_entries.attempt_id = ?1 AND requests.attempt_id = ?1 AND state = 'settled'
                AND settled_final = 0
             ORDER BY position",
        )
        .bind(attempt.0)
        .fetch_all(&mut *connection)
        .await?;
    let place = Place { table: "requests", row: &attempt.0 };
    let settled: Vec<RequestId> = rows.iter().map(|(id,)| place.id("id", id)).collect::<Result<_, _>>()?;
    transition_all(connection, &settled, StateName::Settled, State::Submitted, now).await?;
    sqlx::query(
        "UPDATE transactions SET block_number = NULL, block_hash = NULL, succeeded = NULL, gas_used = NULL
         WHERE attempt_id = ?",
    )
    .bind(attempt.0)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

async fn close(
    connection: &mut SqliteConnection,
    attempt: AttemptId,
    state: AttemptState,
    now: Millis,
) -> Result<(), StoreError> {
    let touched = sqlx::query("UPDATE attempts SET state = ?, updated_at = ? WHERE id = ? AND state = 'open'")
        .bind(state.as_str())
        .bind(at(now))
        .bind(attempt.0)
        .execute(connection)
        .await?
        .rows_affected();
    if touched == 1 { Ok(()) } else { Err(StoreError::Conflict { what: format!("attempt {}", attempt.0) }) }
}

/// The attempt's entries, in their order, and where their requests stand.
pub(super) const STANDING: &str = "SELECT request_id, state, detail,
        requests.attempt_id IS attempt_entries.attempt_id AND state = 'settled' AND settled_final = 0 AS settled_by_it,
        requests.attempt_id IS attempt_entries.attempt_id AND state = 'submitted' AS submitted_by_it
     FROM attempt_entries CROSS JOIN requests ON requests.id = request_id
     WHERE attempt_entries.attempt_id = ? ORDER BY position";

/// An entry of an attempt, beside where its request stands.
#[derive(sqlx::FromRow)]
struct EntryRow {
    request_id: Vec<u8>,
    state: String,
    detail: Option<String>,
    /// Whether the request is settled by this attempt, in a block that may still go away.
    settled_by_it: bool,
    /// Whether it is this attempt that the request waits for. After a reorganisation an attempt may be open again whose
    /// requests another one carries by now.
    submitted_by_it: bool,
}

impl EntryRow {
    fn id(&self, attempt: AttemptId) -> Result<RequestId, StoreError> {
        Place { table: "attempt_entries", row: &attempt.0 }.id("request_id", &self.request_id)
    }
}

async fn standing(connection: &mut SqliteConnection, attempt: AttemptId) -> Result<Vec<EntryRow>, StoreError> {
    Ok(sqlx::query_as(STANDING).bind(attempt.0).fetch_all(connection).await?)
}

async fn mined(
    connection: &mut SqliteConnection,
    attempt: AttemptId,
    receipt: &Receipt,
    is_final: bool,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE transactions SET block_number = ?, block_hash = ?, succeeded = ?, gas_used = ? WHERE hash = ?")
        .bind(signed(receipt.block.number))
        .bind(receipt.block.hash.0.as_slice())
        .bind(receipt.succeeded)
        .bind(signed(receipt.gas_used))
        .bind(receipt.hash.0.0.as_slice())
        .execute(&mut *connection)
        .await?;
    let rows = standing(connection, attempt).await?;
    let effects: HashMap<RequestId, &EntryEffect> =
        receipt.effects.iter().rev().map(|(id, effect)| (*id, effect)).collect();
    let mut effected: BTreeMap<Option<String>, Vec<RequestId>> = BTreeMap::new();
    let mut settled = BTreeMap::<(StateName, bool), Vec<RequestId>>::new();
    let mut unsettled = Vec::new();
    let (mut answered, mut without_effect) = (Vec::new(), Vec::new());
    for row in &rows {
        let id = row.id(attempt)?;
        let from: StateName = Place { table: "requests", row: &id }.text("state", &row.state)?;
        let effect = effects.get(&id).copied();
        effected.entry(effect.map(to_json).transpose()?).or_default().push(id);
        match effect {
            Some(EntryEffect::Fulfilled { callback_ok }) => {
                answered.push(id);
                let unchanged =
                    from == StateName::Settled && row.detail == Some(to_json(&settlement(receipt, *callback_ok))?);
                if !unchanged && StateName::may_become(from, StateName::Settled) {
                    settled.entry((from, *callback_ok)).or_default().push(id);
                }
            }
            Some(EntryEffect::Skipped(_)) | None => {
                if row.settled_by_it {
                    unsettled.push(id);
                }
                if is_final && (row.settled_by_it || row.submitted_by_it) {
                    without_effect.push((id, effect));
                }
            }
        }
    }
    for (effect, ids) in effected {
        sqlx::query(
            "UPDATE attempt_entries SET effect = ?
             WHERE attempt_id = ? AND request_id IN (SELECT unhex(value) FROM json_each(?))",
        )
        .bind(effect)
        .bind(attempt.0)
        .bind(listed(&ids))
        .execute(&mut *connection)
        .await?;
    }
    for ((from, callback_ok), ids) in settled {
        transition_all(connection, &ids, from, State::Settled(settlement(receipt, callback_ok)), now).await?;
    }
    if is_final {
        confirm(connection, &answered, now).await?;
    }
    // A reorganisation put the transaction into another block, where it answers nothing.
    transition_all(connection, &unsettled, StateName::Settled, State::Submitted, now).await?;
    for (id, effect) in without_effect {
        let detail = json!({ "transaction": receipt.hash, "effect": effect });
        record(connection, id, "no_effect", Some(detail), now).await?;
        transition(connection, id, StateName::Submitted, State::Reported, now).await?;
        hold_back(connection, id, now).await?;
    }
    Ok(())
}

/// How the transaction settled a request that it answered.
fn settlement(receipt: &Receipt, callback_ok: bool) -> Settlement {
    Settlement {
        kind: if callback_ok { SettlementKind::Fulfilled } else { SettlementKind::CallbackFailed },
        transaction: Some(receipt.hash),
        block: receipt.block.number,
    }
}

/// A transaction without effect cost money, so the next one waits longer each time: two seconds,
/// four, eight, up to five minutes.
async fn hold_back(connection: &mut SqliteConnection, id: RequestId, now: Millis) -> Result<(), StoreError> {
    let (attempts,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM attempt_entries WHERE request_id = ?")
        .bind(key(&id))
        .fetch_one(&mut *connection)
        .await?;
    let seconds = 2u64.saturating_pow(u32::try_from(attempts).unwrap_or(u32::MAX)).min(300);
    sqlx::query("UPDATE requests SET next_try_at = ? WHERE id = ?")
        .bind(at(now.after(Duration::from_secs(seconds))))
        .bind(key(&id))
        .execute(connection)
        .await?;
    Ok(())
}

async fn settle(
    connection: &mut SqliteConnection,
    id: RequestId,
    from: StateName,
    settlement: &Settlement,
    now: Millis,
) -> Result<(), StoreError> {
    let unchanged = from == StateName::Settled && {
        let (detail,): (Option<String>,) = sqlx::query_as("SELECT detail FROM requests WHERE id = ?")
            .bind(key(&id))
            .fetch_one(&mut *connection)
            .await?;
        detail.as_deref() == Some(to_json(settlement)?.as_str())
    };
    if !unchanged && StateName::may_become(from, StateName::Settled) {
        transition(connection, id, from, State::Settled(settlement.clone()), now).await?;
    }
    confirm(connection, &[id], now).await
}
