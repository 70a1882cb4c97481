use crate::world::{Setting, TOKEN, World, answer, bad_module, good_module};
use phat_enclave_api::EnclaveError;
use phat_protocol::{ContractId, ContractSeed, Owner, Salt, code_hash};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};

fn contract_id(init_data: &[u8]) -> ContractId {
    let code_hash = code_hash(&good_module());
    ContractSeed { code_hash, init_data, owner: Owner::NOBODY, salt: Salt::default() }.contract_id()
}

async fn deploy(world: &World) -> (StatusCode, Value) {
    let put = world.write(Method::PUT, "/v1/code").body(good_module()).send().await.unwrap();
    let (status, code) = answer(put).await;
    assert_eq!(status, StatusCode::OK);
    let body = json!({ "name": "prices", "code_hash": code["code_hash"], "init_data": "0x01" });
    answer(world.write(Method::POST, "/v1/contracts").json(&body).send().await.unwrap()).await
}

#[tokio::test]
async fn a_contract_is_deployed_listed_and_shown() {
    let world = World::new().await;
    assert_eq!(world.get("/v1/contracts").await.1, json!({ "contracts": [], "limits": { "fuel": 5000 } }));
    let (status, body) = deploy(&world).await;
    let id = contract_id(&[1]).to_string();
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!((&body["contract_id"], &body["name"]), (&json!(id), &json!("prices")));

    let (_, list) = world.get("/v1/contracts").await;
    assert_eq!(list["contracts"][0]["contract_id"], id);
    let (_, shown) = world.get(&format!("/v1/contracts/{id}")).await;
    assert_eq!((&shown["init_data"], &shown["in_enclave"]), (&json!("0x01"), &json!(true)));

    world.enclave.forget();
    let (_, shown) = world.get(&format!("/v1/contracts/{id}")).await;
    assert_eq!(shown["in_enclave"], false);
    *world.enclave.status.lock().unwrap() = Err(EnclaveError::Busy);
    let (_, shown) = world.get(&format!("/v1/contracts/{id}")).await;
    assert_eq!(shown["in_enclave"], Value::Null);
    world.stop().await;
}

#[tokio::test]
async fn deploying_again_changes_nothing_but_the_name() {
    let world = World::new().await;
    let (_, first) = deploy(&world).await;
    let body = json!({ "name": "rates", "code_hash": first["code_hash"], "init_data": "0x01" });
    let again = world.write(Method::POST, "/v1/contracts").json(&body).send().await.unwrap();
    assert_eq!(answer(again).await.1["contract_id"], first["contract_id"]);
    let (_, list) = world.get("/v1/contracts").await;
    assert_eq!(list["contracts"].as_array().unwrap().len(), 1);
    assert_eq!(list["contracts"][0]["name"], "rates");
    world.stop().await;
}

#[tokio::test]
async fn requests_that_waited_for_the_contract_are_looked_at_again() {
    let world = World::new().await;
    let waiting = world.observe("local", contract_id(&[1]), 1).await;
    world.ignore(waiting).await;
    let other = world.observe("local", ContractId([8; 32]), 2).await;
    world.ignore(other).await;
    let (_, body) = deploy(&world).await;
    assert_eq!(body["reconsidered"], 1);
    let state = async |id| world.get(&format!("/v1/requests/{id}")).await.1["state"].clone();
    assert_eq!(state(waiting).await, "observed");
    assert_eq!(state(other).await, "ignored");
    tokio::time::timeout(Duration::from_secs(5), world.doorbells.execute.notified())
        .await
        .expect("the doorbell was not rung");
    world.stop().await;
}

#[tokio::test]
async fn a_module_is_refused_with_every_reason() {
    let world = World::new().await;
    let (status, body) = answer(world.write(Method::PUT, "/v1/code").body(bad_module()).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let reasons = body["reasons"].to_string();
    assert_eq!(body["reasons"].as_array().unwrap().len(), 3, "{reasons}");
    for words in ["9999", "sleep", "`call`"] {
        assert!(reasons.contains(words), "{reasons}");
    }
    let (status, body) = answer(world.write(Method::PUT, "/v1/code").body("not wasm").send().await.unwrap()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body["reasons"][0].as_str().unwrap().contains("not a WebAssembly module"));
    world.stop().await;
}

#[tokio::test]
async fn code_that_is_not_there_can_not_be_deployed() {
    let world = World::new().await;
    let body = json!({ "name": "prices", "code_hash": format!("0x{}", "11".repeat(32)), "init_data": "0x" });
    let (status, body) = answer(world.write(Method::POST, "/v1/contracts").json(&body).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body["detail"].as_str().unwrap().contains("is not here"));
    assert_eq!(world.get("/v1/contracts").await.1, json!({ "contracts": [], "limits": { "fuel": 5000 } }));
    world.stop().await;
}

#[tokio::test]
async fn nothing_is_written_without_the_token() {
    let world = World::new().await;
    let writes =
        [(Method::PUT, "/v1/code"), (Method::POST, "/v1/contracts"), (Method::POST, "/v1/chains/local/worker")];
    for (method, path) in &writes {
        let request = || world.http.request(method.clone(), format!("{}{path}", world.url)).body(good_module());
        for refused in [
            request(),
            request().bearer_auth("another-token-of-the-length"),
            request().bearer_auth(&TOKEN[1..]),
            request().header("authorization", TOKEN),
            request().basic_auth("user", Some(TOKEN)),
        ] {
            let response = refused.send().await.unwrap();
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
            assert_eq!(answer(response).await.0, StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    assert_eq!(world.enclave.writes.load(Ordering::SeqCst), 0);
    world.stop().await;
}

#[tokio::test]
async fn without_a_configured_token_nothing_can_be_written() {
    let world = World::with(Setting { token: false, ..Setting::default() }).await;
    let (status, body) = answer(world.write(Method::PUT, "/v1/code").body(good_module()).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(body["detail"].as_str().unwrap().contains("api-token"), "{body}");
    assert_eq!(world.enclave.writes.load(Ordering::SeqCst), 0);
    world.stop().await;
}
