use crate::{
    ends::{WORKER, unreachable},
    world::{Setting, World, answer},
};
use phat_connector::{ChainError, TxHash};
use phat_enclave_api::EnclaveError;
use phat_protocol::Digest;
use phat_relayer::api::RegistrarError;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

async fn register(world: &World, chain: &str) -> (StatusCode, Value) {
    let path = format!("/v1/chains/{chain}/worker");
    answer(world.write(Method::POST, &path).send().await.unwrap()).await
}

#[tokio::test]
async fn the_worker_shows_its_standing_on_each_chain() {
    let world = World::new().await;
    world.chain.active.store(false, Ordering::SeqCst);
    let (status, body) = world.get("/v1/worker").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["keys"]["worker"], WORKER.to_string());
    assert_eq!(body["attestation"], "simulated");
    assert_eq!(body["config_hash"], Digest([3; 32]).to_string());
    assert_eq!(body["config"]["limits"]["fuel"], 5000);
    assert_eq!(body["chains"], json!([{ "chain": "local", "active": false, "trouble": null }]));
    *world.chain.facts.lock().unwrap() = Err(unreachable());
    let (_, body) = world.get("/v1/worker").await;
    assert_eq!(body["chains"][0]["active"], Value::Null);
    assert!(body["chains"][0]["trouble"].as_str().unwrap().contains("unreachable"));
    world.stop().await;
}

#[tokio::test]
async fn an_enclave_that_is_away_can_not_show_its_worker() {
    let world = World::new().await;
    *world.enclave.status.lock().unwrap() = Err(EnclaveError::Busy);
    assert_eq!(world.get("/v1/worker").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(register(&world, "local").await.0, StatusCode::SERVICE_UNAVAILABLE);
    world.stop().await;
}

#[tokio::test]
async fn a_worker_is_registered_with_a_quote_for_that_chain() {
    let world = World::new().await;
    let (status, body) = register(&world, "local").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["worker"], WORKER.to_string());
    assert_eq!(body["transaction"], Digest([0xee; 32]).to_string());
    assert_eq!((&body["block"], &body["expires_at"]), (&json!(42), &json!(2_000_000_000)));
    let (status, body) = register(&world, "elsewhere").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body["detail"].as_str().unwrap().contains("configured: local"), "{body}");
    world.stop().await;
}

#[tokio::test]
async fn a_simulated_worker_is_registered_only_where_that_is_allowed() {
    let world = World::with(Setting { allow_simulated: false, ..Setting::default() }).await;
    let (status, body) = register(&world, "local").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["detail"].as_str().unwrap().contains("allow_simulated"));
    world.stop().await;
}

#[tokio::test]
async fn what_the_registry_says_is_passed_on() {
    let world = World::new().await;
    let transaction = TxHash(Digest([0xee; 32]));
    for (error, status, words) in [
        (
            ChainError::Reverted { reason: "EvidenceTooOld".to_owned() }.into(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "EvidenceTooOld",
        ),
        (unreachable().into(), StatusCode::SERVICE_UNAVAILABLE, "unreachable"),
        (
            RegistrarError::PairNotAllowed { registry: "0x0b".to_owned(), remedy: "relayer oracle allow".to_owned() },
            StatusCode::CONFLICT,
            "registry 0x0b doesn't allow workers of this enclave's code and configuration (PairNotAllowed); its admin \
             allows them: `relayer oracle allow`",
        ),
        (RegistrarError::NotMined { transaction }, StatusCode::SERVICE_UNAVAILABLE, "not mined yet"),
        (RegistrarError::Failed { transaction, block: 9 }, StatusCode::UNPROCESSABLE_ENTITY, "failed in block 9"),
    ] {
        *world.chain.registration.lock().unwrap() = Err(error);
        let (found, body) = register(&world, "local").await;
        assert_eq!(found, status);
        assert!(body["detail"].as_str().unwrap().contains(words), "{body}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_quote_is_made_for_a_chains_registry() {
    let world = World::new().await;
    let (status, body) = world.get("/v1/worker/quote?chain=local").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!((&body["chain"], &body["attestation"]), (&json!("local"), &json!("simulated")));
    assert_eq!((&body["keys"]["worker"], &body["evidence"]), (&json!(WORKER.to_string()), &json!("0x01")));
    assert!(body["quote_for"]["evm"]["registry"].is_string(), "{body}");
    assert_eq!(body["report_data"].as_str().unwrap().len(), 2 + 128);
    for (query, status, words) in [
        ("?chain=moon", StatusCode::NOT_FOUND, "configured: local"),
        ("", StatusCode::BAD_REQUEST, "chain"),
        ("?chain=local&block=7", StatusCode::BAD_REQUEST, "block"),
    ] {
        let (found, body) = world.get(&format!("/v1/worker/quote{query}")).await;
        assert_eq!(found, status, "{query}");
        assert!(body["detail"].as_str().unwrap().contains(words), "{body}");
    }
    *world.enclave.status.lock().unwrap() = Err(EnclaveError::Busy);
    assert_eq!(world.get("/v1/worker/quote?chain=local").await.0, StatusCode::SERVICE_UNAVAILABLE);
    world.stop().await;
}
