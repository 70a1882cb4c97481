use super::{
    SqliteStore,
    row::{Place, key, signed},
};
use crate::store::{Event, EventFilter, EventPage, EventStore, StoreError};
use async_trait::async_trait;
use sqlx::{FromRow, QueryBuilder, Sqlite};
use tokio::sync::watch;

#[derive(FromRow)]
struct EventRow {
    sequence: i64,
    at: i64,
    event: String,
    request_id: Option<Vec<u8>>,
    chain: Option<String>,
    contract_id: Option<Vec<u8>>,
    detail: Option<String>,
}

impl TryFrom<EventRow> for Event {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let place = Place { table: "events", row: &row.sequence };
        Ok(Self {
            sequence: place.unsigned("sequence", row.sequence)?,
            at_ms: row.at,
            request: row.request_id.as_deref().map(|id| place.id("request_id", id)).transpose()?,
            contract: row.contract_id.as_deref().map(|id| place.id("contract_id", id)).transpose()?,
            detail: row.detail.as_deref().map(|text| place.json("detail", text)).transpose()?,
            event: row.event,
            chain: row.chain,
        })
    }
}

#[async_trait]
impl EventStore for SqliteStore {
    fn changes(&self) -> watch::Receiver<u64> {
        Self::changes(self)
    }

    async fn newest_event(&self) -> Result<u64, StoreError> {
        let (newest,): (Option<i64>,) =
            sqlx::query_as("SELECT MAX(sequence) FROM events").fetch_one(self.readers()).await?;
        Place { table: "events", row: &"(newest)" }.unsigned("sequence", newest.unwrap_or(0))
    }

    async fn events(&self, filter: &EventFilter, after: u64, limit: u32) -> Result<EventPage, StoreError> {
        // What a request's event is about stands with the request. The inner query is what bounds the
        // read, whatever the filter lets through.
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT sequence, at, event, request_id, COALESCE(read.chain, requests.chain) AS chain,
                COALESCE(read.contract_id, requests.contract_id) AS contract_id, read.detail AS detail
             FROM (SELECT * FROM events WHERE sequence > ",
        );
        query.push_bind(signed(after));
        if let Some(request) = &filter.request {
            query.push(" AND request_id = ").push_bind(key(request));
        }
        query.push(" ORDER BY sequence LIMIT ").push_bind(limit);
        query.push(") AS read LEFT JOIN requests ON requests.id = read.request_id ORDER BY sequence");
        let rows: Vec<EventRow> = query.build_query_as().fetch_all(self.readers()).await?;
        let is_full = u32::try_from(rows.len()).is_ok_and(|read| read >= limit);
        let mut events = rows.into_iter().map(Event::try_from).collect::<Result<Vec<_>, StoreError>>()?;
        let reached = events.last().map_or(after, |event| event.sequence);
        events.retain(|event| filter.lets_through(event));
        Ok(EventPage { events, reached, is_full })
    }
}
