//! `substrate-read`, asking real endpoints.

use crate::{
    ask, assert_error, deployment,
    support::{
        executor,
        server::{self, Server},
    },
    word,
};
use axum::{Json, Router, routing::post};
use phat_executor::{ExecutorConfig, RunResult};
use phat_protocol::{Answer, Outcome};
use serde_json::{Value, json};

const ALICE: &str = "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";
/// `System.Account` of Alice.
const KEY: &str = "0x26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9\
    de1e86a9a8c739864cf3cc5ec2bea59fd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

fn hash(number: u64) -> String {
    format!("0x{}", format!("{number:02x}").repeat(32))
}

/// A node that has finalised this block, where Alice has this much.
async fn node(head: u64, free: u128) -> Server {
    let answer = async move |Json(asked): Json<Value>| {
        let params = &asked["params"];
        let result = match asked["method"].as_str() {
            Some("chain_getFinalizedHead") => json!(hash(head)),
            Some("chain_getHeader") if params[0] == hash(head) => json!({"number": format!("{head:#x}")}),
            Some("chain_getBlockHash") => json!(params[0].as_u64().filter(|number| *number <= head + 2).map(hash)),
            Some("state_getStorage") if params[0] == KEY => {
                let amounts = [free, 0, 0, 1 << 127].map(u128::to_le_bytes).concat();
                let account = [vec![0; 16], amounts].concat();
                json!(format!("0x{}", account.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
            }
            _ => Value::Null,
        };
        Json(json!({"jsonrpc": "2.0", "id": asked["id"], "result": result}))
    };
    server::http_of(Router::new().route("/", post(answer))).await
}

/// Alice's balance, as these nodes tell it.
async fn read(nodes: &[Server]) -> RunResult {
    let mut config = ExecutorConfig::default();
    config.egress.allow.extend(nodes.iter().map(Server::allowed));
    let endpoint = |(index, node): (usize, &Server)| json!({"name": format!("n{index}"), "origin": node.url("http", ""), "path": "/"});
    let init = json!({
        "endpoints": nodes.iter().enumerate().map(endpoint).collect::<Vec<_>>(),
        "pallet": "System",
        "item": "Account",
        "keys": [{"hasher": "blake2_128_concat", "type": "account", "value": "{who}"}],
        "decode": {"offset": 16, "type": "u128"},
    });
    let contract = deployment("substrate-read", init.to_string().as_bytes());
    ask(&executor(&config), contract, &json!({"who": ALICE}).to_string()).await
}

#[tokio::test]
async fn a_balance_is_read_at_a_block_that_enough_nodes_call_final() {
    let nodes = [node(0x20, 1_000_000_007).await, node(0x22, 1_000_000_007).await, node(0x21, 5).await];
    let result = read(&nodes).await;
    let output = [word(0x21), vec![0x21; 32], word(1), word(128), word(32), word(1_000_000_007)].concat();
    assert_eq!(result.answer(1024), Answer { outcome: Outcome::Ok, output });
    // Of this, 5,500,000 are for eleven calls.
    assert!(result.fuel_used < 13_000_000, "{}", result.fuel_used);
}

#[tokio::test]
async fn nodes_that_contradict_each_other_make_no_answer() {
    let answer = read(&[node(0x20, 1).await, node(0x20, 2).await]).await.answer(1024);
    assert_error(&answer, Outcome::ContractError, 3, "about what is stored: 1 of 2 agree, 2 needed");
}
