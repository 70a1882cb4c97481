//! Changes of a request's state, each guarded by the state that it expects and written beside the
//! event that tells it.

use super::row::{Place, at, key, signed, to_json};
use crate::{
    clock::Millis,
    request::{State, StateName},
    store::{Act, StoreError, Subject},
};
use phat_protocol::RequestId;
use serde_json::{Value, json};
use sqlx::SqliteConnection;

/// Takes one request from `from` to `to`.
///
/// # Errors
/// `Transition` when no request takes that step, `Conflict` when it isn't in state `from`.
pub(super) async fn transition(
    connection: &mut SqliteConnection,
    id: RequestId,
    from: StateName,
    to: State,
    now: Millis,
) -> Result<(), StoreError> {
    let to = State::next(from, to)?;
    let detail = detail(&to)?;
    let settled_block = match &to {
        State::Settled(settlement) => Some(signed(settlement.block)),
        State::Observed | State::Ignored(_) | State::Reported | State::Submitted | State::Expired | State::Orphaned => {
            None
        }
    };
    let touched = sqlx::query(
        "UPDATE requests SET state = ?, detail = ?, updated_at = ?, settled_block = ?, settled_final = 0,
            lease_token = NULL, lease_until = 0, tries = 0, next_try_at = 0,
            last_error = CASE WHEN ? THEN last_error END
         WHERE id = ? AND state = ?",
    )
    .bind(to.name().as_str())
    .bind(&detail)
    .bind(at(now))
    .bind(settled_block)
    // What kept it from an answer stays known.
    .bind(to.name() == StateName::Expired)
    .bind(key(&id))
    .bind(from.as_str())
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if touched != 1 {
        return Err(StoreError::Conflict { what: format!("request {id}") });
    }
    let detail = detail.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
    record(connection, id, to.name().as_str(), detail, now).await
}

fn detail(state: &State) -> Result<Option<String>, StoreError> {
    match state {
        State::Ignored(reason) => to_json(reason).map(Some),
        State::Settled(settlement) => to_json(settlement).map(Some),
        State::Observed | State::Reported | State::Submitted | State::Expired | State::Orphaned => Ok(None),
    }
}

/// Adds a line to the request's life.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    id: RequestId,
    event: &str,
    detail: Option<Value>,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO events (request_id, at, event, detail) VALUES (?, ?, ?, ?)")
        .bind(key(&id))
        .bind(at(now))
        .bind(event)
        .bind(detail.map(|value| value.to_string()))
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds what an operator did to the trail.
pub(super) async fn record_act(
    connection: &mut SqliteConnection,
    subject: &Subject,
    act: Act,
    detail: Option<Value>,
    now: Millis,
) -> Result<(), StoreError> {
    let (chain, contract) = match subject {
        Subject::Chain(name) => (Some(name), None),
        Subject::Contract(id) => (None, Some(id.0.as_slice())),
    };
    sqlx::query("INSERT INTO events (chain, contract_id, at, event, detail) VALUES (?, ?, ?, ?, ?)")
        .bind(chain)
        .bind(contract)
        .bind(at(now))
        .bind(act.as_str())
        .bind(detail.map(|value| value.to_string()))
        .execute(connection)
        .await?;
    Ok(())
}

/// The state that a request is in; none when there is no such request.
pub(super) async fn state_of(
    connection: &mut SqliteConnection,
    id: RequestId,
) -> Result<Option<StateName>, StoreError> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT state FROM requests WHERE id = ?").bind(key(&id)).fetch_optional(connection).await?;
    row.map(|(text,)| Place { table: "requests", row: &id }.text("state", &text)).transpose()
}

/// Marks a settled request as beyond reorganisation.
pub(super) async fn confirm(connection: &mut SqliteConnection, id: RequestId, now: Millis) -> Result<(), StoreError> {
    let touched = sqlx::query(
        "UPDATE requests SET settled_final = 1, updated_at = ?
         WHERE id = ? AND state = 'settled' AND settled_final = 0",
    )
    .bind(at(now))
    .bind(key(&id))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if touched == 1 { record(connection, id, "final", Some(json!({})), now).await } else { Ok(()) }
}
