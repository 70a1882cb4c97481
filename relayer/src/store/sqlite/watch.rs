use super::{
    SqliteStore,
    row::{Place, at, key, signed, to_json},
    transition::{record, state_of, transition},
};
use crate::{
    clock::Millis,
    request::{State, StateName},
    store::{Checkpoint, StoreError, WatchStore},
};
use async_trait::async_trait;
use phat_connector::{ObservedRequest, TxHash};
use phat_protocol::{OracleChain, RequestId};
use serde_json::json;
use sqlx::SqliteConnection;
use std::collections::HashMap;

/// How many of a chain's newest checkpoints are all kept.
const CHECKPOINTS_KEPT: u32 = 512;

#[async_trait]
impl WatchStore for SqliteStore {
    async fn checkpoints(&self, chain: &str, limit: u32) -> Result<Vec<Checkpoint>, StoreError> {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT block_number, block_hash FROM checkpoints WHERE chain = ? ORDER BY block_number DESC LIMIT ?",
        )
        .bind(chain)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|(number, hash)| {
                let place = Place { table: "checkpoints", row: number };
                Ok(Checkpoint { number: place.unsigned("block_number", *number)?, hash: place.id("block_hash", hash)? })
            })
            .collect()
    }

    async fn observe(
        &self,
        chain: &str,
        requests: &[ObservedRequest],
        checkpoint: Checkpoint,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let (chain, requests) = (chain.to_owned(), requests.to_vec());
        self.write(move |connection| Box::pin(observe(connection, chain, requests, checkpoint, now))).await
    }

    async fn rewind(&self, chain: &str, ancestor: Option<Checkpoint>, now: Millis) -> Result<u64, StoreError> {
        let (chain, height) = (chain.to_owned(), ancestor.map_or(-1, |block| signed(block.number)));
        self.write(move |connection| Box::pin(rewind(connection, chain, height, now))).await
    }
}

/// Stores requests that were found on the chain; answers how many are new.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    chain: &str,
    requests: &[ObservedRequest],
    now: Millis,
) -> Result<u64, StoreError> {
    let mut new = 0;
    // All requests of a transaction are of one block, and so among these.
    let mut positions = HashMap::<TxHash, i64>::new();
    for request in requests {
        let next = positions.entry(request.transaction).or_default();
        let position = *next;
        *next += 1;
        if insert(connection, chain, request, position, now).await? {
            let replaces = link(connection, chain, request, position).await?;
            let mut detail = json!({ "block": request.block.number, "transaction": request.transaction });
            if let Some(replaces) = replaces {
                detail["replaces"] = json!(replaces);
            }
            record(connection, request.id, StateName::Observed.as_str(), Some(detail), now).await?;
            new += 1;
        } else {
            see_again(connection, request, position, now).await?;
        }
    }
    Ok(new)
}

/// The request that a new one replaces, if there is one. A transaction is in one block of a chain, so
/// whatever the same transaction had asked before, at the same place among its requests and in the same
/// words, was asked in a block that is gone.
async fn link(
    connection: &mut SqliteConnection,
    chain: &str,
    observed: &ObservedRequest,
    position: i64,
) -> Result<Option<RequestId>, StoreError> {
    let row: Option<(Option<Vec<u8>>,)> = sqlx::query_as(
        "UPDATE requests SET replaces = (
            SELECT id FROM requests
            WHERE chain = ?2 AND transaction_hash = ?3 AND transaction_position = ?4 AND id <> ?1
                AND consumer = ?5 AND contract_id = ?6 AND payload = ?7
            ORDER BY rowid DESC LIMIT 1)
         WHERE id = ?1 RETURNING replaces",
    )
    .bind(key(&observed.id))
    .bind(chain)
    .bind(observed.transaction.0.0.as_slice())
    .bind(position)
    .bind(observed.request.consumer())
    .bind(observed.request.contract_id().0.as_slice())
    .bind(observed.payload.as_slice())
    .fetch_optional(connection)
    .await?;
    let replaces = row.and_then(|(replaces,)| replaces);
    replaces.map(|id| Place { table: "requests", row: &observed.id }.id("replaces", &id)).transpose()
}

