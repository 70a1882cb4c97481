use super::{
    SqliteStore, rescan,
    row::{Place, at, key, signed},
    transition::{record, record_act, transition},
};
use crate::{
    clock::Millis,
    request::{Settlement, SettlementKind, State, StateName},
    store::{Act, AdminStore, NoRetry, Pause, Pauses, Retried, StoreError, Subject},
};
use async_trait::async_trait;
use phat_protocol::{ContractId, RequestId};
use serde_json::{Value, json};
use sqlx::{FromRow, SqliteConnection};
use std::collections::BTreeMap;

#[derive(FromRow)]
struct StandRow {
    chain: String,
    state: String,
    detail: Option<String>,
    lease_until: i64,
    next_try_at: i64,
    expires_at: i64,
    chain_paused: bool,
    contract_paused: bool,
}

#[async_trait]
impl AdminStore for SqliteStore {
    async fn pause(&self, subject: &Subject, reason: Option<&str>, now: Millis) -> Result<Pause, StoreError> {
        let (subject, reason) = (subject.clone(), reason.map(str::to_owned));
        self.write(move |connection| Box::pin(pause(connection, subject, reason, now))).await
    }

    async fn resume(&self, subject: &Subject, now: Millis) -> Result<bool, StoreError> {
        let subject = subject.clone();
        self.write(move |connection| Box::pin(resume(connection, subject, now))).await
    }

    async fn pauses(&self) -> Result<Pauses, StoreError> {
        let chains: Vec<(String, i64, Option<String>)> =
            sqlx::query_as("SELECT chain, since, reason FROM paused_chains").fetch_all(self.readers()).await?;
        let contracts: Vec<(Vec<u8>, i64, Option<String>)> =
            sqlx::query_as("SELECT contract_id, since, reason FROM paused_contracts").fetch_all(self.readers()).await?;
        let place = Place { table: "paused_contracts", row: &"(unreadable id)" };
        let contracts = contracts.into_iter().map(|(id, since_ms, reason)| {
            Ok((place.id::<ContractId>("contract_id", &id)?, Pause { since_ms, reason }))
        });
        Ok(Pauses {
            chains: chains.into_iter().map(|(name, since_ms, reason)| (name, Pause { since_ms, reason })).collect(),
            contracts: contracts.collect::<Result<BTreeMap<_, _>, StoreError>>()?,
        })
    }

    async fn retry(&self, id: RequestId, now: Millis) -> Result<Retried, StoreError> {
        self.write(move |connection| Box::pin(retry(connection, id, now))).await
    }

    async fn order_rescan(&self, chain: &str, from_block: u64, now: Millis) -> Result<(), StoreError> {
        let chain = chain.to_owned();
        self.write(move |connection| Box::pin(rescan::order(connection, chain, from_block, now))).await
    }

    async fn cancel_rescan(&self, chain: &str, now: Millis) -> Result<Option<u64>, StoreError> {
        let chain = chain.to_owned();
        self.write(move |connection| Box::pin(rescan::cancel(connection, chain, now))).await
    }

    async fn note(&self, subject: &Subject, act: Act, detail: Option<Value>, now: Millis) -> Result<(), StoreError> {
        let subject = subject.clone();
        self.write(move |connection| Box::pin(async move { record_act(connection, &subject, act, detail, now).await }))
            .await
    }
}

