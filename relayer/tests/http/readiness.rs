use crate::{
    ends::{WALLET, unreachable},
    world::{Setting, World},
};
use phat_connector::ChainError;
use phat_enclave_api::EnclaveError;
use phat_protocol::Amount;
use phat_relayer::health::Component;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// Asserts that exactly `component` isn't ready, for a reason that contains `words`.
async fn assert_only(world: World, component: &str, words: &str) {
    let (status, body) = world.get("/ready").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert_eq!(body["ready"], false);
    let failing: Vec<&Value> =
        body["components"].as_array().unwrap().iter().filter(|component| component["ready"] == false).collect();
    assert_eq!(failing.len(), 1, "{body}");
    assert_eq!(failing[0]["component"], component);
    assert!(failing[0]["reason"].as_str().unwrap().contains(words), "{body}");
    assert_eq!(world.get("/live").await.0, StatusCode::OK);
    world.stop().await;
}

#[tokio::test]
async fn everything_that_works_is_ready() {
    let world = World::new().await;
    let (status, body) = world.get("/ready").await;
    assert_eq!(status, StatusCode::OK);
    let components = json!([
        { "component": "database", "ready": true, "reason": null },
        { "component": "enclave", "ready": true, "reason": null, "attestation": "simulated" },
        { "component": "chain local", "ready": true, "reason": null },
    ]);
    assert_eq!(body, json!({ "ready": true, "components": components }));
    world.stop().await;
}

#[tokio::test]
async fn an_enclave_that_is_away_is_named() {
    let world = World::new().await;
    *world.enclave.status.lock().unwrap() =
        Err(EnclaveError::Unreachable { endpoint: "unix:enclave.sock".to_owned(), cause: "no such file".to_owned() });
    assert_only(world, "enclave", "unix:enclave.sock is unreachable").await;
}

#[tokio::test]
async fn a_clock_that_the_enclave_signs_nothing_by_is_named() {
    for off in [-61, 61] {
        let world = World::new().await;
        let right = world.enclave.status.lock().unwrap().as_ref().unwrap().now;
        world.enclave.status.lock().unwrap().as_mut().unwrap().now = right.checked_add_signed(off).unwrap();
        assert_only(world, "enclave", "61 s between this machine and the enclave").await;
    }
}

