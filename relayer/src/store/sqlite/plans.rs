//! How SQLite goes about the statements that the stages run all the time: none may walk through all
//! that was ever asked.

use super::{SqliteStore, execute, settle, submit, transition};

/// The rows of the plan: what is searched or scanned, and by which index.
async fn plan(store: &SqliteStore, statement: &'static str) -> Vec<String> {
    let explained = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(explained).fetch_all(store.readers()).await.unwrap();
    rows.into_iter().map(|(.., detail)| detail.replace("COVERING INDEX", "INDEX")).collect()
}

#[tokio::test]
async fn no_stage_walks_through_all_requests() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("relayer.db")).await.unwrap();
    let by_id = "requests USING INDEX sqlite_autoindex_requests_1 (id=?)";
    for (statement, search) in [
        (execute::LEASE, "first USING INDEX requests_to_execute (chain=? AND consumer=?)"),
        (execute::MAY_RUN, by_id),
        (submit::READY, "requests USING INDEX requests_by_state (chain=? AND state=? AND next_try_at<?)"),
        (submit::CARRY, by_id),
        (settle::STANDING, by_id),
        (settle::OVERDUE, "requests USING INDEX requests_by_expiry (chain=? AND state=? AND expires_at<?)"),
        (settle::UNPROVEN, "requests USING INDEX requests_to_prove (chain=? AND settled_block<?)"),
        (settle::RETRYABLE, "requests USING INDEX requests_to_call_back (chain=? AND expires_at>?)"),
        (transition::TRANSITION, by_id),
        (transition::CONFIRM, by_id),
    ] {
        let plan = plan(&store, statement).await;
        assert!(plan.contains(&format!("SEARCH {search}")), "{statement}\n{plan:#?}");
        assert!(!plan.iter().any(|row| row.starts_with("SCAN requests")), "{statement}\n{plan:#?}");
    }
}
