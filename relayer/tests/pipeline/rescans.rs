//! Going over a chain's blocks again by an operator's order.

use crate::world::{CONTRACT, World};
use phat_connector::BlockRef;
use phat_protocol::RequestId;
use phat_relayer::{
    clock::Millis,
    pipeline::{Progress, Stage},
    request::StateName,
    store::{AdminStore, ReadStore, RescanStore, Rescanned, StoreError, Subject, WatchStore},
};
use std::time::Duration;

const NOW: Millis = Millis(1_800_000_000_000);

/// A world whose cursor went past requests that were never seen, as with a node that had lost its logs.
async fn blind(asked: usize) -> (World, Vec<RequestId>) {
    let world = World::new().await;
    let ids = (0..asked).map(|_| world.chain.ask(CONTRACT, 600)).collect();
    let newest: BlockRef = world.chain.mine();
    world.store.observe("test", &[], newest, NOW).await.unwrap();
    world.watch().await.unwrap();
    (world, ids)
}

#[tokio::test]
async fn what_was_missed_is_found_by_going_over_the_blocks_again() {
    // More blocks than are asked for at once.
    let (world, ids) = blind(10).await;
    let cursor = world.store.checkpoints("test", 1).await.unwrap();
    world.store.order_rescan("test", 0, NOW).await.unwrap();
    world.rescan().await.unwrap();
    for id in &ids {
        assert_eq!(world.state(*id).await, StateName::Observed);
    }
    assert_eq!(world.store.rescan("test").await.unwrap(), None);
    assert_eq!(world.store.checkpoints("test", 1).await.unwrap(), cursor);
    for _ in 0..4 {
        world.round().await;
    }
    for id in &ids {
        assert_eq!((world.state(*id).await, world.chain.answers(*id)), (StateName::Settled, 1));
    }
}

#[tokio::test]
async fn what_lies_before_the_first_block_of_the_order_is_left_alone() {
    let (world, ids) = blind(10).await;
    // Block 0 is the first, and asks nothing.
    world.store.order_rescan("test", 6, NOW).await.unwrap();
    world.rescan().await.unwrap();
    for (index, id) in ids.iter().enumerate() {
        let is_found = world.store.request(*id).await.unwrap().is_some();
        assert_eq!(is_found, index >= 5, "{index}");
    }
}

#[tokio::test]
async fn a_rescan_that_can_t_be_served_is_put_off_and_watching_goes_on() {
    let (world, ids) = blind(6).await;
    world.store.order_rescan("test", 1, NOW).await.unwrap();
    world.chain.state().unserved = 0..6;
    let mut stage = world.rescan_stage();
    let mut waits = Vec::new();
    for _ in 0..6 {
        let Progress::Soon(wait) = stage.step().await.unwrap() else { panic!("it wasn't put off") };
        waits.push(wait);
    }
    assert!(waits[5] > waits[0] * 4, "{waits:?}");
    let order = world.store.rescan("test").await.unwrap().unwrap();
    assert_eq!(order.next_block, 1);
    assert!(order.last_error.unwrap().contains("no such blocks"));
    let late = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    assert_eq!(world.state(late).await, StateName::Observed);
    world.chain.state().unserved = 0..0;
    world.drive(stage).await.unwrap();
    for id in &ids {
        assert_eq!(world.state(*id).await, StateName::Observed);
    }
    assert_eq!(world.store.rescan("test").await.unwrap(), None);
}

#[tokio::test]
async fn an_order_to_go_over_blocks_again_is_taken_back() {
    let (world, ids) = blind(6).await;
    world.store.order_rescan("test", 1, NOW).await.unwrap();
    assert_eq!(world.rescan_stage().step().await.unwrap(), Progress::More);
    assert_eq!(world.store.cancel_rescan("test", NOW).await.unwrap(), Some(4));
    assert_eq!(world.store.cancel_rescan("test", NOW).await.unwrap(), None);
    world.rescan().await.unwrap();
    assert!(world.store.request(ids[2]).await.unwrap().is_some());
    assert!(world.store.request(ids[3]).await.unwrap().is_none());
}

