use super::{SqliteStore, row::Place};
use crate::{
    clock::Millis,
    request::{Settlement, StateName},
    store::{FigureStore, Queues, ReadStore, Step, Steps, StoreError},
};
use async_trait::async_trait;
use std::collections::BTreeMap;

/// The states that a stage takes requests out of.
const WAITING: [StateName; 3] = [StateName::Observed, StateName::Reported, StateName::Submitted];

#[derive(sqlx::FromRow)]
struct StepRow {
    sequence: i64,
    chain: String,
    event: String,
    detail: Option<String>,
    at: i64,
    observed_at: i64,
    from_event: Option<String>,
    from_at: Option<i64>,
}

impl TryFrom<StepRow> for Step {
    type Error = StoreError;

    fn try_from(row: StepRow) -> Result<Self, StoreError> {
        let place = Place { table: "events", row: &row.sequence };
        let to = place.text("event", &row.event)?;
        let from = match (row.from_event, row.from_at) {
            (Some(event), Some(at)) => Some((place.text("event", &event)?, Millis(at))),
            (Some(_) | None, _) => None,
        };
        let settled = match (to, row.detail) {
            (StateName::Settled, Some(detail)) => Some(place.json::<Settlement>("detail", &detail)?.kind),
            (
                StateName::Observed
                | StateName::Ignored
                | StateName::Reported
                | StateName::Submitted
                | StateName::Settled
                | StateName::Expired
                | StateName::Orphaned,
                _,
            ) => None,
        };
        Ok(Self {
            sequence: row.sequence,
            chain: row.chain,
            from,
            to,
            settled,
            at: Millis(row.at),
            observed_at: Millis(row.observed_at),
        })
    }
}

#[async_trait]
impl FigureStore for SqliteStore {
    async fn queues(&self, chain: &str) -> Result<Queues, StoreError> {
        let requests = self.counts(chain).await?;
        let mut oldest = BTreeMap::new();
        for state in WAITING {
            let (since,): (Option<i64>,) =
                sqlx::query_as("SELECT MIN(updated_at) FROM requests WHERE chain = ? AND state = ?")
                    .bind(chain)
                    .bind(state.as_str())
                    .fetch_one(self.readers())
                    .await?;
            oldest.extend(since.map(|since| (state, Millis(since))));
        }
        let (open,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM attempts WHERE chain = ? AND state = 'open'")
            .bind(chain)
            .fetch_one(self.readers())
            .await?;
        let open_attempts = Place { table: "attempts", row: &"(counted)" }.unsigned("state", open)?;
        let watched = self.cursor(chain).await?.map(|block| block.number);
        Ok(Queues { requests, oldest, open_attempts, watched })
    }

    async fn place(&self, time: Millis) -> Result<i64, StoreError> {
        // Backwards, so that only what is newer is looked at.
        let row: Option<(i64,)> =
            sqlx::query_as("SELECT sequence FROM events WHERE at < ? ORDER BY sequence DESC LIMIT 1")
                .bind(time.0)
                .fetch_optional(self.readers())
                .await?;
        Ok(row.map_or(0, |(sequence,)| sequence))
    }

    async fn steps(&self, after: i64, limit: u32) -> Result<Steps, StoreError> {
        let rows: Vec<StepRow> = sqlx::query_as(
            "SELECT events.sequence, requests.chain, events.event, events.detail, events.at, requests.observed_at,
                earlier.event AS from_event, earlier.at AS from_at
             FROM events JOIN requests ON requests.id = events.request_id
             LEFT JOIN events AS earlier ON earlier.sequence =
                (SELECT MAX(before.sequence) FROM events AS before
                 WHERE before.request_id = events.request_id AND before.sequence < events.sequence
                    AND before.event IN
                        ('observed', 'ignored', 'reported', 'submitted', 'settled', 'expired', 'orphaned'))
             WHERE events.sequence > ?
                AND events.event IN ('observed', 'ignored', 'reported', 'submitted', 'settled', 'expired', 'orphaned')
             ORDER BY events.sequence LIMIT ?",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        let reached = rows.last().map(|row| row.sequence);
        let steps = rows.into_iter().map(|row| (row.chain.clone(), Step::try_from(row))).collect();
        Ok(Steps { steps, reached })
    }
}
