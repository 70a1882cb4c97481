//! What an operator orders and follows by the command line.

use crate::{
    command_line::{complaint, deploy_prices, printed, relayer},
    world::World,
};
use phat_protocol::{ContractId, Outcome};
use serde_json::{Value, json};

async fn parsed(world: &World, arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(world, &[arguments, &["--json"]].concat()).await).unwrap()
}

#[tokio::test]
async fn chains_are_listed_and_shown() {
    let world = World::new().await;
    world.observe("local", ContractId([8; 32]), 1).await;
    let list = printed(&world, &["chain", "list"]).await;
    let row: Vec<&str> = list.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..3], ["local", "30", "15"]);
    let shown = printed(&world, &["chain", "show", "local"]).await;
    for words in [
        "oracle          0x0a",
        "finality        latest - 5",
        "behind          15 blocks, 45 s",
        "observed        1",
        "to be executed  1 requests, the oldest for ",
        "0x0909",
    ] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    assert_eq!(parsed(&world, &["chain", "show", "local"]).await["name"], "local");
    let unknown = complaint(&world, &["chain", "show", "moon"]).await;
    assert!(unknown.contains("configured: local"), "{unknown}");
    world.stop().await;
}

#[tokio::test]
async fn a_chain_is_paused_and_goes_on() {
    let world = World::new().await;
    let paused = printed(&world, &["chain", "pause", "local", "--reason", "the node moves"]).await;
    assert!(paused.contains("chain local is paused since 2023-11-14") && paused.contains("the node moves"), "{paused}");
    let status = relayer(&world, &["status"]).await;
    assert_eq!(status.status.code(), Some(3));
    let said = String::from_utf8(status.stdout).unwrap();
    assert!(said.starts_with("degraded") && said.contains("`relayer chain resume local`"), "{said}");
    assert_eq!(printed(&world, &["chain", "resume", "local"]).await, "chain local goes on\n");
    assert_eq!(printed(&world, &["chain", "resume", "local"]).await, "chain local was not paused\n");
    assert!(complaint(&world, &["chain", "pause", "moon"]).await.contains("configured: local"));
    world.stop().await;
}

#[tokio::test]
async fn a_contract_is_paused_and_goes_on_by_its_name() {
    let world = World::new().await;
    let id = deploy_prices(&world).await;
    let paused = printed(&world, &["contract", "pause", "prices", "--reason", "a source lies"]).await;
    assert!(paused.starts_with(&format!("contract {id} is paused since")), "{paused}");
    let (_, status) = world.get("/v1/status").await;
    assert_eq!(status["reasons"][0]["component"], format!("contract {id}"));
    assert_eq!(printed(&world, &["contract", "resume", &id]).await, format!("contract {id} goes on\n"));
    assert!(complaint(&world, &["contract", "pause", "rates"]).await.contains("no contract called rates"));
    world.stop().await;
}

#[tokio::test]
async fn blocks_are_gone_over_again() {
    let world = World::new().await;
    world.observe("local", ContractId([8; 32]), 1).await;
    let ordered = printed(&world, &["chain", "rescan", "local", "--from-block", "5"]).await;
    assert_eq!(ordered, "blocks 5 to 10 of chain local are gone over again, beside new ones\n");
    let ahead = complaint(&world, &["chain", "rescan", "local", "--from-block", "11"]).await;
    assert!(ahead.contains("the last one watched is 10"), "{ahead}");
    let shown = printed(&world, &["chain", "show", "local"]).await;
    assert!(shown.contains("from block 5, ordered 2023-11-14"), "{shown}");
    let cancel = ["chain", "rescan", "local", "--cancel"];
    assert_eq!(printed(&world, &cancel).await, "blocks from 5 on of chain local are gone over again no more\n");
    assert_eq!(printed(&world, &cancel).await, "no block of chain local was to be gone over again\n");
    world.stop().await;
}

#[tokio::test]
async fn a_request_is_tried_again_where_that_helps() {
    let world = World::new().await;
    let ignored = world.observe("local", ContractId([8; 32]), 1).await;
    world.ignore(ignored).await;
    let retried = printed(&world, &["request", "retry", &ignored.to_string()]).await;
    assert_eq!(retried, format!("request {ignored} is tried now; it is observed\n"));
    let answered = world.observe("local", ContractId([8; 32]), 2).await;
    world.fulfil(answered, Outcome::Ok, b"42").await;
    assert!(complaint(&world, &["request", "retry", &answered.to_string()]).await.contains("it is answered"));
    world.stop().await;
}

#[tokio::test]
async fn waiting_ends_with_the_answer_or_the_time() {
    let world = World::new().await;
    let id = world.observe("local", ContractId([8; 32]), 1).await;
    let late = complaint(&world, &["request", "wait", &id.to_string(), "--timeout", "0s"]).await;
    assert!(late.contains("is observed after 0s") && late.contains("request show"), "{late}");
    let unseen = format!("0x{}", "00".repeat(32));
    let late = complaint(&world, &["request", "wait", &unseen, "--timeout", "0s"]).await;
    assert!(late.contains("was not seen"), "{late}");

    let asked = id.to_string();
    let wait = ["request", "wait", &asked];
    let (waited, ()) = tokio::join!(relayer(&world, &wait), world.fulfil(id, Outcome::Ok, b"42"));
    assert_eq!(waited.status.code(), Some(0), "{}", String::from_utf8_lossy(&waited.stderr));
    assert_eq!(String::from_utf8(waited.stdout).unwrap(), "settled, fulfilled\n");
    assert_eq!(parsed(&world, &["request", "wait", &asked]).await["state"], "settled");
    let until_final = printed(&world, &["request", "wait", &asked, "--final"]).await;
    assert_eq!(until_final, "settled, fulfilled\n");
    world.stop().await;
}

#[tokio::test]
async fn events_are_followed_from_any_point() {
    let world = World::new().await;
    let id = world.observe("local", ContractId([8; 32]), 1).await;
    world.ignore(id).await;
    let told = printed(&world, &["events", "--after", "0", "--limit", "2"]).await;
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("observed") && lines[0].contains(&format!("chain local  request {id}")), "{told}");
    assert!(lines[1].contains("ignored"), "{told}");

    let told = printed(&world, &["events", "--after", "1", "--limit", "1", "--json"]).await;
    let event: Value = serde_json::from_str(told.trim()).unwrap();
    assert_eq!((&event["sequence"], &event["event"]), (&json!(2), &json!("ignored")));

    // What happens while it follows is told, and what the filters don't let through isn't.
    let follow = ["events", "--after", "2", "--chain", "local", "--limit", "1"];
    let (told, _) = tokio::join!(printed(&world, &follow), printed(&world, &["chain", "pause", "local"]));
    assert!(told.contains("paused"), "{told}");
    world.stop().await;
}

#[tokio::test]
async fn the_worker_is_shown_with_its_standing() {
    let world = World::new().await;
    let shown = printed(&world, &["worker", "show"]).await;
    for words in ["worker          0x0707", "attestation     simulated", "chain local     active"] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    world.chain.active.store(false, std::sync::atomic::Ordering::SeqCst);
    let shown = printed(&world, &["worker", "show"]).await;
    assert!(shown.contains("not active (`relayer worker register --chain local`)"), "{shown}");
    assert_eq!(parsed(&world, &["worker", "show"]).await["attestation"], "simulated");
    world.stop().await;
}