#[tokio::test]
async fn a_new_order_replaces_the_one_that_stands_also_while_that_is_carried_out() {
    let (world, _) = blind(6).await;
    let cursor = world.store.checkpoints("test", 1).await.unwrap()[0];
    world.store.order_rescan("test", 1, NOW).await.unwrap();
    let order = world.store.rescan("test").await.unwrap().unwrap();
    for (from, later) in [(5, 1), (1, 2)] {
        world.store.order_rescan("test", from, NOW.after(Duration::from_secs(later))).await.unwrap();
        let part = Rescanned { order: order.clone(), cursor, requests: Vec::new(), next: None };
        world.store.rescanned("test", &part, NOW).await.unwrap();
        world.store.rescan_failed("test", &order, "it was about another order").await.unwrap();
        let stands = world.store.rescan("test").await.unwrap().unwrap();
        assert_eq!((stands.next_block, stands.last_error), (from, None));
    }
}

#[tokio::test]
async fn what_was_read_before_a_reorganisation_doesn_t_live_again_after_it() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    let dropped = world.chain.observed(id);
    let cursor = world.store.checkpoints("test", 1).await.unwrap()[0];
    world.store.order_rescan("test", 0, NOW).await.unwrap();
    let order = world.store.rescan("test").await.unwrap().unwrap();
    world.chain.reorganise(1, false);
    world.chain.mine();
    // The blocks are read by now, and their requests are about to be stored.
    world.watch().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Orphaned);
    let part = Rescanned { order: order.clone(), cursor, requests: vec![dropped], next: None };
    let refused = world.store.rescanned("test", &part, NOW).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    assert_eq!(world.state(id).await, StateName::Orphaned);
    assert_eq!(world.store.rescan("test").await.unwrap(), Some(order));
}

#[tokio::test]
async fn an_endpoint_that_lags_behind_what_was_watched_is_waited_for() {
    let (world, ids) = blind(3).await;
    world.store.order_rescan("test", 0, NOW).await.unwrap();
    world.chain.reorganise(1, false);
    let mut stage = world.rescan_stage();
    assert!(matches!(stage.step().await.unwrap(), Progress::Soon(_)));
    assert!(world.store.request(ids[0]).await.unwrap().is_none());
    assert_eq!(world.store.rescan("test").await.unwrap().unwrap().next_block, 0);
}

#[tokio::test]
async fn what_is_known_stays_as_it_is_when_it_is_seen_again() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    for _ in 0..2 {
        world.round().await;
    }
    assert_eq!(world.state(id).await, StateName::Settled);
    world.store.order_rescan("test", 0, NOW).await.unwrap();
    world.rescan().await.unwrap();
    world.round().await;
    assert_eq!(world.state(id).await, StateName::Settled);
    assert_eq!((world.chain.answers(id), world.enclave.executions()), (1, 1));
}

#[tokio::test]
async fn a_paused_chain_is_watched_and_settled_and_nothing_new_is_sent() {
    let world = World::new().await;
    let sent = world.submitted().await;
    let reported = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    let chain = Subject::Chain("test".to_owned());
    world.store.pause(&chain, None, NOW).await.unwrap();
    let late = world.chain.ask(CONTRACT, 600);
    for _ in 0..2 {
        world.round().await;
    }
    assert_eq!(world.state(sent).await, StateName::Settled);
    assert_eq!(world.state(reported).await, StateName::Reported);
    assert_eq!(world.state(late).await, StateName::Observed);
    assert!(world.store.resume(&chain, NOW).await.unwrap());
    for _ in 0..3 {
        world.round().await;
    }
    for id in [reported, late] {
        assert_eq!(world.state(id).await, StateName::Settled);
    }
}

#[tokio::test]
async fn what_a_step_stored_before_it_failed_is_kept_and_counts() {
    let world = World::new().await;
    for _ in 0..40 {
        world.chain.mine();
    }
    world.chain.state().unserved = 20..21;
    let mut stage = world.watch_stage();
    let mut advances = Vec::new();
    for _ in 0..4 {
        stage.step().await.unwrap_err();
        advances.push(stage.advanced());
    }
    assert!(advances[0] && !advances[3], "{advances:?}");
    assert_eq!(world.store.checkpoints("test", 1).await.unwrap().remove(0).number, 19);
    world.chain.state().unserved = 0..0;
    stage.step().await.unwrap();
}