#[tokio::test]
async fn an_enclave_that_is_back_is_ready() {
    let world = World::new().await;
    let away = Err(EnclaveError::Fault("away".to_owned()));
    let here = std::mem::replace(&mut *world.enclave.status.lock().unwrap(), away);
    assert_eq!(world.get("/ready").await.0, StatusCode::SERVICE_UNAVAILABLE);
    *world.enclave.status.lock().unwrap() = here;
    let deadline = Instant::now() + Duration::from_secs(10);
    while world.get("/ready").await.0 != StatusCode::OK {
        assert!(Instant::now() < deadline, "the old answer stood for ten seconds");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world.stop().await;
}

#[tokio::test]
async fn an_enclave_that_can_not_sign_is_named() {
    let world = World::new().await;
    world.enclave.status.lock().unwrap().as_mut().unwrap().fault = Some("the disk is full".to_owned());
    assert_only(world, "enclave", "the disk is full").await;
}

#[tokio::test]
async fn a_simulated_enclave_must_be_allowed() {
    let world = World::with(Setting { allow_simulated: false, ..Setting::default() }).await;
    assert_only(world, "enclave", "allow_simulated").await;
}

#[tokio::test]
async fn a_chain_that_is_away_is_named() {
    let world = World::new().await;
    *world.chain.facts.lock().unwrap() = Err(unreachable());
    assert_only(world, "chain local", "http://node is unreachable").await;
}

#[tokio::test]
async fn a_wrong_chain_id_is_named() {
    let world = World::new().await;
    let (endpoint, expected, found) = ("http://node".to_owned(), "31337".to_owned(), "1".to_owned());
    *world.chain.facts.lock().unwrap() = Err(ChainError::WrongChain { endpoint, expected, found });
    assert_only(world, "chain local", "serves chain 1, not 31337").await;
}

#[tokio::test]
async fn what_several_stages_and_the_probe_met_is_said_once() {
    let world = World::new().await;
    let wrong = ChainError::WrongChain {
        endpoint: "http://node".to_owned(),
        expected: "31337".to_owned(),
        found: "1".to_owned(),
    };
    let local = Component::Chain("local".to_owned());
    world.health.fail(local.clone(), "watch", &wrong);
    world.health.fail(local.clone(), "settle", &wrong);
    world.health.fail(local, "submit", "the nonce is used");
    *world.chain.facts.lock().unwrap() = Err(wrong.clone());
    let (_, body) = world.get("/ready").await;
    assert_eq!(body["components"][2]["reason"], format!("{wrong}; submit: the nonce is used"));
    let (_, body) = world.get("/v1/chains").await;
    assert_eq!(body["chains"][0]["troubles"], json!([wrong.to_string(), "submit: the nonce is used"]));
    world.stop().await;
}

#[tokio::test]
async fn what_several_stages_met_and_the_probe_did_not_names_them_all() {
    let world = World::new().await;
    for role in ["watch", "settle"] {
        world.health.fail(Component::Chain("local".to_owned()), role, "no answer");
    }
    let (_, body) = world.get("/ready").await;
    assert_eq!(body["components"][2]["reason"], "settle, watch: no answer");
    world.stop().await;
}

#[tokio::test]
async fn an_address_without_oracle_is_named() {
    let world = World::new().await;
    let (address, cause) = ("0x0a".to_owned(), "no code".to_owned());
    *world.chain.facts.lock().unwrap() = Err(ChainError::NoOracle { address, cause });
    assert_only(world, "chain local", "no oracle answers at 0x0a").await;
}

#[tokio::test]
async fn a_paused_oracle_is_named() {
    let world = World::new().await;
    world.chain.facts.lock().unwrap().as_mut().unwrap().paused = true;
    assert_only(world, "chain local", "paused").await;
}

#[tokio::test]
async fn a_worker_that_does_not_count_is_named_with_the_remedy() {
    let world = World::new().await;
    world.chain.active.store(false, Ordering::SeqCst);
    assert_only(world, "chain local", "`relayer worker register --chain local`").await;
}

#[tokio::test]
async fn a_wallet_without_funds_is_named() {
    let world = World::new().await;
    *world.chain.balance.lock().unwrap() = Amount::default();
    assert_only(world, "chain local", &format!("wallet {WALLET} has no funds")).await;
}

#[tokio::test]
async fn what_the_pipeline_met_counts() {
    let world = World::new().await;
    world.health.fail(Component::Database, "execute", "the disk is full");
    assert_only(world, "database", "execute: the disk is full").await;
}

#[tokio::test]
async fn a_chain_that_hangs_does_not_hang_the_answer() {
    let world = World::new().await;
    world.chain.hangs.store(true, Ordering::SeqCst);
    let asked = Instant::now();
    let (_, body) = world.get("/ready").await;
    assert!(asked.elapsed() < Duration::from_secs(10));
    assert!(body.to_string().contains("no answer within"), "{body}");
    let (status, body) = world.get("/v1/chains").await;
    assert_eq!(status, StatusCode::OK);
    assert!(body["chains"][0]["troubles"][0].as_str().unwrap().contains("no answer within"));
    world.stop().await;
}

#[tokio::test]
async fn many_probes_cost_the_chain_one_question() {
    let world = World::new().await;
    let probes = (0..20).map(|_| world.get("/ready"));
    for (status, _) in futures_util::future::join_all(probes).await {
        assert_eq!(status, StatusCode::OK);
    }
    // One a second; a slow machine may need more than a second for twenty.
    assert!(world.chain.asked.load(Ordering::SeqCst) < 10);
    world.stop().await;
}
