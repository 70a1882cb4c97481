use crate::{ends::endpoint, world::World};
use phat_connector::{EndpointReport, EndpointState};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_chain_shows_each_endpoint_with_what_is_wrong() {
    let world = World::new().await;
    let limited = EndpointReport {
        resting: Some(Duration::from_secs(5)),
        last_error: Some("endpoint slow limits the rate of calls".to_owned()),
        head: None,
        lag: None,
        latency: None,
        answered: None,
        ..endpoint("slow", EndpointState::Resting)
    };
    *world.chain.endpoints.lock().unwrap() = vec![endpoint("fast", EndpointState::Healthy), limited];
    let (_, chain) = world.get("/v1/chains/local").await;
    let now = 1_700_000_000_123_i64;
    let expected = json!([
        {
            "name": "fast", "priority": 1, "state": "healthy", "in_use": true, "head": 30, "lag_blocks": 2,
            "latency_ms": 25, "failed_percent": 20, "last_error": null, "resting_until_ms": null,
            "answered_at_ms": now - 3_000,
        },
        {
            "name": "slow", "priority": 1, "state": "resting", "in_use": false, "head": null, "lag_blocks": null,
            "latency_ms": null, "failed_percent": 20, "last_error": "endpoint slow limits the rate of calls",
            "resting_until_ms": now + 5_000, "answered_at_ms": null,
        },
    ]);
    assert_eq!(chain["endpoints"], expected);
    let metrics = world.http.get(format!("{}/metrics", world.url)).send().await.unwrap().text().await.unwrap();
    for line in [
        "phat_relayer_endpoint_state{chain=\"local\",endpoint=\"slow\",state=\"resting\"} 1",
        "phat_relayer_endpoint_state{chain=\"local\",endpoint=\"slow\",state=\"healthy\"} 0",
        "phat_relayer_endpoint_in_use{chain=\"local\",endpoint=\"fast\"} 1",
        "phat_relayer_endpoint_lag_blocks{chain=\"local\",endpoint=\"fast\"} 2",
        "phat_relayer_endpoint_latency_seconds{chain=\"local\",endpoint=\"fast\"} 0.025",
    ] {
        assert!(metrics.lines().any(|shown| shown == line), "{line} in\n{metrics}");
    }
    assert!(!metrics.contains("phat_relayer_endpoint_lag_blocks{chain=\"local\",endpoint=\"slow\"}"));
    world.stop().await;
}

#[tokio::test]
async fn an_endpoint_in_trouble_beside_one_that_serves_is_something_to_look_at() {
    let world = World::new().await;
    let broken = EndpointReport {
        last_error: Some("endpoint b is unreachable: HTTP status 503".to_owned()),
        ..endpoint("b", EndpointState::Failing)
    };
    *world.chain.endpoints.lock().unwrap() = vec![endpoint("a", EndpointState::Healthy), broken];
    let (_, status) = world.get("/v1/status").await;
    assert_eq!(status["verdict"], "degraded", "{status}");
    assert_eq!(status["reasons"][0]["component"], "chain local");
    let reason = status["reasons"][0]["reason"].as_str().unwrap();
    assert_eq!(reason, "endpoint b is failing: endpoint b is unreachable: HTTP status 503");
    assert_eq!(status["reasons"].as_array().unwrap().len(), 1, "{status}");
    world.stop().await;
}
