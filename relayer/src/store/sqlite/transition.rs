//! Changes of a request's state, each guarded by the state that it expects and written beside the
//! event that tells it.

use super::row::{Place, at, key, listed, signed, to_json};
use crate::{
    clock::Millis,
    request::{State, StateName},
    store::{Act, StoreError, Subject},
};
use phat_protocol::RequestId;
use serde_json::{Value, json};
use sqlx::SqliteConnection;

/// By their ids: the pluses keep SQLite from going through all that are in the state.
pub(super) const TRANSITION: &str = "UPDATE requests SET state = ?, detail = ?, updated_at = ?, settled_block = ?,
        settled_final = 0, settled_hash = NULL, lease_token = NULL, lease_until = 0, tries = 0, next_try_at = 0,
        last_error = CASE WHEN ? THEN last_error END
     WHERE id IN (SELECT unhex(value) FROM json_each(?)) AND +state = ?";
pub(super) const CONFIRM: &str = "UPDATE requests SET settled_final = 1, updated_at = ?
     WHERE id IN (SELECT unhex(value) FROM json_each(?)) AND +state = 'settled' AND +settled_final = 0
     RETURNING id";

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
    transition_all(connection, &[id], from, to, now).await
}

/// Takes requests from `from` to `to`, in as many statements as one takes.
///
/// # Errors
/// `Transition` when no request takes that step, `Conflict` when one isn't in state `from`.
pub(super) async fn transition_all(
    connection: &mut SqliteConnection,
    ids: &[RequestId],
    from: StateName,
    to: State,
    now: Millis,
) -> Result<(), StoreError> {
    let Some(first) = ids.first() else { return Ok(()) };
    let to = State::next(from, to)?;
    let detail = detail(&to)?;
    let settled_block = match &to {
        State::Settled(settlement) => Some(signed(settlement.block)),
        State::Observed | State::Ignored(_) | State::Reported | State::Submitted | State::Expired | State::Orphaned => {
            None
        }
    };
    let touched = sqlx::query(TRANSITION)
        .bind(to.name().as_str())
        .bind(&detail)
        .bind(at(now))
        .bind(settled_block)
        // What kept it from an answer stays known.
        .bind(to.name() == StateName::Expired)
        .bind(listed(ids))
        .bind(from.as_str())
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if usize::try_from(touched) != Ok(ids.len()) {
        let what = if ids.len() == 1 { format!("request {first}") } else { format!("one of {} requests", ids.len()) };
        return Err(StoreError::Conflict { what });
    }
    let detail = detail.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
    record_all(connection, ids, to.name().as_str(), detail, now).await
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
    record_all(connection, &[id], event, detail, now).await
}

/// Adds the same line to each request's life, in their order.
pub(super) async fn record_all(
    connection: &mut SqliteConnection,
    ids: &[RequestId],
    event: &str,
    detail: Option<Value>,
    now: Millis,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO events (request_id, at, event, detail)
         SELECT unhex(value), ?, ?, ? FROM json_each(?) ORDER BY key",
    )
    .bind(at(now))
    .bind(event)
    .bind(detail.map(|value| value.to_string()))
    .bind(listed(ids))
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

/// Marks settled requests as beyond reorganisation.
pub(super) async fn confirm(
    connection: &mut SqliteConnection,
    ids: &[RequestId],
    now: Millis,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let rows: Vec<(Vec<u8>,)> =
        sqlx::query_as(CONFIRM).bind(at(now)).bind(listed(ids)).fetch_all(&mut *connection).await?;
    let place = Place { table: "requests", row: &"(confirmed)" };
    let confirmed: Vec<RequestId> = rows.iter().map(|(id,)| place.id("id", id)).collect::<Result<_, _>>()?;
    record_all(connection, &confirmed, "final", Some(json!({})), now).await
}
