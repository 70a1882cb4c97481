//! `compute`, asking real sources.

use crate::{
    ask, assert_error, deployment,
    support::{executor, server},
    word,
};
use axum::{Router, http::StatusCode, response::IntoResponse, routing::get};
use phat_executor::RunResult;
use phat_protocol::{Answer, Outcome};
use serde_json::{Value, json};
use std::{fmt::Write, time::Duration};

/// What is computed of a document that a source answers with, behind one that is broken.
async fn computed(document: impl IntoResponse + Clone + Send + Sync + 'static, more: Value) -> RunResult {
    let site = Router::new()
        .route("/broken/2025", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/rows/2025", get(async move || document.clone()));
    let source = server::http_of(site).await;
    let of = |name: &str| json!({"name": name, "origin": source.url("http", ""), "path": format!("/{name}/{{year}}")});
    let mut init = json!({
        "sources": [of("broken"), of("rows")],
        "combine": "first",
        "type": "uint256",
        "decimals": 2,
    });
    let members = more.as_object().expect("an object").clone();
    init.as_object_mut().expect("an object").extend(members);
    let contract = deployment("compute", init.to_string().as_bytes());
    let mut config = source.config();
    // A busy machine takes its time for a document of 1 MB.
    config.limits.wall_time = Duration::from_secs(120);
    ask(&executor(&config), contract, r#"{"year":2025}"#).await
}

/// As many rows as are read, of 31 bytes each: 0.01, 0.02, …
fn csv() -> String {
    let mut text = "id,amount,region\n".to_owned();
    for row in 1_u32..=32_768 {
        let _ = writeln!(text, "{row:06},{:>10}.{:02},{:>9}", row / 100, row % 100, "north");
    }
    text
}

#[tokio::test]
async fn the_greatest_document_has_its_quantile_within_the_guests_memory() {
    let text = csv();
    assert!(text.len() > 980_000, "{}", text.len());
    let of = json!({"format": "csv", "column": "amount", "compute": "quantile", "quantile": 0.5});
    let result = computed(text, of).await;
    // Between 163.84 and 163.85, cut.
    assert_eq!(result.answer(1024), Answer { outcome: Outcome::Ok, output: word(16_384) });
    assert!(result.fuel_used < 500_000_000, "{}", result.fuel_used);
}

#[tokio::test]
async fn json_rows_are_summed_where_a_condition_holds() {
    let rows: Vec<Value> = (0..1_000).map(|row| json!({"v": format!("{row}.1"), "even": row % 2 == 0})).collect();
    let of = json!({
        "format": "json", "rows": "/data", "column": "/v", "compute": "sum",
        "where": [{"column": "/even", "is": "eq", "value": "true"}],
    });
    let result = computed(json!({"data": rows}).to_string(), of).await;
    assert_eq!(result.answer(1024), Answer { outcome: Outcome::Ok, output: word(24_955_000) });
    assert!(result.fuel_used < 150_000_000, "{}", result.fuel_used);
}

#[tokio::test]
async fn what_is_wrong_with_a_source_reaches_the_consumer() {
    let of = json!({"format": "csv", "column": "amount", "compute": "sum"});
    let answer = computed("amount\n1\nn/a\n", of.clone()).await.answer(1024);
    assert_error(&answer, Outcome::ContractError, 7, "rows: row 2 has no number: n/a");
    let answer = computed("amount\n".repeat(200_000), of).await.answer(1024);
    assert_error(&answer, Outcome::ContractError, 3, "rows: late: ");
}
