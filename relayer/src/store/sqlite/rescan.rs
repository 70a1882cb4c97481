use super::{
    SqliteStore,
    row::{Place, at, signed},
    transition::record_act,
    watch::keep,
};
use crate::{
    clock::Millis,
    store::{Act, Rescan, RescanStore, Rescanned, StoreError, Subject},
};
use async_trait::async_trait;
use serde_json::json;
use sqlx::SqliteConnection;

#[async_trait]
impl RescanStore for SqliteStore {
    async fn rescan(&self, chain: &str) -> Result<Option<Rescan>, StoreError> {
        let row: Option<(i64, i64, Option<String>)> =
            sqlx::query_as("SELECT next_block, ordered_at, last_error FROM rescans WHERE chain = ?")
                .bind(chain)
                .fetch_optional(self.readers())
                .await?;
        row.map(|(next, ordered_at_ms, last_error)| {
            let next_block = Place { table: "rescans", row: &chain }.unsigned("next_block", next)?;
            Ok(Rescan { next_block, ordered_at_ms, last_error })
        })
        .transpose()
    }

    async fn rescanned(&self, chain: &str, part: &Rescanned, now: Millis) -> Result<u64, StoreError> {
        let (chain, part) = (chain.to_owned(), part.clone());
        self.write(move |connection| Box::pin(rescanned(connection, chain, part, now))).await
    }

    async fn rescan_failed(&self, chain: &str, order: &Rescan, why: &str) -> Result<(), StoreError> {
        let (chain, order, why) = (chain.to_owned(), order.clone(), why.to_owned());
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query("UPDATE rescans SET last_error = ? WHERE chain = ? AND next_block = ? AND ordered_at = ?")
                    .bind(why)
                    .bind(chain)
                    .bind(signed(order.next_block))
                    .bind(order.ordered_at_ms)
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }
}

async fn rescanned(
    connection: &mut SqliteConnection,
    chain: String,
    part: Rescanned,
    now: Millis,
) -> Result<u64, StoreError> {
    let Rescanned { order, cursor, requests, next } = part;
    // A rewind drops the checkpoint. What was read on a fork would have orphans live again.
    let watched: Option<(i64,)> =
        sqlx::query_as("SELECT 1 FROM checkpoints WHERE chain = ? AND block_number = ? AND block_hash = ?")
            .bind(&chain)
            .bind(signed(cursor.number))
            .bind(cursor.hash.0.as_slice())
            .fetch_optional(&mut *connection)
            .await?;
    if watched.is_none() {
        return Err(StoreError::Conflict { what: format!("block {} of chain {chain}", cursor.number) });
    }
    let new = keep(connection, &chain, &requests, now).await?;
    let moved = match next {
        Some(next) => sqlx::query(
            "UPDATE rescans SET next_block = ?, last_error = NULL WHERE chain = ? AND next_block = ? AND ordered_at = ?",
        )
        .bind(signed(next)),
        None => sqlx::query("DELETE FROM rescans WHERE chain = ? AND next_block = ? AND ordered_at = ?"),
    };
    moved.bind(chain).bind(signed(order.next_block)).bind(order.ordered_at_ms).execute(connection).await?;
    Ok(new)
}

/// Orders it in the place of what was ordered before.
pub(super) async fn order(
    connection: &mut SqliteConnection,
    chain: String,
    from_block: u64,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO rescans (chain, next_block, ordered_at) VALUES (?, ?, ?)")
        .bind(&chain)
        .bind(signed(from_block))
        .bind(at(now))
        .execute(&mut *connection)
        .await?;
    let detail = Some(json!({ "from_block": from_block }));
    record_act(connection, &Subject::Chain(chain), Act::RescanOrdered, detail, now).await
}

/// Takes the order back; answers the first block that was not read yet.
pub(super) async fn cancel(
    connection: &mut SqliteConnection,
    chain: String,
    now: Millis,
) -> Result<Option<u64>, StoreError> {
    let row: Option<(i64,)> = sqlx::query_as("DELETE FROM rescans WHERE chain = ? RETURNING next_block")
        .bind(&chain)
        .fetch_optional(&mut *connection)
        .await?;
    let Some((next,)) = row else { return Ok(None) };
    let next = Place { table: "rescans", row: &chain }.unsigned("next_block", next)?;
    let detail = Some(json!({ "next_block": next }));
    record_act(connection, &Subject::Chain(chain), Act::RescanCancelled, detail, now).await?;
    Ok(Some(next))
}
