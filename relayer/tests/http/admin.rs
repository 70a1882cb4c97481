//! What an operator orders: pauses, retries, rescans.

use crate::world::{Setting, TOKEN, World, answer};
use phat_connector::EntryRefusal;
use phat_protocol::{ContractId, Outcome, RequestId};
use phat_relayer::{
    clock::Millis,
    request::StateName,
    store::{
        AdminStore, ExecuteStore, Lease, LeaseToken, Postponed, ReadStore, RefusedReport, RescanStore, Retried,
        Subject, SubmitStore, sqlite::SqliteStore,
    },
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::timeout;

const CONTRACT: ContractId = ContractId([8; 32]);
const OTHER: ContractId = ContractId([9; 32]);

async fn order(world: &World, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let request = world.write(Method::POST, path);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    answer(request.send().await.unwrap()).await
}

/// What would be executed now; the leases are given back.
async fn executable(store: &SqliteStore, chain: &str) -> Vec<RequestId> {
    let now = Millis(1_700_000_900_000);
    let lease = Lease { token: LeaseToken([3; 16]), until: now.after(Duration::from_secs(60)) };
    let leased = store.lease(chain, lease, 100, now).await.unwrap();
    let ids: Vec<RequestId> = leased.iter().map(|request| request.id).collect();
    let postponed: Vec<Postponed> = ids.iter().map(|id| later(*id, Millis(0))).collect();
    store.give_back(&postponed, lease.token).await.unwrap();
    ids
}

fn later(id: RequestId, next_try_at: Millis) -> Postponed {
    Postponed { id, why: "told so".to_owned(), next_try_at }
}

#[tokio::test]
async fn a_paused_chain_executes_and_submits_nothing_new_until_it_is_resumed() {
    let world = World::new().await;
    let reported = world.observe("local", CONTRACT, 1).await;
    world.report(reported).await;
    let waiting = world.observe("local", CONTRACT, 3).await;
    let elsewhere = world.observe("other", CONTRACT, 5).await;
    let ready = async || {
        let ready = world.store.ready("local", 10, Millis(1_700_000_900_000)).await.unwrap();
        ready.iter().map(|report| report.id).collect::<Vec<_>>()
    };
    assert_eq!(ready().await, [reported]);

    let (status, body) = order(&world, "/v1/chains/local/pause", Some(json!({ "reason": "upgrade" }))).await;
    assert_eq!((status, &body["paused"]["reason"]), (StatusCode::OK, &json!("upgrade")));
    assert!(ready().await.is_empty());
    assert!(executable(&world.store, "local").await.is_empty());
    assert_eq!(executable(&world.store, "other").await, [elsewhere]);

    // Again, without a word: the first pause stands.
    let (status, again) = order(&world, "/v1/chains/local/pause", None).await;
    assert_eq!((status, again), (StatusCode::OK, body));

    // It holds over a restart.
    let reopened = SqliteStore::open(&world.directory.path().join("relayer.db")).await.unwrap();
    assert!(executable(&reopened, "local").await.is_empty());
    assert!(reopened.pauses().await.unwrap().chains.contains_key("local"));

    let (_, body) = order(&world, "/v1/chains/local/resume", None).await;
    assert_eq!(body["was_paused"], true);
    for doorbell in [&world.doorbells.execute, &world.doorbells.submit] {
        timeout(Duration::from_secs(5), doorbell.notified()).await.expect("the doorbell was not rung");
    }
    assert_eq!(ready().await, [reported]);
    assert_eq!(executable(&world.store, "local").await, [waiting]);
    let (_, body) = order(&world, "/v1/chains/local/resume", None).await;
    assert_eq!(body["was_paused"], false);
    world.stop().await;
}

#[tokio::test]
async fn a_paused_contract_is_not_run_on_any_chain() {
    let world = World::new().await;
    let entry = world.deploy().await;
    let paused = world.observe("local", entry, 1).await;
    let other = world.observe("local", OTHER, 3).await;
    let elsewhere = world.observe("other", entry, 5).await;
    let (status, _) = order(&world, &format!("/v1/contracts/{entry}/pause"), None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(executable(&world.store, "local").await, [other]);
    assert!(executable(&world.store, "other").await.is_empty());
    order(&world, &format!("/v1/contracts/{entry}/resume"), None).await;
    assert_eq!(executable(&world.store, "local").await.len(), 2);
    assert!(executable(&world.store, "local").await.contains(&paused));
    assert_eq!(executable(&world.store, "other").await, [elsewhere]);
    world.stop().await;
}

#[tokio::test]
async fn what_is_not_here_can_not_be_paused() {
    let world = World::new().await;
    for (path, words) in [
        ("/v1/chains/remote/pause".to_owned(), "local"),
        ("/v1/chains/remote/resume".to_owned(), "local"),
        (format!("/v1/contracts/{CONTRACT}/pause"), "0x0808"),
        (format!("/v1/contracts/{CONTRACT}/resume"), "0x0808"),
    ] {
        let (status, body) = order(&world, &path, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(body["detail"].as_str().unwrap().contains(words), "{body}");
    }
    let long = json!({ "reason": "x".repeat(501) });
    assert_eq!(order(&world, "/v1/chains/local/pause", Some(long)).await.0, StatusCode::BAD_REQUEST);
    let unknown = json!({ "reson": "" });
    assert_eq!(order(&world, "/v1/chains/local/pause", Some(unknown)).await.0, StatusCode::BAD_REQUEST);
    assert!(world.store.pauses().await.unwrap().chains.is_empty());
    world.stop().await;
}

#[tokio::test]
async fn an_ignored_request_is_observed_again_by_order() {
    let world = World::new().await;
    let id = world.observe("local", CONTRACT, 1).await;
    world.ignore(id).await;
    assert!(executable(&world.store, "local").await.is_empty());
    let (status, body) = order(&world, &format!("/v1/requests/{id}/retry"), None).await;
    assert_eq!((status, body), (StatusCode::OK, json!({ "id": id, "state": "observed" })));
    timeout(Duration::from_secs(5), world.doorbells.execute.notified()).await.expect("the doorbell was not rung");
    assert_eq!(executable(&world.store, "local").await, [id]);
    let (_, life) = world.get(&format!("/v1/requests/{id}")).await;
    let events: Vec<&str> =
        life["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["observed", "ignored", "retry_ordered", "observed"]);
    world.stop().await;
}

#[tokio::test]
async fn a_request_that_waits_after_a_failure_is_tried_now_by_order() {
    let world = World::new().await;
    let (now, far) = (Millis(1_700_000_000_123), Millis(1_800_000_000_000));
    let id = world.observe("local", CONTRACT, 1).await;
    let lease = Lease { token: LeaseToken([3; 16]), until: Millis(0) };
    assert_eq!(world.store.lease("local", lease, 1, now).await.unwrap().len(), 1);
    world.store.give_back(&[later(id, far)], lease.token).await.unwrap();
    assert!(executable(&world.store, "local").await.is_empty());
    assert_eq!(order(&world, &format!("/v1/requests/{id}/retry"), None).await.0, StatusCode::OK);
    assert_eq!(executable(&world.store, "local").await, [id]);

    world.report(id).await;
    let refused = RefusedReport { id, refusal: EntryRefusal::Paused, next_try_at: far };
    world.store.put_off(&[refused], now).await.unwrap();
    assert!(world.store.ready("local", 10, now).await.unwrap().is_empty());
    let (_, body) = order(&world, &format!("/v1/requests/{id}/retry"), None).await;
    assert_eq!(body["state"], "reported");
    timeout(Duration::from_secs(5), world.doorbells.submit.notified()).await.expect("the doorbell was not rung");
    assert_eq!(world.store.ready("local", 10, now).await.unwrap().len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn where_there_is_nothing_to_retry_the_answer_says_why() {
    let world = World::new().await;
    let due = world.observe("local", CONTRACT, 1).await;
    let running = world.observe("local", OTHER, 3).await;
    let answered = world.observe("other", CONTRACT, 5).await;
    let missing = RequestId([0x77; 32]);
    let retry = async |id: RequestId| order(&world, &format!("/v1/requests/{id}/retry"), None).await;
    let (status, body) = retry(due).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["detail"].as_str().unwrap().contains("waits for its turn"), "{body}");
    let now = Millis(1_700_000_000_123);
    let lease = Lease { token: LeaseToken([3; 16]), until: now.after(Duration::from_secs(60)) };
    world.store.lease("local", lease, 100, now).await.unwrap();
    let (status, body) = retry(running).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["detail"].as_str().unwrap().contains("executed now"), "{body}");
    world.fulfil_on("other", answered, Outcome::Ok, b"42").await;
    let (status, body) = retry(answered).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["detail"].as_str().unwrap().contains("answered"), "{body}");
    assert_eq!(retry(missing).await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.store.retry(missing, now).await.unwrap(), Retried::Unknown);
    world.stop().await;
}

#[tokio::test]
async fn what_is_paused_or_over_is_not_retried() {
    let world = World::with(Setting { later: Duration::from_secs(200_000_000), ..Setting::default() }).await;
    let over = world.observe("local", CONTRACT, 1).await;
    world.ignore(over).await;
    let (status, body) = order(&world, &format!("/v1/requests/{over}/retry"), None).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["detail"].as_str().unwrap().contains("expired"), "{body}");
    world.stop().await;

    let world = World::new().await;
    let entry = world.deploy().await;
    let ignored = world.observe("local", entry, 1).await;
    world.ignore(ignored).await;
    let reported = world.observe("local", entry, 3).await;
    world.report(reported).await;
    let (chain, contract) = ("/v1/chains/local".to_owned(), format!("/v1/contracts/{entry}"));
    let refused = async |id: RequestId| {
        let (status, body) = order(&world, &format!("/v1/requests/{id}/retry"), None).await;
        status == StatusCode::CONFLICT && body["detail"].as_str().unwrap().contains("is paused")
    };
    order(&world, &format!("{chain}/pause"), None).await;
    assert!(refused(ignored).await && refused(reported).await);
    order(&world, &format!("{chain}/resume"), None).await;
    order(&world, &format!("{contract}/pause"), None).await;
    // Its report is submitted all the same.
    assert!(refused(ignored).await && !refused(reported).await);
    order(&world, &format!("{contract}/resume"), None).await;
    assert_eq!(order(&world, &format!("/v1/requests/{ignored}/retry"), None).await.0, StatusCode::OK);
    world.stop().await;
}

#[tokio::test]
async fn a_pause_of_what_is_known_no_more_can_be_ended() {
    let world = World::new().await;
    let now = Millis(1_700_000_000_123);
    for (subject, path) in [
        (Subject::Chain("left".to_owned()), "/v1/chains/left/resume".to_owned()),
        (Subject::Contract(OTHER), format!("/v1/contracts/{OTHER}/resume")),
    ] {
        world.store.pause(&subject, None, now).await.unwrap();
        let (status, body) = order(&world, &path, None).await;
        assert_eq!((status, body), (StatusCode::OK, json!({ "was_paused": true })), "{path}");
        assert_eq!(order(&world, &path, None).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_rescan_is_ordered_within_what_was_watched() {
    let world = World::new().await;
    let rescan = async |from: u64| order(&world, "/v1/chains/local/rescan", Some(json!({ "from_block": from }))).await;
    let (status, body) = rescan(0).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["detail"].as_str().unwrap().contains("no block was watched yet"), "{body}");
    world.observe("local", CONTRACT, 1).await;
    let (status, body) = rescan(11).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["detail"].as_str().unwrap().contains("is 10"), "{body}");
    let (status, body) = rescan(4).await;
    assert_eq!((status, body), (StatusCode::ACCEPTED, json!({ "next_block": 4, "to_block": 10 })));
    timeout(Duration::from_secs(5), world.doorbells.rescan.notified()).await.expect("the doorbell was not rung");
    assert_eq!(world.store.rescan("local").await.unwrap().unwrap().next_block, 4);
    let written = json!({ "from_block": 4.0 });
    assert_eq!(order(&world, "/v1/chains/local/rescan", Some(written)).await.0, StatusCode::ACCEPTED);
    for wrong in [json!(4.5), json!(-1), json!("4"), json!(null)] {
        let (status, _) = order(&world, "/v1/chains/local/rescan", Some(json!({ "from_block": wrong }))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    for replacing in [7, 2] {
        assert_eq!(rescan(replacing).await.1["next_block"], replacing);
    }
    assert_eq!(
        order(&world, "/v1/chains/remote/rescan", Some(json!({ "from_block": 0 }))).await.0,
        StatusCode::NOT_FOUND
    );
    world.stop().await;
}

#[tokio::test]
async fn a_rescan_is_shown_with_what_stops_it_and_taken_back() {
    let world = World::new().await;
    world.observe("local", CONTRACT, 1).await;
    let path = "/v1/chains/local/rescan";
    order(&world, path, Some(json!({ "from_block": 4 }))).await;
    let standing = world.store.rescan("local").await.unwrap().unwrap();
    world.store.rescan_failed("local", &standing, "the node forgot them").await.unwrap();
    let (_, chain) = world.get("/v1/chains/local").await;
    assert_eq!(
        (&chain["rescan"]["next_block"], &chain["rescan"]["last_error"]),
        (&json!(4), &json!("the node forgot them"))
    );
    let (_, status) = world.get("/v1/status").await;
    let found =
        status["reasons"].as_array().unwrap().iter().any(|one| one["reason"].as_str().unwrap().contains("forgot"));
    assert!(found, "{status}");
    let cancel = async |path: &str| answer(world.write(Method::DELETE, path).send().await.unwrap()).await;
    assert_eq!(cancel(path).await, (StatusCode::OK, json!({ "next_block": 4 })));
    assert_eq!(cancel(path).await, (StatusCode::OK, json!({ "next_block": null })));
    assert_eq!(cancel("/v1/chains/remote/rescan").await.0, StatusCode::NOT_FOUND);
    let (_, chain) = world.get("/v1/chains/local").await;
    assert_eq!(chain["rescan"], json!(null));
    world.stop().await;
}

#[tokio::test]
async fn events_that_an_earlier_release_kept_are_carried_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relayer.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let first = sqlx::migrate!("../migrations/sqlite");
    let first = sqlx::migrate::Migrator {
        migrations: first.migrations.iter().filter(|one| one.version == 1).cloned().collect(),
        ..first
    };
    first.run(&pool).await.unwrap();
    let id = RequestId([1; 32]);
    sqlx::query(
        "INSERT INTO requests (id, chain, contract_id, consumer, content, payload, expires_at, block_number, block_hash,
            transaction_hash, observed_at, state, updated_at)
         VALUES (?, 'local', x'08', x'02', '{}', x'', 0, 0, x'', x'', 0, 'observed', 0)",
    )
    .bind(id.0.as_slice())
    .execute(&pool)
    .await
    .unwrap();
    // The clock was set back before the last of them.
    let life = [(1, 5, "observed"), (2, 9, "ignored"), (3, 7, "observed"), (4, 8, "reported")];
    for (number, at, event) in life {
        sqlx::query("INSERT INTO request_events (request_id, number, at, event, detail) VALUES (?, ?, ?, ?, '{}')")
            .bind(id.0.as_slice())
            .bind(number)
            .bind(at)
            .bind(event)
            .execute(&pool)
            .await
            .unwrap();
    }
    pool.close().await;
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.counts("local").await.unwrap(), BTreeMap::from([(StateName::Observed, 1)]));
    drop(store);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let events: Vec<(i64, Vec<u8>, i64, String)> =
        sqlx::query_as("SELECT sequence, request_id, at, event FROM events ORDER BY sequence")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(events, life.map(|(sequence, at, event)| (sequence, id.0.to_vec(), at, event.to_owned())));
}

#[tokio::test]
async fn orders_need_the_token() {
    let world = World::new().await;
    let request = world.http.post(format!("{}/v1/chains/local/pause", world.url)).bearer_auth(format!("{TOKEN}x"));
    assert_eq!(answer(request.send().await.unwrap()).await.0, StatusCode::UNAUTHORIZED);
    assert!(world.store.pauses().await.unwrap().chains.is_empty());
    world.stop().await;
}
