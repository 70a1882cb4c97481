//! Reports that the oracle would not take.

use crate::world::{CONTRACT, World};
use phat_connector::EntryRefusal;
use phat_protocol::RequestId;
use phat_relayer::{request::StateName, store::ReadStore};
use serde_json::{Value, json};
use std::time::Duration;

async fn reported(world: &World, lifetime: u64) -> RequestId {
    let id = world.chain.ask(CONTRACT, lifetime);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    id
}

/// The reasons in a request's life, and the words of the last.
async fn refusals(world: &World, id: RequestId) -> (Vec<Value>, String) {
    let life = world.store.request(id).await.unwrap().unwrap();
    let refused = life.events.iter().filter(|event| event.event == "refused");
    let reasons = refused.map(|event| event.detail.as_ref().unwrap()["refusal"].clone()).collect();
    (reasons, life.summary.last_error.unwrap_or_default())
}

#[tokio::test]
async fn each_reason_for_which_a_report_is_refused_is_told_by_its_own_name() {
    for (refusal, name, words) in [
        (EntryRefusal::NotPending, "not_pending", "it was answered or cancelled"),
        (EntryRefusal::Expired, "expired", "its time is over"),
        (EntryRefusal::ExecutedInFuture, "executed_in_future", "at a time that the chain has not reached"),
        (EntryRefusal::NotRegistered, "not_registered", "no active worker"),
        (EntryRefusal::BadSignatures, "bad_signatures", "its signatures are not what the oracle asks for"),
        (EntryRefusal::Paused, "paused", "the oracle is paused"),
    ] {
        let world = World::new().await;
        let id = reported(&world, 600).await;
        assert_eq!(refusal.kind(), name);
        world.chain.state().refused.insert(id, refusal);
        world.submit().await.unwrap();
        let (reasons, said) = refusals(&world, id).await;
        assert_eq!(reasons, [json!(name)]);
        assert!(said.starts_with("the oracle refuses it: ") && said.contains(words), "{name}: {said}");
        assert_eq!((world.state(id).await, world.chain.pooled_of(0)), (StateName::Reported, 0));
    }
}

#[tokio::test]
async fn a_report_is_not_sent_when_its_request_expires_within_the_margin() {
    let world = World::new().await;
    let id = reported(&world, 30).await;
    // Blocks come each second, and the margin is five.
    for _ in 0..25 {
        world.chain.mine();
    }
    world.submit().await.unwrap();
    assert_eq!(refusals(&world, id).await.0, [json!("expired")]);
    assert_eq!(world.chain.pooled_of(0), 0);
}

#[tokio::test]
async fn a_reason_for_which_a_report_is_refused_is_a_part_of_its_life_once() {
    let world = World::new().await;
    let id = reported(&world, 600).await;
    let told = EntryRefusal::Other("told so".to_owned());
    world.chain.state().refused.insert(id, told);
    for _ in 0..3 {
        world.submit().await.unwrap();
        world.later(Duration::from_secs(30));
    }
    let reason = json!({ "other": "told so" });
    assert_eq!(refusals(&world, id).await, (vec![reason.clone()], "the oracle refuses it: told so".to_owned()));
    // Another is told too, and so is the first where it comes back.
    for refusal in [EntryRefusal::Paused, EntryRefusal::Other("told so".to_owned())] {
        world.chain.state().refused.insert(id, refusal);
        world.later(Duration::from_secs(60));
        world.submit().await.unwrap();
    }
    assert_eq!(refusals(&world, id).await.0, [reason.clone(), json!("paused"), reason]);
    world.chain.state().refused.clear();
    world.later(Duration::from_secs(60));
    world.round().await;
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
    assert_eq!(world.chain.wasted(), 0);
}
