//! Filters of lists and counts.

use crate::world::World;
use phat_protocol::{ContractId, Outcome};
use serde_json::{Value, json};

const PRICES: ContractId = ContractId([8; 32]);
const RATES: ContractId = ContractId([9; 32]);

fn ids(body: &Value) -> Vec<String> {
    let requests = body["requests"].as_array().unwrap();
    requests.iter().map(|request| request["id"].as_str().unwrap().to_owned()).collect()
}

/// Requests of every kind, the oldest first: seen in seconds 20, 21, 22 and 23 of minute 22:13, with 123 ms.
struct Seen {
    ok: String,
    trapped: String,
    ignored: String,
    elsewhere: String,
}

impl Seen {
    async fn in_world(world: &World) -> Self {
        let ok = world.observe("local", PRICES, 1).await;
        world.fulfil(ok, Outcome::Ok, b"42").await;
        let trapped = world.observe("local", RATES, 3).await;
        world.fulfil(trapped, Outcome::Trapped, b"").await;
        let ignored = world.observe("local", PRICES, 5).await;
        world.ignore(ignored).await;
        let elsewhere = world.observe("other", RATES, 7).await;
        Self {
            ok: ok.to_string(),
            trapped: trapped.to_string(),
            ignored: ignored.to_string(),
            elsewhere: elsewhere.to_string(),
        }
    }
}

#[tokio::test]
async fn filters_combine() {
    let world = World::new().await;
    let Seen { ok, trapped, ignored, elsewhere } = &Seen::in_world(&world).await;
    let consumer = format!("0x{}", "02".repeat(20));
    for (query, expected) in [
        (String::new(), vec![elsewhere, ignored, trapped, ok]),
        ("state=settled".to_owned(), vec![trapped, ok]),
        ("state=ignored&state=observed".to_owned(), vec![elsewhere, ignored]),
        ("state=settled,ignored,settled&state=ignored".to_owned(), vec![ignored, trapped, ok]),
        ("state=ignored,observed&chain=local".to_owned(), vec![ignored]),
        ("chain=other".to_owned(), vec![elsewhere]),
        (format!("contract={PRICES}"), vec![ignored, ok]),
        (format!("contract={RATES}&chain=local"), vec![trapped]),
        (format!("consumer={consumer}"), vec![elsewhere, ignored, trapped, ok]),
        (format!("consumer={consumer}&state=expired"), vec![]),
        ("consumer=0x03".to_owned(), vec![]),
        ("outcome=Trapped".to_owned(), vec![trapped]),
        (format!("outcome=Ok&contract={PRICES}"), vec![ok]),
        ("outcome=Ok&state=ignored".to_owned(), vec![]),
        ("since=2023-11-14T22:13:21.123Z".to_owned(), vec![elsewhere, ignored, trapped]),
        ("until=2023-11-14T22:13:21.123Z".to_owned(), vec![ok]),
        ("since=2023-11-14T22:13:21Z&until=2023-11-14T22:13:22Z".to_owned(), vec![trapped]),
        ("since=2023-11-14T23:13:22%2B01:00&chain=local".to_owned(), vec![ignored]),
    ] {
        let (_, body) = world.get(&format!("/v1/requests?{query}")).await;
        assert_eq!(ids(&body).iter().collect::<Vec<_>>(), expected, "{query}");
        let (_, counts) = world.get(&format!("/v1/requests/counts?{query}")).await;
        assert_eq!(counts["total"], expected.len(), "{query}");
    }
    world.stop().await;
}

#[tokio::test]
async fn counts_part_by_state_and_by_outcome() {
    let world = World::new().await;
    let nothing = json!({ "total": 0, "by_state": {}, "by_outcome": {} });
    assert_eq!(world.get("/v1/requests/counts").await.1, nothing);
    Seen::in_world(&world).await;
    let (_, counts) = world.get("/v1/requests/counts").await;
    assert_eq!(
        counts,
        json!({
            "total": 4,
            "by_state": { "observed": 1, "ignored": 1, "settled": 2 },
            "by_outcome": { "Ok": 1, "Trapped": 1 },
        })
    );
    let (_, counts) = world.get("/v1/requests/counts?chain=local&state=settled").await;
    assert_eq!(counts["by_state"], json!({ "settled": 2 }));
    world.stop().await;
}

#[tokio::test]
async fn pages_stay_right_while_requests_arrive_and_change() {
    let world = World::new().await;
    let mut expected = Vec::new();
    // Two are seen at once each time, so pages part those of equal times too.
    for sequence in 2..=9 {
        expected.insert(0, world.observe("local", PRICES, sequence).await.to_string());
    }
    let (mut seen, mut query) = (Vec::new(), String::new());
    for arriving in 100.. {
        let (_, body) = world.get(&format!("/v1/requests?limit=3&state=observed,ignored{query}")).await;
        seen.extend(ids(&body));
        let Some(next) = body["next"].as_str() else { break };
        query = format!("&before={next}");
        world.observe("local", PRICES, arriving).await;
        if arriving == 100 {
            // The cursor's own row leaves what the filter lets through: its place in the list stays.
            let last = next.parse().unwrap();
            world.fulfil(last, Outcome::Ok, b"").await;
        }
    }
    assert_eq!(seen, expected);
    world.stop().await;
}
