//! Outputs that are read as their contracts say, and what is told of contracts and their runs.

use crate::world::{World, answer, described_module, good_module};
use parity_scale_codec::Encode;
use phat_protocol::{ContractId, Outcome};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn word(value: u64) -> Vec<u8> {
    [&[0; 24][..], &value.to_be_bytes()].concat()
}

async fn put(world: &World, wasm: Vec<u8>) -> (StatusCode, Value) {
    answer(world.write(Method::PUT, "/v1/code").body(wasm).send().await.unwrap()).await
}

/// Deploys code with init data, and perhaps more; gives the contract.
async fn deploy(world: &World, wasm: Vec<u8>, init_json: &str, more: &Value) -> (ContractId, Value) {
    let (_, code) = put(world, wasm).await;
    let init_data = [&[0x9b, 0xae, 0x9d, 0x5e][..], &init_json.as_bytes().encode()].concat();
    let mut body = json!({
        "name": "prices",
        "code_hash": code["code_hash"],
        "init_data": format!("0x{}", hex::encode(init_data)),
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, contract) = answer(world.write(Method::POST, "/v1/contracts").json(&body).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::CREATED, "{contract}");
    (contract["contract_id"].as_str().unwrap().parse().unwrap(), contract)
}

async fn decoded(world: &World, contract: ContractId, sequence: u64, outcome: Outcome, output: &[u8]) -> Value {
    let id = world.observe("local", contract, sequence).await;
    world.fulfil(id, outcome, output).await;
    let (_, body) = world.get(&format!("/v1/requests/{id}")).await;
    assert_eq!(body["report"]["output"], format!("0x{}", hex::encode(output)));
    json!([body["report"]["decoded"], body["failure"]])
}

const BY_INIT: &str = r#"{"init":{"abi":"/type","decimals":"/decimals"},"error":"text"}"#;

#[tokio::test]
async fn an_output_is_read_as_the_contracts_init_data_says() {
    let world = World::new().await;
    let init = r#"{"type":"uint256","decimals":2}"#;
    let (contract, shown) = deploy(&world, described_module(BY_INIT), init, &json!({})).await;
    assert_eq!(shown["output"], json!({ "abi": "uint256", "decimals": 2, "error": "text" }));
    let price = decoded(&world, contract, 1, Outcome::Ok, &word(9_721_453)).await;
    assert_eq!(price, json!([{ "value": "9721453", "text": "97214.53" }, null]));
    let error = [vec![7], "no such pair".encode()].concat();
    assert_eq!(
        decoded(&world, contract, 3, Outcome::ContractError, &error).await,
        json!([
            { "error_code": 7, "error_text": "no such pair" },
            "the run ended in ContractError: no such pair (code 7)",
        ])
    );
    assert_eq!(decoded(&world, contract, 5, Outcome::Ok, b"short").await, json!([null, null]));
    world.stop().await;
}

#[tokio::test]
async fn a_deployment_may_say_it_in_place_of_the_module() {
    let world = World::new().await;
    let says = json!({ "output": { "abi": "(bool,string)" } });
    let (contract, shown) = deploy(&world, described_module(BY_INIT), r#"{"type":"uint256"}"#, &says).await;
    assert_eq!(shown["output"], json!({ "abi": "(bool,string)", "decimals": null, "error": null }));
    // Deploying again without saying it leaves it.
    let (_, again) = deploy(&world, described_module(BY_INIT), r#"{"type":"uint256"}"#, &json!({})).await;
    assert_eq!(again["output"], shown["output"]);
    let output = [word(1), word(64), word(2), b"ok".to_vec(), vec![0; 30]].concat();
    let read = decoded(&world, contract, 1, Outcome::Ok, &output).await;
    assert_eq!(read[0], json!({ "value": [true, "ok"], "text": "true, ok" }));
    world.stop().await;
}

#[tokio::test]
async fn where_nobody_says_it_nothing_is_decoded() {
    let world = World::new().await;
    let (contract, shown) = deploy(&world, good_module(), "{}", &json!({})).await;
    assert_eq!(shown["output"], Value::Null);
    assert_eq!(decoded(&world, contract, 1, Outcome::Ok, &word(1)).await[0], Value::Null);
    assert_eq!(decoded(&world, ContractId([8; 32]), 3, Outcome::Ok, &word(1)).await[0], Value::Null);
    world.stop().await;
}

#[tokio::test]
async fn a_malformed_description_is_refused() {
    let world = World::new().await;
    let (status, body) = put(&world, described_module(r#"{"abi":"uint7"}"#)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body["reasons"][0].as_str().unwrap().contains("phat.output"), "{body}");
    assert_eq!(world.enclave.writes.load(std::sync::atomic::Ordering::SeqCst), 0);
    let body = json!({ "name": "n", "code_hash": format!("0x{}", "11".repeat(32)), "init_data": "0x",
        "output": { "abi": "uint256", "decimals": 78 } });
    let (status, body) = answer(world.write(Method::POST, "/v1/contracts").json(&body).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body["detail"].as_str().unwrap().contains("the most is 77"), "{body}");
    world.stop().await;
}

#[tokio::test]
async fn a_contract_tells_its_size_its_limits_and_its_last_runs() {
    let world = World::new().await;
    let wasm = described_module(r#"{"error":"text"}"#);
    let size = wasm.len();
    let (contract, shown) = deploy(&world, wasm, "{}", &json!({})).await;
    assert_eq!((&shown["size"], &shown["limits"]), (&json!(size), &json!({ "fuel": 5000 })));
    let none = json!({
        "runs": 0, "by_outcome": {}, "last_run_at_ms": null, "last_failure": null, "mean_fuel": null,
        "mean_elapsed_ms": null,
    });
    assert_eq!(shown["recent"], none);
    let error = [vec![7], "no such pair".encode()].concat();
    decoded(&world, contract, 1, Outcome::ContractError, &error).await;
    for sequence in 2..=102 {
        decoded(&world, contract, sequence, Outcome::Ok, b"").await;
    }
    let recent = world.get(&format!("/v1/contracts/{contract}")).await.1["recent"].clone();
    assert_eq!((&recent["runs"], &recent["by_outcome"]), (&json!(100), &json!({ "Ok": 100 })));
    decoded(&world, contract, 104, Outcome::ContractError, &error).await;
    let recent = world.get(&format!("/v1/contracts/{contract}")).await.1["recent"].clone();
    assert_eq!(recent["by_outcome"], json!({ "Ok": 99, "ContractError": 1 }));
    assert_eq!((&recent["mean_fuel"], &recent["mean_elapsed_ms"]), (&json!(1234), &json!(56)));
    assert_eq!(recent["last_failure"]["reason"], "no such pair (code 7)");
    let (_, list) = world.get("/v1/contracts").await;
    assert_eq!((&list["contracts"][0]["recent"], &list["limits"]), (&recent, &json!({ "fuel": 5000 })));
    world.stop().await;
}