/// Stores what was seen, and the cursor. Answers how many requests are new.
async fn observe(
    connection: &mut SqliteConnection,
    chain: String,
    requests: Vec<ObservedRequest>,
    checkpoint: Checkpoint,
    now: Millis,
) -> Result<u64, StoreError> {
    let new = keep(connection, &chain, &requests, now).await?;
    sqlx::query("INSERT OR REPLACE INTO checkpoints (chain, block_number, block_hash) VALUES (?, ?, ?)")
        .bind(&chain)
        .bind(signed(checkpoint.number))
        .bind(checkpoint.hash.0.as_slice())
        .execute(&mut *connection)
        .await?;
    thin_out(connection, &chain, checkpoint.number).await?;
    Ok(new)
}

/// Drops checkpoints that lie far below the cursor. What is kept of them lies the farther apart the deeper
/// it is, down to the first, so that a reorganisation of any depth is traced to a checkpoint at most some
/// times as deep.
async fn thin_out(connection: &mut SqliteConnection, chain: &str, cursor: u64) -> Result<(), StoreError> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "SELECT block_number FROM checkpoints WHERE chain = ? ORDER BY block_number DESC LIMIT -1 OFFSET ?",
    )
    .bind(chain)
    .bind(CHECKPOINTS_KEPT)
    .fetch_all(&mut *connection)
    .await?;
    let place = Place { table: "checkpoints", row: &chain };
    let old: Vec<u64> =
        rows.iter().map(|(number,)| place.unsigned("block_number", *number)).collect::<Result<_, _>>()?;
    for number in superfluous(cursor, &old) {
        sqlx::query("DELETE FROM checkpoints WHERE chain = ? AND block_number = ?")
            .bind(chain)
            .bind(signed(number))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Which of the old checkpoints, highest first, aren't kept: all but the lowest among those whose depths
/// below the cursor lie between the same powers of two.
fn superfluous(cursor: u64, old: &[u64]) -> impl Iterator<Item = u64> {
    let octave = move |number: u64| cursor.saturating_sub(number).checked_ilog2();
    old.windows(2).filter_map(move |pair| match pair {
        [higher, lower] if octave(*higher) == octave(*lower) => Some(*higher),
        _ => None,
    })
}

/// Drops what lies above `height`. Answers how many requests became orphaned.
async fn rewind(connection: &mut SqliteConnection, chain: String, height: i64, now: Millis) -> Result<u64, StoreError> {
    sqlx::query("DELETE FROM checkpoints WHERE chain = ? AND block_number > ?")
        .bind(&chain)
        .bind(height)
        .execute(&mut *connection)
        .await?;
    reopen(connection, &chain, height, now).await?;
    let rows: Vec<(Vec<u8>, String)> = sqlx::query_as(
        "SELECT id, state FROM requests
         WHERE chain = ? AND block_number > ? AND state <> 'orphaned'",
    )
    .bind(&chain)
    .bind(height)
    .fetch_all(&mut *connection)
    .await?;
    let mut orphaned = 0;
    for (id, state) in &rows {
        let place = Place { table: "requests", row: &"(of a dropped block)" };
        let id: RequestId = place.id("id", id)?;
        transition(connection, id, place.text("state", state)?, State::Orphaned, now).await?;
        orphaned += 1;
    }
    Ok(orphaned)
}

/// Inserts the request; says whether it was new.
async fn insert(
    connection: &mut SqliteConnection,
    chain: &str,
    observed: &ObservedRequest,
    position: i64,
    now: Millis,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO requests (id, chain, contract_id, consumer, content, payload, expires_at, block_number,
            block_hash, transaction_hash, transaction_position, observed_at, state, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'observed', ?)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(key(&observed.id))
    .bind(chain)
    .bind(observed.request.contract_id().0.as_slice())
    .bind(observed.request.consumer())
    .bind(to_json(&observed.request)?)
    .bind(observed.payload.as_slice())
    .bind(signed(observed.request.expires_at()))
    .bind(signed(observed.block.number))
    .bind(observed.block.hash.0.as_slice())
    .bind(observed.transaction.0.0.as_slice())
    .bind(position)
    .bind(at(now))
    .bind(at(now))
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// A request that is stored was seen again: after an overlap, or after a reorganisation, perhaps in
/// another block (the id binds the block before it alone).
async fn see_again(
    connection: &mut SqliteConnection,
    observed: &ObservedRequest,
    position: i64,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE requests SET block_number = ?, block_hash = ?, transaction_hash = ?, transaction_position = ? WHERE id = ?",
    )
    .bind(signed(observed.block.number))
    .bind(observed.block.hash.0.as_slice())
    .bind(observed.transaction.0.0.as_slice())
    .bind(position)
    .bind(key(&observed.id))
    .execute(&mut *connection)
    .await?;
    if state_of(connection, observed.id).await? != Some(StateName::Orphaned) {
        return Ok(());
    }
    revive(connection, observed.id, now).await
}

/// What was final isn't any more: the blocks above `height` are gone.
async fn reopen(connection: &mut SqliteConnection, chain: &str, height: i64, now: Millis) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE attempts SET state = 'open', updated_at = ? WHERE chain = ? AND state = 'mined'
            AND id IN (SELECT attempt_id FROM transactions WHERE block_number > ?)",
    )
    .bind(at(now))
    .bind(chain)
    .bind(height)
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE requests SET settled_final = 0 WHERE chain = ? AND state = 'settled' AND settled_block > ?")
        .bind(chain)
        .bind(height)
        .execute(&mut *connection)
        .await?;
    // Answered by someone else, in a block that is gone: no attempt of ours will tell.
    let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
        "SELECT id FROM requests WHERE chain = ?1 AND state = 'settled' AND settled_block > ?2 AND block_number <= ?2
            AND NOT EXISTS (SELECT 1 FROM attempts WHERE attempts.id = requests.attempt_id AND attempts.state = 'open')",
    )
    .bind(chain)
    .bind(height)
    .fetch_all(&mut *connection)
    .await?;
    for (id,) in &rows {
        let id = Place { table: "requests", row: &"(settled in a dropped block)" }.id("id", id)?;
        look_again(connection, id, now).await?;
    }
    Ok(())
}

