//! Lists and counts of requests under filters. Each filter has an index that is in the order of the list, so a page
//! reads little more than it shows.

use super::{SUMMARY, SummaryRow};
use crate::{
    clock::Millis,
    request::StateName,
    store::{
        Counts, Page, RequestFilter, RequestSummary, StoreError,
        sqlite::{
            SqliteStore,
            row::{Place, at, key},
        },
    },
};
use sqlx::{QueryBuilder, Sqlite};

/// Where a page begins: after this row.
#[derive(Clone, Copy)]
pub(super) struct Cursor {
    observed_at: i64,
    row: i64,
}

pub(super) async fn page(
    store: &SqliteStore,
    filter: &RequestFilter,
    page: Page,
) -> Result<Vec<RequestSummary>, StoreError> {
    let cursor = match &page.before {
        None => None,
        Some(before) => {
            let found: Option<(i64, i64)> = sqlx::query_as("SELECT observed_at, rowid FROM requests WHERE id = ?")
                .bind(key(before))
                .fetch_optional(store.readers())
                .await?;
            let Some((observed_at, row)) = found else { return Ok(Vec::new()) };
            Some(Cursor { observed_at, row })
        }
    };
    let mut query = page_query("", filter, cursor, page.limit);
    let rows: Vec<SummaryRow> = query.build_query_as().fetch_all(store.readers()).await?;
    rows.into_iter().map(RequestSummary::try_from).collect()
}

/// The rows are found state by state, for SQLite doesn't merge the parts of an index that `IN` names in their order.
pub(super) fn page_query(
    before: &'static str,
    filter: &RequestFilter,
    cursor: Option<Cursor>,
    limit: u32,
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(before);
    query.push("WITH page (number, observed_at) AS (");
    let states: Vec<Option<StateName>> =
        if filter.states.is_empty() { vec![None] } else { filter.states.iter().copied().map(Some).collect() };
    for (part, state) in states.into_iter().enumerate() {
        if part > 0 {
            query.push(" UNION ALL ");
        }
        query.push("SELECT * FROM (SELECT rowid, observed_at FROM requests WHERE TRUE");
        if let Some(state) = state {
            query.push(" AND state = ").push_bind(state.as_str());
        }
        push_filters(&mut query, filter);
        if let Some(Cursor { observed_at, row }) = cursor {
            query.push(" AND (observed_at, rowid) < (").push_bind(observed_at).push(", ").push_bind(row).push(")");
        }
        query.push(" ORDER BY observed_at DESC, rowid DESC LIMIT ").push_bind(limit).push(")");
    }
    query.push(") ").push(SUMMARY);
    query.push(
        " FROM page JOIN requests ON requests.rowid = page.number
         ORDER BY page.observed_at DESC, page.number DESC LIMIT ",
    );
    query.push_bind(limit);
    query
}

/// Every filter but that of the states.
fn push_filters(query: &mut QueryBuilder<Sqlite>, filter: &RequestFilter) {
    let RequestFilter { states: _, chain, consumer, contract, outcome, since, until } = filter;
    if let Some(chain) = chain {
        query.push(" AND chain = ").push_bind(chain.as_str());
    }
    if let Some(consumer) = consumer {
        query.push(" AND consumer = ").push_bind(consumer.as_slice());
    }
    if let Some(contract) = contract {
        query.push(" AND contract_id = ").push_bind(contract.0.as_slice());
    }
    if let Some(outcome) = outcome {
        query.push(" AND outcome = ").push_bind(outcome.name());
    }
    let mut time = |comparison: &str, bound: &Option<Millis>| {
        if let Some(bound) = bound {
            query.push(" AND observed_at ").push(comparison).push(" ").push_bind(at(*bound));
        }
    };
    time(">=", since);
    time("<", until);
}

pub(super) async fn count(store: &SqliteStore, filter: &RequestFilter) -> Result<Counts, StoreError> {
    // One transaction, so that both speak of the same moment.
    let mut reading = store.readers().begin().await?;
    let by_state: Vec<(String, i64)> =
        count_query("", "state", filter).build_query_as().fetch_all(&mut *reading).await?;
    let by_outcome: Vec<(String, i64)> =
        count_query("", "outcome", filter).build_query_as().fetch_all(&mut *reading).await?;
    reading.commit().await?;
    let place = Place { table: "requests", row: &"(counted)" };
    Ok(Counts {
        by_state: by_state
            .iter()
            .map(|(state, count)| Ok((place.text("state", state)?, place.unsigned("state", *count)?)))
            .collect::<Result<_, StoreError>>()?,
        by_outcome: by_outcome
            .iter()
            .map(|(outcome, count)| Ok((place.outcome("outcome", outcome)?, place.unsigned("outcome", *count)?)))
            .collect::<Result<_, StoreError>>()?,
    })
}

pub(super) fn count_query(before: &'static str, column: &'static str, filter: &RequestFilter) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(before);
    query.push("SELECT ").push(column).push(", COUNT(*) FROM requests WHERE ").push(column).push(" IS NOT NULL");
    if !filter.states.is_empty() {
        query.push(" AND state IN (");
        let mut states = query.separated(", ");
        for state in &filter.states {
            states.push_bind(state.as_str());
        }
        query.push(")");
    }
    push_filters(&mut query, filter);
    query.push(" GROUP BY ").push(column);
    query
}

#[cfg(test)]
mod tests;
