//! The metrics, over ends that do what a test says.

use crate::world::World;
use phat_protocol::{ContractId, Outcome};
use phat_relayer::{
    clock::Millis,
    request::StateName,
    store::{AdminStore, ReadStore, Subject, WatchStore},
};
use reqwest::{Method, header::CONTENT_TYPE};
use std::sync::atomic::Ordering;

const BALANCE: &str =
    r#"phat_relayer_wallet_balance_ether{chain="local",wallet="0x0909090909090909090909090909090909090909"}"#;

impl World {
    async fn scrape(&self) -> String {
        let response = self.http.get(format!("{}/metrics", self.url)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
        response.text().await.unwrap()
    }
}

/// The value of a series; none when it isn't shown.
fn value(scrape: &str, series: &str) -> Option<f64> {
    let line = scrape.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

#[tokio::test]
async fn a_request_is_counted_through_its_stages() {
    let world = World::new().await;
    // Others of this process count too, on chains of their own; nothing else steps on this one.
    let id = world.observe("counted", ContractId([3; 32]), 1).await;
    world.fulfil_on("counted", id, Outcome::Ok, b"answer").await;
    let scrape = world.scrape().await;
    for (stage, result) in
        [("watch", "observed"), ("execute", "reported"), ("submit", "submitted"), ("settle", "fulfilled")]
    {
        let labels = format!(r#"{{chain="counted",result="{result}",stage="{stage}"}}"#);
        assert_eq!(value(&scrape, &format!("phat_relayer_stage_transitions_total{labels}")), Some(1.0), "{labels}");
    }
    // It is seen at once, reported after 502 s, submitted one later, settled four later.
    for (stage, seconds) in [("execute", 502.0), ("submit", 1.0), ("settle", 4.0)] {
        let series = format!(r#"phat_relayer_stage_seconds_sum{{chain="counted",stage="{stage}"}}"#);
        assert_eq!(value(&scrape, &series), Some(seconds), "{stage}");
    }
    assert_eq!(value(&scrape, r#"phat_relayer_request_seconds_sum{chain="counted"}"#), Some(507.0));
    world.stop().await;
}

#[tokio::test]
async fn what_was_counted_is_not_counted_again() {
    let world = World::new().await;
    world.observe("once", ContractId([3; 32]), 1).await;
    let series = r#"phat_relayer_stage_transitions_total{chain="once",result="observed",stage="watch"}"#;
    for _ in 0..3 {
        assert_eq!(value(&world.scrape().await, series), Some(1.0));
    }
    world.stop().await;
}

#[tokio::test]
async fn what_waits_is_shown_with_its_age() {
    let world = World::new().await;
    world.observe("local", ContractId([3; 32]), 0).await;
    let scrape = world.scrape().await;
    assert_eq!(value(&scrape, r#"phat_relayer_requests{chain="local",state="observed"}"#), Some(1.0));
    assert_eq!(value(&scrape, r#"phat_relayer_requests{chain="local",state="settled"}"#), Some(0.0));
    assert_eq!(value(&scrape, r#"phat_relayer_block_height{block="watched",chain="local"}"#), Some(10.0));
    assert_eq!(value(&scrape, r#"phat_relayer_chain_up{chain="local"}"#), Some(1.0));
    assert_eq!(value(&scrape, BALANCE), Some(1e-12));
    assert_eq!(value(&scrape, "phat_enclave_up"), Some(1.0));
    world.stop().await;
}

#[tokio::test]
async fn a_chain_that_hangs_delays_a_scrape_and_hides_nothing_else() {
    let world = World::new().await;
    world.chain.hangs.store(true, Ordering::SeqCst);
    world.observe("local", ContractId([3; 32]), 0).await;
    let scrape = world.scrape().await;
    assert_eq!(value(&scrape, r#"phat_relayer_chain_up{chain="local"}"#), Some(0.0));
    assert_eq!(value(&scrape, BALANCE), None);
    assert_eq!(value(&scrape, r#"phat_relayer_requests{chain="local",state="observed"}"#), Some(1.0));
    world.stop().await;
}

#[tokio::test]
async fn calls_are_counted_by_the_template_of_their_route() {
    let world = World::new().await;
    let unknown = format!("/v1/requests/0x{}", "77".repeat(32));
    world.get(&unknown).await;
    world.get("/no/such/route").await;
    let method = Method::from_bytes(b"BREW").unwrap();
    world.write(method, "/v1/requests").send().await.unwrap();
    let scrape = world.scrape().await;
    for labels in [
        r#"{method="GET",route="/v1/requests/{id}",status="404"}"#,
        r#"{method="GET",route="none",status="404"}"#,
        r#"{method="other",route="/v1/requests",status="405"}"#,
    ] {
        assert!(value(&scrape, &format!("phat_relayer_http_requests_total{labels}")).unwrap() >= 1.0, "{labels}");
    }
    assert!(!scrape.contains(&unknown) && !scrape.contains("BREW"), "{scrape}");
    world.stop().await;
}

#[tokio::test]
async fn an_event_that_can_not_be_read_hides_no_other() {
    let world = World::new().await;
    let id = world.observe("corrupt", ContractId([3; 32]), 1).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.directory.path().join("relayer.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("INSERT INTO events (request_id, at, event, detail) VALUES (?, 1700000000123, 'settled', '{}')")
        .bind(id.0.as_slice())
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    world.observe("corrupt", ContractId([3; 32]), 3).await;
    for _ in 0..2 {
        let scrape = world.scrape().await;
        let observed = r#"phat_relayer_stage_transitions_total{chain="corrupt",result="observed",stage="watch"}"#;
        assert_eq!(value(&scrape, observed), Some(2.0));
        let errors =
            r#"phat_relayer_errors_total{chain="corrupt",component="database",kind="corrupt",stage="metrics"}"#;
        assert_eq!(value(&scrape, errors), Some(1.0));
    }
    world.stop().await;
}

#[tokio::test]
async fn requests_are_counted_as_the_rows_say() {
    let world = World::new().await;
    let ignored = world.observe("local", ContractId([3; 32]), 1).await;
    world.ignore(ignored).await;
    let fulfilled = world.observe("local", ContractId([3; 32]), 3).await;
    world.fulfil(fulfilled, Outcome::Ok, b"42").await;
    world.observe("local", ContractId([4; 32]), 5).await;
    world.observe("other", ContractId([4; 32]), 7).await;
    // What is seen again is counted once, and what is reorganised away leaves its state.
    world.store.rewind("other", None, Millis(1_700_000_600_000)).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.directory.path().join("relayer.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    for (chain, expected) in [
        ("local", vec![(StateName::Observed, 1), (StateName::Ignored, 1), (StateName::Settled, 1)]),
        ("other", vec![(StateName::Orphaned, 1)]),
    ] {
        assert_eq!(world.store.counts(chain).await.unwrap(), expected.into_iter().collect());
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT state, COUNT(*) FROM requests WHERE chain = ? GROUP BY state ORDER BY state")
                .bind(chain)
                .fetch_all(&pool)
                .await
                .unwrap();
        let counted: Vec<(String, i64)> = sqlx::query_as(
            "SELECT state, requests FROM request_counts WHERE chain = ? AND requests <> 0 ORDER BY state",
        )
        .bind(chain)
        .fetch_all(&pool)
        .await
        .unwrap();
        assert_eq!(counted, rows);
    }
    pool.close().await;
    world.stop().await;
}

#[tokio::test]
async fn a_paused_chain_is_shown_as_such() {
    let world = World::new().await;
    let series = r#"phat_relayer_paused{chain="local"}"#;
    assert_eq!(value(&world.scrape().await, series), Some(0.0));
    world.stop().await;
    let world = World::new().await;
    world.store.pause(&Subject::Chain("local".to_owned()), None, Millis(1)).await.unwrap();
    assert_eq!(value(&world.scrape().await, series), Some(1.0));
    world.stop().await;
}
