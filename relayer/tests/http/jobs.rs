use crate::world::{World, answer};
use phat_relayer::{
    clock::Millis,
    jobs::{JobSpec, Missed, Schedule},
    store::JobStore,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn order(name: &str, schedule: Value) -> Value {
    json!({ "name": name, "contract": format!("0x{}", "08".repeat(32)), "input": "0x9bae9d5e", "schedule": schedule })
}

async fn post(world: &World, path: &str, body: &Value) -> (StatusCode, Value) {
    answer(world.write(Method::POST, path).json(body).send().await.unwrap()).await
}

#[tokio::test]
async fn a_job_is_made_shown_run_paused_and_removed() {
    let world = World::new().await;
    let (status, job) = post(&world, "/v1/jobs", &order("hourly", json!({ "cron": "0 * * * *" }))).await;
    assert_eq!(status, StatusCode::CREATED, "{job}");
    // The clock stands at 2023-11-14T22:13:20Z.
    assert_eq!((&job["next_at_ms"], &job["source"]), (&json!(1_700_002_800_000i64), &json!("api")));
    assert_eq!((&job["missed"], &job["append_trigger"]), (&json!("skip"), &json!(false)));
    assert_eq!(world.get("/v1/jobs").await.1["jobs"], json!([job]));
    assert_eq!(world.get("/v1/jobs/hourly").await.1, job);
    let (status, _) = post(&world, "/v1/jobs", &order("hourly", json!({ "cron": "0 * * * *" }))).await;
    assert_eq!(status, StatusCode::CONFLICT);

    let (status, ordered) = post(&world, "/v1/jobs/hourly/run", &json!({})).await;
    assert_eq!((status, &ordered["name"]), (StatusCode::ACCEPTED, &json!("hourly")));
    assert_eq!(post(&world, "/v1/jobs/hourly/run", &json!({})).await.0, StatusCode::CONFLICT);
    let (_, runs) = world.get("/v1/jobs/hourly/runs?limit=1").await;
    assert_eq!((&runs["runs"][0]["id"], &runs["runs"][0]["state"]), (&ordered["run"], &json!("queued")));
    assert_eq!((&runs["runs"][0]["trigger"]["kind"], &runs["next"]), (&json!("order"), &Value::Null));

    let (_, paused) = post(&world, "/v1/jobs/hourly/pause", &json!({ "reason": "a test" })).await;
    assert_eq!(paused["paused"]["reason"], "a test");
    assert_eq!(world.get("/v1/jobs/hourly").await.1["next_at_ms"], Value::Null);
    assert_eq!(post(&world, "/v1/jobs/hourly/resume", &json!({})).await.1, json!({ "was_paused": true }));

    let removed = world.write(Method::DELETE, "/v1/jobs/hourly").send().await.unwrap();
    assert_eq!(answer(removed).await.0, StatusCode::OK);
    assert_eq!(world.get("/v1/jobs/hourly").await.0, StatusCode::NOT_FOUND);
    world.stop().await;
}

#[tokio::test]
async fn a_job_that_makes_no_sense_is_refused_in_words() {
    let world = World::new().await;
    let address = format!("0x{}", "01".repeat(20));
    for (schedule, status, words) in [
        (json!({}), StatusCode::UNPROCESSABLE_ENTITY, "exactly one"),
        (json!({ "cron": "99 * * * *" }), StatusCode::UNPROCESSABLE_ENTITY, "minute"),
        (json!({ "every_blocks": 5, "chain": "nowhere" }), StatusCode::UNPROCESSABLE_ENTITY, "nowhere"),
        (json!({ "event": { "chain": "nowhere", "address": address } }), StatusCode::UNPROCESSABLE_ENTITY, "nowhere"),
        (
            json!({ "event": { "chain": "local", "pallet": "Balances", "event": "Transfer" } }),
            StatusCode::UNPROCESSABLE_ENTITY,
            "not of its chain",
        ),
        (json!({ "every_blocks": "5", "chain": "local" }), StatusCode::BAD_REQUEST, "every_blocks"),
        (json!({ "interval": "5s" }), StatusCode::BAD_REQUEST, "interval"),
    ] {
        let (found, problem) = post(&world, "/v1/jobs", &order("one", schedule.clone())).await;
        assert_eq!(found, status, "{schedule}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{schedule}: {problem}");
    }
    let (status, _) = post(&world, "/v1/jobs", &order("Not a name", json!({ "cron": "@daily" }))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    for path in ["/v1/jobs/nobody", "/v1/jobs/nobody/runs", "/v1/jobs/Not%20a%20name"] {
        assert_eq!(world.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(world.get("/v1/jobs/nobody/runs?limit=0").await.0, StatusCode::BAD_REQUEST);
    world.stop().await;
}

#[tokio::test]
async fn a_job_of_the_configuration_can_be_paused_and_not_removed() {
    let world = World::new().await;
    let spec = JobSpec {
        name: "mine".parse().unwrap(),
        contract_id: phat_protocol::ContractId([8; 32]),
        input: vec![1],
        append_trigger: false,
        schedule: Schedule::Cron("@daily".parse().unwrap()),
        missed: Missed::Once,
    };
    world.store.configure_jobs(&[spec], Millis(0)).await.unwrap();
    let refused = world.write(Method::DELETE, "/v1/jobs/mine").send().await.unwrap();
    let (status, problem) = answer(refused).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem["detail"].as_str().unwrap().contains("configuration"), "{problem}");
    assert_eq!(post(&world, "/v1/jobs/mine/pause", &json!({})).await.0, StatusCode::OK);
    world.stop().await;
}
