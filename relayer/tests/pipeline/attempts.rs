//! Nonces and the transactions that are signed for them.

use crate::world::{CONTRACT, World};
use phat_connector::EntryRefusal;
use phat_protocol::RequestId;
use phat_relayer::pipeline::SettleStage;
use phat_relayer::pipeline::Stage;
use phat_relayer::request::StateName;
use std::time::Duration;

#[tokio::test]
async fn a_transaction_that_was_stored_and_never_sent_is_sent_unchanged() {
    let world = World::new().await;
    let id = world.stored_and_not_sent(600).await;
    world.chain.state().deaf = false;
    world.submit().await.unwrap();
    world.chain.mine();
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Settled);
    assert_eq!((world.chain.answers(id), world.chain.wasted()), (1, 0));
    assert_eq!(world.chain.state().broadcasts.len(), 1);
}

#[tokio::test]
async fn nothing_is_submitted_twice_while_an_attempt_is_open() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    for _ in 0..3 {
        world.submit().await.unwrap();
        world.settle().await.unwrap();
        world.watch().await.unwrap();
    }
    assert_eq!(world.chain.state().broadcasts.len(), 1);
    world.chain.mine();
    world.settle().await.unwrap();
    assert_eq!((world.state(id).await, world.chain.wasted()), (StateName::Settled, 0));
}

#[tokio::test]
async fn a_nonce_that_a_stranger_used_is_given_up_only_after_some_blocks() {
    let world = World::new().await;
    let id = world.stored_and_not_sent(600).await;
    {
        let mut state = world.chain.state();
        state.deaf = false;
        state.stranger_nonces = 1;
    }
    let mut settle = SettleStage::new(world.end.clone(), world.store.clone(), world.clock.clone());
    for _ in 0..3 {
        settle.step().await.unwrap();
        settle.step().await.unwrap();
        assert_eq!(world.state(id).await, StateName::Submitted);
        world.chain.mine();
    }
    settle.step().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Reported);
    world.round().await;
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
}

#[tokio::test]
async fn a_stuck_transaction_is_replaced_with_the_same_nonce_and_either_hash_counts() {
    let world = World::new().await;
    let id = world.submitted().await;
    world.later(Duration::from_secs(61));
    world.submit().await.unwrap();
    let broadcasts = world.chain.state().broadcasts.clone();
    assert!(matches!(broadcasts[..], [first, second] if first != second), "{broadcasts:?}");
    world.chain.mine();
    world.settle().await.unwrap();
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
    assert_eq!(world.chain.wasted(), 0);
}

#[tokio::test]
async fn a_refused_report_does_not_delay_the_others() {
    let world = World::new().await;
    let ids: Vec<RequestId> = (0..4).map(|_| world.chain.ask(CONTRACT, 600)).collect();
    world.chain.state().refused.insert(ids[0], EntryRefusal::Paused);
    world.round().await;
    assert_eq!(world.state(ids[0]).await, StateName::Reported);
    for id in &ids[1..] {
        assert_eq!(world.state(*id).await, StateName::Settled);
    }
    world.chain.state().refused.clear();
    world.later(Duration::from_secs(10));
    world.round().await;
    assert_eq!((world.state(ids[0]).await, world.chain.wasted()), (StateName::Settled, 0));
}

#[tokio::test]
async fn a_nonce_that_a_reorganisation_set_free_is_filled() {
    let world = World::new().await;
    world.chain.state().stranger_nonces = 1;
    let id = world.submitted().await;
    // The stranger's transaction is gone, and with it the nonce before ours.
    world.chain.state().stranger_nonces = 0;
    world.chain.mine();
    assert_eq!(world.chain.answers(id), 0);
    world.submit().await.unwrap();
    world.chain.mine();
    world.settle().await.unwrap();
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
}