async fn pause(
    connection: &mut SqliteConnection,
    subject: Subject,
    reason: Option<String>,
    now: Millis,
) -> Result<Pause, StoreError> {
    let inserted = match &subject {
        Subject::Chain(name) => {
            sqlx::query("INSERT INTO paused_chains (chain, since, reason) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
                .bind(name)
        }
        Subject::Contract(id) => sqlx::query(
            "INSERT INTO paused_contracts (contract_id, since, reason) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(id.0.as_slice()),
    };
    if inserted.bind(at(now)).bind(&reason).execute(&mut *connection).await?.rows_affected() == 1 {
        record_act(connection, &subject, Act::Paused, Some(json!({ "reason": reason })), now).await?;
    }
    let pause = match &subject {
        Subject::Chain(name) => sqlx::query_as("SELECT since, reason FROM paused_chains WHERE chain = ?").bind(name),
        Subject::Contract(id) => {
            sqlx::query_as("SELECT since, reason FROM paused_contracts WHERE contract_id = ?").bind(id.0.as_slice())
        }
    };
    let (since_ms, reason): (i64, Option<String>) = pause.fetch_one(connection).await?;
    Ok(Pause { since_ms, reason })
}

async fn resume(connection: &mut SqliteConnection, subject: Subject, now: Millis) -> Result<bool, StoreError> {
    let deleted = match &subject {
        Subject::Chain(name) => sqlx::query("DELETE FROM paused_chains WHERE chain = ?").bind(name),
        Subject::Contract(id) => {
            sqlx::query("DELETE FROM paused_contracts WHERE contract_id = ?").bind(id.0.as_slice())
        }
    };
    let was_paused = deleted.execute(&mut *connection).await?.rows_affected() == 1;
    if was_paused {
        record_act(connection, &subject, Act::Resumed, None, now).await?;
    }
    Ok(was_paused)
}

async fn retry(connection: &mut SqliteConnection, id: RequestId, now: Millis) -> Result<Retried, StoreError> {
    let row: Option<StandRow> = sqlx::query_as(
        "SELECT chain, state, detail, lease_until, next_try_at, expires_at,
            EXISTS (SELECT 1 FROM paused_chains WHERE paused_chains.chain = requests.chain) AS chain_paused,
            EXISTS (SELECT 1 FROM paused_contracts WHERE paused_contracts.contract_id = requests.contract_id)
                AS contract_paused
         FROM requests WHERE id = ?",
    )
    .bind(key(&id))
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(Retried::Unknown) };
    let place = Place { table: "requests", row: &id };
    let state: StateName = place.text("state", &row.state)?;
    // A report that is there is submitted though its contract is paused.
    let held = row.chain_paused || (row.contract_paused && state != StateName::Reported);
    let is_over = row.expires_at <= signed(now.seconds());
    let needless = match state {
        StateName::Ignored | StateName::Observed | StateName::Reported if is_over => Some(NoRetry::Expired),
        StateName::Observed if row.lease_until > at(now) => Some(NoRetry::Running),
        StateName::Ignored | StateName::Observed | StateName::Reported if held => Some(NoRetry::Paused),
        StateName::Ignored => None,
        StateName::Observed | StateName::Reported => (row.next_try_at <= at(now)).then_some(NoRetry::Due),
        StateName::Submitted => Some(NoRetry::Submitted),
        StateName::Settled => {
            let settlement: Settlement = place.json("detail", row.detail.as_deref().unwrap_or("null"))?;
            Some(match settlement.kind {
                SettlementKind::Fulfilled => NoRetry::Fulfilled,
                SettlementKind::CallbackFailed => NoRetry::CallbackFailed,
            })
        }
        StateName::Expired => Some(NoRetry::Expired),
        StateName::Orphaned => Some(NoRetry::Orphaned),
    };
    if let Some(why) = needless {
        return Ok(Retried::Needless(why));
    }
    record(connection, id, "retry_ordered", None, now).await?;
    let state = if state == StateName::Ignored {
        transition(connection, id, StateName::Ignored, State::Observed, now).await?;
        StateName::Observed
    } else {
        hasten(connection, id).await?;
        state
    };
    Ok(Retried::Now { chain: row.chain, state })
}

/// Has a request tried now that waits after a failure.
async fn hasten(connection: &mut SqliteConnection, id: RequestId) -> Result<(), StoreError> {
    sqlx::query("UPDATE requests SET next_try_at = 0, tries = 0 WHERE id = ?")
        .bind(key(&id))
        .execute(connection)
        .await?;
    Ok(())
}