/// The request is settled, and the answer is gone.
pub(super) async fn look_again(
    connection: &mut SqliteConnection,
    id: RequestId,
    now: Millis,
) -> Result<(), StoreError> {
    transition(connection, id, StateName::Settled, State::Orphaned, now).await?;
    revive(connection, id, now).await
}

/// Takes up an orphaned request where it was left.
async fn revive(connection: &mut SqliteConnection, id: RequestId, now: Millis) -> Result<(), StoreError> {
    let report: Option<(i64,)> = sqlx::query_as("SELECT 1 FROM reports WHERE request_id = ?")
        .bind(key(&id))
        .fetch_optional(&mut *connection)
        .await?;
    let revived = if report.is_some() { State::Reported } else { State::Observed };
    transition(connection, id, StateName::Orphaned, revived, now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_checkpoints_lie_the_farther_apart_the_deeper_they_are_down_to_the_first() {
        let mut old = Vec::new();
        for cursor in 600..100_000_u64 {
            old.insert(0, cursor - 512);
            let dropped: Vec<u64> = superfluous(cursor, &old).collect();
            old.retain(|number| !dropped.contains(number));
            assert!(old.len() <= 18, "{} at {cursor}", old.len());
            assert_eq!(old.last(), Some(&88), "the first");
            for pair in old.windows(2) {
                let [higher, lower] = [cursor - pair[0], cursor - pair[1]];
                assert!(lower <= higher * 4, "nothing between {higher} and {lower} below {cursor}");
            }
        }
    }
}
