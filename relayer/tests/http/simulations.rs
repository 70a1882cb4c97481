use crate::world::{Setting, World, answer, good_module};
use phat_enclave_api::{EnclaveError, LogEntry};
use phat_protocol::{Chain, EvmAddress, Outcome, bounds};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Brings a contract into the world's enclave.
pub(crate) async fn deployed(world: &World) -> String {
    let put = world.write(Method::PUT, "/v1/code").body(good_module()).send().await.unwrap();
    let (_, code) = answer(put).await;
    let body = json!({ "name": "prices", "code_hash": code["code_hash"], "init_data": "0x01" });
    let (status, body) = answer(world.write(Method::POST, "/v1/contracts").json(&body).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    body["contract_id"].as_str().unwrap().to_owned()
}

async fn simulate(world: &World, id: &str, body: &Value) -> (StatusCode, Value) {
    let path = format!("/v1/contracts/{id}/simulate");
    answer(world.write(Method::POST, &path).json(body).send().await.unwrap()).await
}

#[tokio::test]
async fn a_trial_run_says_what_came_of_it() {
    let world = World::new().await;
    let id = deployed(&world).await;
    let consumer = EvmAddress([9; 20]);
    let body = json!({ "payload": "0x4254", "chain": "local", "consumer": consumer.to_string(), "max_output": 64 });
    let (status, ran) = simulate(&world, &id, &body).await;
    assert_eq!(status, StatusCode::OK, "{ran}");
    assert_eq!((&ran["contract_id"], &ran["outcome"], &ran["outcome_number"]), (&json!(id), &json!("Ok"), &json!(0)));
    assert_eq!((&ran["output"], &ran["fuel"], &ran["elapsed_ms"]), (&json!("0x3432"), &json!(1234), &json!(56)));
    assert_eq!((&ran["attestation"], &ran["reason"]), (&json!("simulated"), &Value::Null));
    assert_eq!(ran["logs"], json!([{ "level": 3, "message": "asked the source" }]));

    let asked = world.enclave.simulated.lock().unwrap().clone();
    assert_eq!((asked[0].payload.as_slice(), asked[0].chain), (&b"BT"[..], Chain::Evm(31337)));
    assert_eq!((asked[0].consumer, asked[0].max_output), (consumer, 64));
    world.stop().await;
}

#[tokio::test]
async fn what_is_left_out_has_a_default() {
    let world = World::new().await;
    let id = deployed(&world).await;
    assert_eq!(simulate(&world, &id, &json!({ "payload": "0x" })).await.0, StatusCode::OK);
    let asked = world.enclave.simulated.lock().unwrap().clone();
    assert_eq!((asked[0].chain, asked[0].consumer), (Chain::Evm(31337), EvmAddress::default()));
    assert_eq!(asked[0].max_output, bounds::MAX_OUTPUT);
    world.stop().await;
}

#[tokio::test]
async fn a_run_that_fails_is_an_answer_too() {
    let world = World::new().await;
    let id = deployed(&world).await;
    {
        let mut simulation = world.enclave.simulation.lock().unwrap();
        simulation.outcome = Outcome::TimedOut;
        simulation.output = Vec::new();
        simulation.reason = Some("the run took 10 s".to_owned());
        simulation.logs = vec![LogEntry { level: 1, message: "slow".to_owned() }];
    }
    let (status, ran) = simulate(&world, &id, &json!({ "payload": "0x" })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&ran["outcome"], &ran["outcome_number"]), (&json!("TimedOut"), &json!(5)));
    assert_eq!(ran["reason"], "the run took 10 s");
    world.stop().await;
}

#[tokio::test]
async fn what_no_request_could_ask_is_refused_before_it_runs() {
    let world = World::new().await;
    let id = deployed(&world).await;
    let long = format!("0x{}", "00".repeat(usize::try_from(bounds::MAX_PAYLOAD).unwrap() + 1));
    for (body, status, words) in [
        (json!({ "payload": long }), StatusCode::BAD_REQUEST, "at most 16384"),
        (json!({ "payload": "0x", "max_output": 16385 }), StatusCode::BAD_REQUEST, "0 to 16384"),
        (json!({ "payload": "text" }), StatusCode::BAD_REQUEST, "bytes start with 0x"),
        (json!({}), StatusCode::BAD_REQUEST, "payload"),
        (json!({ "payload": "0x", "block": 1 }), StatusCode::BAD_REQUEST, "block"),
        (json!({ "payload": "0x", "consumer": "0x01" }), StatusCode::BAD_REQUEST, "40 hexadecimal digits"),
        (json!({ "payload": "0x", "chain": "moon" }), StatusCode::NOT_FOUND, "configured: local"),
    ] {
        let (refused, problem) = simulate(&world, &id, &body).await;
        assert_eq!(refused, status, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{words} in {problem}");
    }
    assert!(world.enclave.simulated.lock().unwrap().is_empty());
    world.stop().await;
}

#[tokio::test]
async fn a_contract_that_is_not_here_can_not_run() {
    let world = World::new().await;
    let id = format!("0x{}", "08".repeat(32));
    let (status, problem) = simulate(&world, &id, &json!({ "payload": "0x" })).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(problem["detail"].as_str().unwrap().contains(&id), "{problem}");
    *world.enclave.status.lock().unwrap() = Err(EnclaveError::Busy);
    assert_eq!(simulate(&world, &id, &json!({ "payload": "0x" })).await.0, StatusCode::SERVICE_UNAVAILABLE);
    world.stop().await;
}

#[tokio::test]
async fn a_trial_run_needs_the_token() {
    let world = World::new().await;
    let id = deployed(&world).await;
    let url = format!("{}/v1/contracts/{id}/simulate", world.url);
    let refused = world.http.post(url).json(&json!({ "payload": "0x" })).send().await.unwrap();
    assert_eq!(answer(refused).await.0, StatusCode::UNAUTHORIZED);
    assert!(world.enclave.simulated.lock().unwrap().is_empty());
    world.stop().await;

    let world = World::with(Setting { token: false, ..Setting::default() }).await;
    let id = format!("0x{}", "08".repeat(32));
    assert_eq!(simulate(&world, &id, &json!({ "payload": "0x" })).await.0, StatusCode::FORBIDDEN);
    world.stop().await;
}
