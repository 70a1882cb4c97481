use super::*;
use crate::request::StateName;
use phat_protocol::{ContractId, Outcome};
use sqlx::{Row, sqlite::SqliteRow};

async fn store() -> (tempfile::TempDir, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("relayer.db")).await.unwrap();
    (directory, store)
}

/// What SQLite does for a query: one line for each step.
async fn plan(store: &SqliteStore, mut query: QueryBuilder<Sqlite>) -> String {
    let rows: Vec<SqliteRow> = query.build().fetch_all(store.readers()).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect()
}

const EXPLAIN: &str = "EXPLAIN QUERY PLAN ";

fn filters() -> Vec<(&'static str, RequestFilter)> {
    let all = RequestFilter::default;
    vec![
        ("requests_by_time", all()),
        (
            "requests_by_time (observed_at>? AND observed_at<?)",
            RequestFilter { since: Some(Millis(1)), until: Some(Millis(2)), ..all() },
        ),
        ("requests_of_state (state=?)", RequestFilter { states: vec![StateName::Settled], ..all() }),
        (
            "requests_of_state (state=?)",
            RequestFilter { states: vec![StateName::Observed, StateName::Ignored], ..all() },
        ),
        ("requests_of_chain (chain=?)", RequestFilter { chain: Some("local".to_owned()), ..all() }),
        ("requests_of_consumer (consumer=?)", RequestFilter { consumer: Some(vec![1; 20]), ..all() }),
        ("requests_of_contract (contract_id=?)", RequestFilter { contract: Some(ContractId([1; 32])), ..all() }),
        ("requests_of_outcome (outcome=?)", RequestFilter { outcome: Some(Outcome::Trapped), ..all() }),
        (
            "requests_of_outcome (outcome=? AND observed_at>?)",
            RequestFilter { outcome: Some(Outcome::Trapped), since: Some(Millis(1)), ..all() },
        ),
    ]
}

#[tokio::test]
async fn every_filter_of_a_list_reads_an_index_in_the_lists_order() {
    let (_directory, store) = store().await;
    for (index, filter) in filters() {
        let plan = plan(&store, page_query(EXPLAIN, &filter, None, 10)).await;
        let (finding, showing) = plan.split_once("SEARCH requests USING INTEGER PRIMARY KEY").unwrap_or((&plan, ""));
        assert!(finding.contains(index), "{filter:?}:\n{plan}");
        // The parts are in order already; only what is shown is put into the order of all parts.
        assert!(!finding.contains("TEMP B-TREE"), "{filter:?}:\n{plan}");
        assert!(!finding.contains("SCAN requests\n"), "{filter:?}:\n{plan}");
        assert!(!showing.is_empty(), "{filter:?}:\n{plan}");
    }
}

#[tokio::test]
async fn the_next_page_is_found_by_the_same_index() {
    let (_directory, store) = store().await;
    for (index, filter) in filters() {
        let name = index.split(' ').next().unwrap();
        let cursor = Some(Cursor { observed_at: 5, row: 7 });
        let plan = plan(&store, page_query(EXPLAIN, &filter, cursor, 10)).await;
        assert!(plan.contains(name) && plan.contains("observed_at<?"), "{filter:?}:\n{plan}");
    }
}

#[tokio::test]
async fn every_filter_of_a_count_reads_an_index() {
    let (_directory, store) = store().await;
    for (_, filter) in filters() {
        for column in ["state", "outcome"] {
            let plan = plan(&store, count_query(EXPLAIN, column, &filter)).await;
            assert!(plan.contains("INDEX requests_"), "{column} {filter:?}:\n{plan}");
        }
    }
}
