//! `graphql`, asking a real endpoint.

use crate::{
    ask, assert_error, deployment,
    support::{
        executor,
        server::{self, Server},
    },
    word,
};
use axum::{Json, Router, extract::Path, http::HeaderMap, routing::post};
use phat_executor::{Run, RunResult};
use phat_protocol::{Answer, Outcome};
use serde_json::{Value, json};

/// Knows one pool, by its id; whoever doesn't speak JSON to it is told so.
async fn endpoint() -> Server {
    let resolve = async |Path(network): Path<String>, headers: HeaderMap, Json(asked): Json<Value>| {
        let variables = &asked["variables"];
        let pool = (variables["id"] == "0xabc").then(|| json!({"price": "1.25", "network": network}));
        let body = match (headers["content-type"] == "application/json", variables["first"].as_u64()) {
            (true, Some(_)) => json!({"data": {"pool": pool}}),
            (true, None) => json!({"errors": [{"message": "Int cannot represent non-integer value"}]}),
            (false, _) => json!({"errors": [{"message": "not JSON"}]}),
        };
        Json(body)
    };
    server::http_of(Router::new().route("/{network}/graphql", post(resolve))).await
}

fn contract(endpoint: &Server) -> Run {
    let init = json!({
        "origin": endpoint.url("http", ""),
        "path": "/{network}/graphql",
        "query": "query($id: ID!, $first: Int) { pool(id: $id, first: $first) { price network } }",
        "variables": {"id": "{id}", "first": "{first}"},
        "pointer": "/data/pool/price",
        "type": "uint256",
        "decimals": 2,
    });
    deployment("graphql", init.to_string().as_bytes())
}

async fn asked(payload: Value) -> RunResult {
    let endpoint = endpoint().await;
    ask(&executor(&endpoint.config()), contract(&endpoint), &payload.to_string()).await
}

#[tokio::test]
async fn the_query_is_asked_with_the_payloads_variables() {
    let result = asked(json!({"network": "main", "id": "0xabc", "first": 1})).await;
    assert_eq!(result.answer(1024), Answer { outcome: Outcome::Ok, output: word(125) });
    assert!(result.fuel_used < 2_200_000, "{}", result.fuel_used);
}

#[tokio::test]
async fn what_the_endpoint_says_is_wrong_reaches_the_consumer() {
    let answer = asked(json!({"network": "main", "id": "0xabc", "first": "1"})).await.answer(1024);
    assert_error(&answer, Outcome::ContractError, 9, "the query failed: Int cannot represent non-integer value");
    let answer = asked(json!({"network": "main", "id": "0xdef", "first": 1})).await.answer(1024);
    assert_error(&answer, Outcome::ContractError, 6, "the pointer finds nothing");
}

#[tokio::test]
async fn a_value_that_looks_like_json_stays_one_string() {
    let injected = r#"0xabc","first":1,"x":""#;
    let answer = asked(json!({"network": "main", "id": injected, "first": 1})).await.answer(1024);
    assert_error(&answer, Outcome::ContractError, 6, "the pointer finds nothing");
}
