use crate::{
    ends::{WALLET, unreachable},
    world::{Setting, World},
};
use phat_enclave_api::{Attestation, CallResult, EnclaveError};
use phat_protocol::{Amount, ContractId, Outcome};
use phat_relayer::{
    clock::Millis,
    health::Component,
    jobs::{JobSpec, Missed, Schedule},
    store::{JobRunStore, JobStore, Lease, LeaseToken, Retention, RunEnd},
};
use serde_json::{Value, json};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// Asserts the verdict, and that its one reason is of `component` and has these words and a remedy.
async fn assert_only(world: World, verdict: &str, component: &str, words: &str) {
    let (_, body) = world.get("/v1/status").await;
    assert_eq!(body["verdict"], verdict, "{body}");
    let reasons = body["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 1, "{body}");
    assert_eq!((&reasons[0]["component"], &reasons[0]["verdict"]), (&json!(component), &json!(verdict)));
    let said = format!("{} {}", reasons[0]["reason"], reasons[0]["remedy"]);
    assert!(said.contains(words), "{words} in {said}");
    world.stop().await;
}

#[tokio::test]
async fn everything_that_works_is_healthy() {
    let world = World::new().await;
    let (_, body) = world.get("/v1/status").await;
    let now = 1_700_000_000_123_i64;
    let expected = json!({
        "verdict": "healthy", "version": env!("CARGO_PKG_VERSION"), "started_at_ms": now, "now_ms": now, "reasons": [],
    });
    assert_eq!(body, expected);
    world.stop().await;
}

#[tokio::test]
async fn an_enclave_that_is_away_is_down_and_says_how_to_start_it() {
    let world = World::new().await;
    *world.enclave.status.lock().unwrap() =
        Err(EnclaveError::Unreachable { endpoint: "unix:enclave.sock".to_owned(), cause: "no such file".to_owned() });
    assert_only(world, "down", "enclave", "`enclave serve`").await;
}

#[tokio::test]
async fn an_enclave_that_can_not_sign_is_down() {
    let world = World::new().await;
    world.enclave.status.lock().unwrap().as_mut().unwrap().fault = Some("the disk is full".to_owned());
    assert_only(world, "down", "enclave", "the disk is full").await;
}

#[tokio::test]
async fn a_simulated_enclave_that_is_not_allowed_is_down() {
    let world = World::with(Setting { allow_simulated: false, ..Setting::default() }).await;
    assert_only(world, "down", "enclave", "enclave.allow_simulated = true").await;
}

#[tokio::test]
async fn a_chain_that_is_away_is_down() {
    let world = World::new().await;
    *world.chain.facts.lock().unwrap() = Err(unreachable());
    assert_only(world, "down", "chain local", "chains.local.rpc_url").await;
}

#[tokio::test]
async fn a_paused_oracle_is_down() {
    let world = World::new().await;
    world.chain.facts.lock().unwrap().as_mut().unwrap().paused = true;
    assert_only(world, "down", "chain local", "unpauses").await;
}

#[tokio::test]
async fn an_oracle_that_asks_for_more_signatures_than_one_is_down() {
    let world = World::new().await;
    world.chain.facts.lock().unwrap().as_mut().unwrap().threshold = 2;
    assert_only(world, "down", "chain local", "2 signatures").await;
}

#[tokio::test]
async fn a_worker_that_does_not_count_is_down_and_says_how_to_register_it() {
    let world = World::new().await;
    world.chain.active.store(false, Ordering::SeqCst);
    assert_only(world, "down", "chain local", "`relayer worker register --chain local`").await;
}

#[tokio::test]
async fn a_wallet_without_funds_is_down() {
    let world = World::new().await;
    *world.chain.balance.lock().unwrap() = Amount::default();
    assert_only(world, "down", "chain local", &format!("send money to {WALLET}")).await;
}

#[tokio::test]
async fn a_wallet_that_pays_for_few_answers_is_degraded() {
    let world = World::new().await;
    *world.chain.balance.lock().unwrap() = Amount::from(999_999);
    assert_only(world, "degraded", "chain local", "has 999999, and 10 more answers may cost 1000000").await;
}

#[tokio::test]
async fn blocks_that_are_not_watched_are_degraded() {
    let world = World::new().await;
    world.chain.confirmed.store(40, Ordering::SeqCst);
    assert_only(world, "degraded", "chain local", "41 blocks are not watched yet").await;
}

#[tokio::test]
async fn a_request_that_waits_too_long_is_degraded() {
    for (seconds, verdict) in [(300, "healthy"), (301, "degraded")] {
        let world = World::with(Setting { later: Duration::from_secs(seconds), ..Setting::default() }).await;
        world.observe("local", ContractId([8; 32]), 0).await;
        let (_, body) = world.get("/v1/status").await;
        assert_eq!(body["verdict"], verdict, "{body}");
        let said = body["reasons"].to_string();
        assert_eq!(said.contains("a request has been observed for 5m 1s"), seconds > 300, "{said}");
        world.stop().await;
    }
}

#[tokio::test]
async fn what_a_task_met_is_degraded() {
    let world = World::new().await;
    world.health.fail(Component::Database, "execute", "the disk is full");
    let (_, body) = world.get("/v1/status").await;
    assert_eq!(body["verdict"], "degraded");
    let expected = json!({
        "component": "database", "verdict": "degraded", "reason": "execute: the disk is full", "remedy": Value::Null,
    });
    assert_eq!(body["reasons"], json!([expected]));
    world.stop().await;
}

#[tokio::test]
async fn the_worst_comes_first_and_decides() {
    let world = World::new().await;
    world.health.fail(Component::Database, "execute", "the disk is full");
    world.chain.facts.lock().unwrap().as_mut().unwrap().paused = true;
    let (_, body) = world.get("/v1/status").await;
    assert_eq!(body["verdict"], "down");
    let order: Vec<&Value> = body["reasons"].as_array().unwrap().iter().map(|reason| &reason["component"]).collect();
    assert_eq!(order, ["chain local", "database"]);
    world.stop().await;
}

#[tokio::test]
async fn a_chain_that_hangs_does_not_hang_the_status() {
    let world = World::new().await;
    world.chain.hangs.store(true, Ordering::SeqCst);
    let asked = Instant::now();
    let (_, body) = world.get("/v1/status").await;
    assert!(asked.elapsed() < Duration::from_secs(20));
    assert_eq!(body["verdict"], "down");
    assert!(body.to_string().contains("no answer within"), "{body}");
    world.stop().await;
}

#[tokio::test]
async fn a_job_whose_newest_run_failed_is_named_until_one_succeeds() {
    let world = World::new().await;
    let now = Millis(1_700_000_000_123);
    let spec = JobSpec {
        name: "hourly".parse().unwrap(),
        contract_id: ContractId([8; 32]),
        input: vec![1],
        append_trigger: false,
        schedule: Schedule::Cron("@hourly".parse().unwrap()),
        missed: Missed::Skip,
    };
    assert!(world.store.add_job(&spec, None, now).await.unwrap());
    let lease = Lease { token: LeaseToken([1; 16]), until: Millis(now.0 + 1_000) };
    let keep = Retention { runs: 10, age: Duration::from_secs(60) };
    let result = |outcome| CallResult {
        outcome,
        output: Vec::new(),
        flags: 0,
        reason: Some("it gave up".to_owned()),
        logs: Vec::new(),
        events: Vec::new(),
        fuel: 1,
        elapsed_ms: 1,
        revision: 0,
        attestation: Attestation::Simulated,
    };
    for (end, words) in [
        (RunEnd::Refused { why: "it has no such contract".to_owned() }, Some("it has no such contract")),
        (RunEnd::Ran(result(Outcome::Ok)), None),
        (RunEnd::Ran(result(Outcome::Trapped)), Some("Trapped: it gave up")),
    ] {
        world.store.order_run(&spec.name, now).await.unwrap();
        let run = world.store.lease_runs(lease, 1, now).await.unwrap().remove(0);
        world.store.end_run(run.id, lease.token, &end, keep, now).await.unwrap();
        let reasons = fresh(&world).await;
        match (words, &reasons[..]) {
            (None, []) => {}
            (Some(words), [only]) => {
                assert_eq!(only["component"], "job hourly");
                assert!(only["reason"].as_str().unwrap().contains(words), "{words} in {only}");
                assert!(only["remedy"].as_str().unwrap().contains("relayer job runs hourly"), "{only}");
            }
            (words, _) => panic!("{words:?} in {reasons:?}"),
        }
    }
    world.store.pause_job(&spec.name, Some("its source is wrong"), now).await.unwrap();
    let reasons = fresh(&world).await;
    assert!(reasons[0]["reason"].as_str().unwrap().contains("paused it: its source is wrong"), "{reasons:?}");
    world.stop().await;
}

/// The reasons of an answer that was made after this was called: one stands for a second.
async fn fresh(world: &World) -> Vec<Value> {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    let (_, body) = world.get("/v1/status").await;
    body["reasons"].as_array().unwrap().clone()
}
