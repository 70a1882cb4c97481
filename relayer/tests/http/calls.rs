use crate::{
    simulations::deployed,
    world::{World, answer},
};
use phat_enclave_api::EnclaveError;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn call(world: &World, id: &str, body: &Value) -> (StatusCode, Value) {
    let path = format!("/v1/contracts/{id}/call");
    answer(world.write(Method::POST, &path).json(body).send().await.unwrap()).await
}

#[tokio::test]
async fn a_message_is_told_what_it_returned_logged_and_deposited() {
    let world = World::new().await;
    let id = deployed(&world).await;
    let (status, ran) = call(&world, &id, &json!({ "input": "0x9bae9d5e2a" })).await;
    assert_eq!(status, StatusCode::OK, "{ran}");
    assert_eq!((&ran["contract_id"], &ran["revision"], &ran["flags"]), (&json!(id), &json!(0), &json!(0)));
    assert_eq!((&ran["outcome"], &ran["output"]), (&json!("Ok"), &json!("0x9bae9d5e2a")));
    assert_eq!((&ran["attestation"], &ran["reason"]), (&json!("simulated"), &Value::Null));
    assert_eq!(ran["logs"], json!([{ "level": 4, "message": "called" }]));
    assert_eq!(ran["events"], json!([{ "contract": id, "topics": "0x00", "data": "0x0102" }]));
    assert_eq!((&ran["fuel"], &ran["elapsed_ms"]), (&json!(99), &json!(3)));
    world.stop().await;
}

#[tokio::test]
async fn a_message_that_reverts_is_an_answer_too() {
    let world = World::new().await;
    let id = deployed(&world).await;
    let (status, ran) = call(&world, &id, &json!({ "input": "0xff" })).await;
    assert_eq!((status, &ran["outcome"], &ran["flags"]), (StatusCode::OK, &json!("ContractError"), &json!(1)));
    assert_eq!((&ran["output"], &ran["reason"]), (&json!("0xff"), &json!("the contract asked to revert")));
    world.stop().await;
}

#[tokio::test]
async fn a_long_input_passes_and_what_is_no_call_does_not() {
    let world = World::new().await;
    let id = deployed(&world).await;
    // The enclave's default limit.
    let long = format!("0x{}", "00".repeat(1024 * 1024));
    assert_eq!(call(&world, &id, &json!({ "input": long })).await.0, StatusCode::OK);
    for body in [json!({}), json!({ "input": "text" }), json!({ "input": "0x", "caller": "0x00" })] {
        assert_eq!(call(&world, &id, &body).await.0, StatusCode::BAD_REQUEST, "{body}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_call_needs_the_contract_the_enclave_and_the_token() {
    let world = World::new().await;
    let id = format!("0x{}", "08".repeat(32));
    let (status, problem) = call(&world, &id, &json!({ "input": "0x" })).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(problem["detail"].as_str().unwrap().contains(&id), "{problem}");
    let url = format!("{}/v1/contracts/{id}/call", world.url);
    let refused = world.http.post(url).json(&json!({ "input": "0x" })).send().await.unwrap();
    assert_eq!(answer(refused).await.0, StatusCode::UNAUTHORIZED);
    *world.enclave.status.lock().unwrap() = Err(EnclaveError::Busy);
    assert_eq!(call(&world, &id, &json!({ "input": "0x" })).await.0, StatusCode::SERVICE_UNAVAILABLE);
    world.stop().await;
}
