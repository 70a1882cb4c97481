use crate::{
    ends::{block, unreachable},
    world::World,
};
use phat_protocol::{ContractId, Outcome};
use reqwest::StatusCode;
use serde_json::{Value, json};

const CONTRACT: ContractId = ContractId([8; 32]);

fn ids(body: &Value) -> Vec<String> {
    let requests = body["requests"].as_array().unwrap();
    requests.iter().map(|request| request["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn requests_are_listed_newest_first_and_filtered() {
    let world = World::new().await;
    let first = world.observe("local", CONTRACT, 1).await.to_string();
    let second = world.observe("local", CONTRACT, 3).await;
    let other = world.observe("other", CONTRACT, 5).await.to_string();
    world.fulfil(second, Outcome::Ok, b"42").await;
    let second = second.to_string();

    let list = async |query: &str| ids(&world.get(&format!("/v1/requests{query}")).await.1);
    assert_eq!(list("").await, [other.clone(), second.clone(), first.clone()]);
    assert_eq!(list("?chain=local").await, [second.clone(), first.clone()]);
    assert_eq!(list("?state=settled").await, [second]);
    assert_eq!(list("?state=observed&chain=local").await, [first]);
    assert_eq!(list("?state=expired").await, Vec::<String>::new());

    let (_, body) = world.get("/v1/requests?state=settled").await;
    let request = &body["requests"][0];
    assert_eq!(request["outcome"], "Ok");
    assert_eq!(request["settlement"]["kind"], "fulfilled");
    assert_eq!(request["settlement"]["block"], 20);
    world.stop().await;
}

#[tokio::test]
async fn pages_show_every_request_once() {
    let world = World::new().await;
    for sequence in 1..=7 {
        world.observe("local", CONTRACT, sequence).await;
    }
    let all = ids(&world.get("/v1/requests").await.1);
    assert_eq!(all.len(), 7);
    let (mut seen, mut query) = (Vec::new(), "?limit=3".to_owned());
    let mut pages = 0;
    loop {
        let (_, body) = world.get(&format!("/v1/requests{query}")).await;
        seen.extend(ids(&body));
        pages += 1;
        let Some(next) = body["next"].as_str() else { break };
        query = format!("?limit=3&before={next}");
    }
    assert_eq!((pages, seen), (3, all));
    let (_, exact) = world.get("/v1/requests?limit=7").await;
    assert_eq!(exact["next"], Value::Null);
    world.stop().await;
}

#[tokio::test]
async fn a_request_shows_its_whole_life() {
    let world = World::new().await;
    let id = world.observe("local", CONTRACT, 1).await;
    world.fulfil(id, Outcome::ContractError, b"no such pair").await;
    let (status, body) = world.get(&format!("/v1/requests/{id}")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["state"], "settled");
    assert_eq!(body["is_final"], true);
    assert_eq!(body["failure"], "the run ended in ContractError: the enclave gave no reason");
    let states = body["states"].as_array().unwrap();
    let names: Vec<&str> = states.iter().map(|span| span["state"].as_str().unwrap()).collect();
    assert_eq!(names, ["observed", "reported", "submitted", "settled"]);
    // Stored in seconds 502, 503 and 507 of this world.
    assert_eq!((&states[1]["duration_ms"], &states[2]["duration_ms"]), (&json!(1_000), &json!(4_000)));
    assert_eq!((&states[2]["until_ms"], &states[3]["until_ms"]), (&states[3]["from_ms"], &Value::Null));
    assert_eq!(body["payload"], "0x0000000000000001");
    assert_eq!(body["request"]["evm"]["sequence"], 1);
    assert_eq!(body["block"], 10);
    assert_eq!(body["transaction"], format!("0x{}", "aa".repeat(32)));
    let report = &body["report"];
    assert_eq!((&report["outcome"], &report["outcome_number"]), (&json!("ContractError"), &json!(1)));
    assert_eq!(report["output"], format!("0x{}", hex::encode("no such pair")));
    assert_eq!(report["logs"][0]["message"], "asked the source");
    assert_eq!(report["attestation"], "simulated");
    let attempt = &body["attempts"][0];
    assert_eq!((&attempt["nonce"], &attempt["state"]), (&json!(3), &json!("mined")));
    assert_eq!(attempt["effect"], json!({ "fulfilled": { "callback_ok": true } }));
    let transactions = attempt["transactions"].as_array().unwrap();
    let hashes: Vec<&str> = transactions.iter().map(|transaction| transaction["hash"].as_str().unwrap()).collect();
    assert_eq!(hashes, [format!("0x{}", "b1".repeat(32)), format!("0x{}", "b2".repeat(32))]);
    assert_eq!(transactions[0]["block"], Value::Null);
    assert_eq!(transactions[1]["block"]["number"], 20);
    assert_eq!(transactions[1]["gas_used"], 210_000);
    let events: Vec<&str> =
        body["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect();
    for event in ["observed", "reported", "submitted", "replaced", "settled"] {
        assert!(events.contains(&event), "{events:?}");
    }
    world.stop().await;
}

#[tokio::test]
async fn an_ignored_request_says_why() {
    let world = World::new().await;
    let id = world.observe("local", CONTRACT, 1).await;
    world.ignore(id).await;
    let (_, body) = world.get(&format!("/v1/requests/{id}")).await;
    assert_eq!(body["state"], "ignored");
    assert_eq!(body["ignored"], json!({ "reason": "unknown_contract" }));
    assert!(body["failure"].as_str().unwrap().contains("`relayer contract deploy`"), "{body}");
    assert_eq!((&body["report"], &body["attempts"]), (&Value::Null, &json!([])));
    world.stop().await;
}

#[tokio::test]
async fn wrong_queries_are_refused_in_words() {
    let world = World::new().await;
    for (query, words) in [
        ("?state=done", "observed"),
        ("?state=settled,done", "observed"),
        ("?state=", "observed"),
        ("?limit=0", "1 to 500"),
        ("?limit=501", "1 to 500"),
        ("?limit=5&limit=6", "twice"),
        ("?chain=a&chain=b", "twice"),
        ("?contract=0x12", "64 hexadecimal digits"),
        ("?consumer=2222", "0x"),
        ("?consumer=0x", "0x"),
        ("?outcome=ok", "Trapped"),
        ("?since=yesterday", "RFC 3339"),
        ("?until=2026-11-22", "RFC 3339"),
        ("?limit=many", "limit"),
        ("?before=0x12", "64 hexadecimal digits"),
        ("?sate=observed", "sate"),
    ] {
        let (status, body) = world.get(&format!("/v1/requests{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        assert!(body["detail"].as_str().unwrap().contains(words), "{query}: {body}");
    }
    for page in ["?limit=5", &format!("?before=0x{}", "00".repeat(32))] {
        let (status, body) = world.get(&format!("/v1/requests/counts{page}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{page}");
        assert!(body["detail"].as_str().unwrap().contains("known are state"), "{body}");
    }
    assert_eq!(world.get("/v1/requests/12").await.0, StatusCode::BAD_REQUEST);
    let unknown = format!("/v1/requests/0x{}", "00".repeat(32));
    assert_eq!(world.get(&unknown).await.0, StatusCode::NOT_FOUND);
    world.stop().await;
}

#[tokio::test]
async fn chains_show_where_they_stand() {
    let world = World::new().await;
    world.observe("local", CONTRACT, 1).await;
    let (status, body) = world.get("/v1/chains").await;
    assert_eq!(status, StatusCode::OK);
    let chain = &body["chains"][0];
    assert_eq!(chain["name"], "local");
    assert_eq!(chain["latest"]["number"], 30);
    assert_eq!(chain["confirmed"]["number"], 25);
    assert_eq!(chain["cursor"]["number"], block(10).number);
    assert_eq!(chain["lag_blocks"], 15);
    assert_eq!(chain["wallets"][0]["balance"], "1000000");
    assert_eq!(chain["requests"], json!({ "observed": 1 }));
    assert_eq!(chain["facts"]["registry"], "0x0b");
    assert_eq!(chain["troubles"], json!([]));
    assert_eq!((&chain["finality"], &chain["lag_seconds"]), (&json!("latest - 5"), &json!(45)));
    assert_eq!((&chain["waiting"][0]["stage"], &chain["waiting"][0]["requests"]), (&json!("execute"), &json!(1)));
    let (status, alone) = world.get("/v1/chains/local").await;
    assert_eq!((status, &alone), (StatusCode::OK, chain));
    let (status, body) = world.get("/v1/chains/moon").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body["detail"].as_str().unwrap().contains("configured: local"), "{body}");
    world.stop().await;
}

#[tokio::test]
async fn a_chain_that_is_away_still_shows_what_the_database_knows() {
    let world = World::new().await;
    world.observe("local", CONTRACT, 1).await;
    *world.chain.facts.lock().unwrap() = Err(unreachable());
    let (status, body) = world.get("/v1/chains").await;
    assert_eq!(status, StatusCode::OK);
    let chain = &body["chains"][0];
    assert_eq!((&chain["latest"], &chain["cursor"]["number"]), (&Value::Null, &json!(10)));
    assert_eq!(chain["troubles"].as_array().unwrap().len(), 1, "the same trouble is told once: {chain}");
    world.stop().await;
}

#[tokio::test]
async fn a_chain_shows_the_attempts_whose_end_is_not_known() {
    let world = World::new().await;
    let id = world.observe("local", CONTRACT, 1).await;
    world.submit("local", id, Outcome::Ok, b"42").await;
    let (_, chain) = world.get("/v1/chains/local").await;
    let open = chain["open_attempts"].as_array().unwrap();
    assert_eq!(open.len(), 1, "{chain}");
    assert_eq!((&open[0]["nonce"], &open[0]["requests"], &open[0]["transactions"]), (&json!(3), &json!(1), &json!(2)));
    assert_eq!(chain["waiting"][0]["stage"], "settle");
    let (_, life) = world.get(&format!("/v1/requests/{id}")).await;
    let failure = life["failure"].as_str().unwrap();
    assert!(failure.contains("nonce 3") && failure.contains("the last of 2"), "{failure}");
    world.stop().await;
}
