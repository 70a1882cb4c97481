//! Going over a chain's blocks again by an operator's order.

use crate::world::{CONTRACT, World};
use phat_connector::BlockRef;
use phat_protocol::RequestId;
use phat_relayer::{
    clock::Millis,
    request::StateName,
    store::{AdminStore, Subject, WatchStore},
};

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
    world.watch().await.unwrap();
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
async fn a_rescan_that_fails_goes_on_where_it_was() {
    let (world, ids) = blind(6).await;
    world.store.order_rescan("test", 1, NOW).await.unwrap();
    world.chain.state().unreachable = true;
    world.watch().await.unwrap_err();
    assert_eq!(world.store.rescan("test").await.unwrap(), Some(1));
    world.chain.state().unreachable = false;
    world.watch().await.unwrap();
    for id in &ids {
        assert_eq!(world.state(*id).await, StateName::Observed);
    }
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
    for _ in 0..2 {
        world.round().await;
    }
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
