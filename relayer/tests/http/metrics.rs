//! The metrics, over ends that do what a test says.

use crate::world::World;
use phat_protocol::{ContractId, Outcome};
use reqwest::{Method, header::CONTENT_TYPE};
use std::sync::atomic::Ordering;

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
    assert_eq!(value(&scrape, r#"phat_relayer_wallet_balance_ether{chain="local"}"#), Some(1e-12));
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
    assert_eq!(value(&scrape, r#"phat_relayer_wallet_balance_ether{chain="local"}"#), None);
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
