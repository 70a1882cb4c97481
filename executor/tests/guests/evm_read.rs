//! `evm-read`, asking real endpoints.

use crate::{
    ask, assert_error, deployment,
    support::{
        executor,
        server::{self, Server},
    },
    word,
};
use axum::{Json, Router, routing::post};
use phat_executor::{ExecutorConfig, Run, RunResult};
use phat_protocol::{Answer, Outcome};
use serde_json::{Value, json};

const BLOCK: u64 = 0x15_2a_01;
const HASH: &str = "0xb10cb10cb10cb10cb10cb10cb10cb10cb10cb10cb10cb10cb10cb10cb10cb10c";
const BALANCE: &str = "0x00000000000000000000000000000000000000000000000000000000000003e8";

/// A node whose block is as long as busy chains have them, and where `balanceOf` of 0x33… is this.
async fn node(balance: &'static str) -> Server {
    let answer = async move |Json(asked): Json<Value>| {
        let call = json!([
            {
                "to": "0x2222222222222222222222222222222222222222",
                "data": format!("0x70a08231{}{}", "0".repeat(24), "33".repeat(20)),
            },
            {"blockHash": HASH, "requireCanonical": true},
        ]);
        let result = match asked["method"].as_str() {
            Some("eth_getBlockByNumber") => json!({
                "transactions": vec![HASH; 1_500],
                "number": format!("{BLOCK:#x}"),
                "hash": HASH,
            }),
            Some("eth_call") if asked["params"] == call => json!(balance),
            _ => Value::Null,
        };
        Json(json!({"jsonrpc": "2.0", "id": asked["id"], "result": result}))
    };
    server::http_of(Router::new().route("/rpc", post(answer))).await
}

fn contract(origins: &[String]) -> Run {
    let endpoints: Vec<Value> = origins
        .iter()
        .enumerate()
        .map(|(index, origin)| json!({"name": format!("n{index}"), "origin": origin, "path": "/rpc"}))
        .collect();
    let init = json!({
        "endpoints": endpoints,
        "address": "0x2222222222222222222222222222222222222222",
        "signature": "balanceOf(address)",
        "args": ["{holder}"],
    });
    deployment("evm-read", init.to_string().as_bytes())
}

/// What is read from nodes that answer so, and from one more that nobody may reach.
async fn read(balances: &[&'static str]) -> RunResult {
    let mut config = ExecutorConfig::default();
    let mut nodes = Vec::new();
    for balance in balances {
        nodes.push(node(balance).await);
    }
    config.egress.allow.extend(nodes.iter().map(Server::allowed));
    let mut origins: Vec<String> = nodes.iter().map(|node| node.url("http", "")).collect();
    origins.push("https://10.0.0.1".to_owned());
    let payload = json!({"holder": format!("0x{}", "33".repeat(20))}).to_string();
    ask(&executor(&config), contract(&origins), &payload).await
}

#[tokio::test]
async fn enough_endpoints_that_agree_make_the_answer() {
    let result = read(&[BALANCE, BALANCE]).await;
    let hash = [0xb1, 0x0c].repeat(16);
    let output = [word(BLOCK.into()), hash, word(96), word(32), word(1000)].concat();
    assert_eq!(result.answer(1024), Answer { outcome: Outcome::Ok, output });
    // Of this 2,500,000 are for five calls, and most of the rest for two blocks of 100 KB.
    assert!(result.fuel_used < 46_000_000, "{}", result.fuel_used);
}

#[tokio::test]
async fn endpoints_that_contradict_each_other_make_no_answer() {
    let answer = read(&[BALANCE, "0x00"]).await.answer(1024);
    assert_error(&answer, Outcome::ContractError, 3, "1 of 2 agree, 2 needed");
}

#[tokio::test]
async fn too_few_endpoints_are_an_error_that_names_the_others() {
    let answer = read(&[BALANCE]).await.answer(1024);
    assert_error(&answer, Outcome::EgressDenied, 2, "1 of 2 endpoints told its finalised block, 2 needed: n1: denied");
}
