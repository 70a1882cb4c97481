//! What replacements offer, and what is told where they may not offer more.

use crate::world::World;
use phat_protocol::Amount;
use phat_relayer::{
    health::{Component, Health},
    pipeline::{Progress, Stage, SubmitStage},
    request::StateName,
    store::SubmitStore,
};
use std::time::Duration;

async fn step(stage: &mut SubmitStage) {
    while stage.step().await.unwrap() == Progress::More {}
}

fn notices(health: &Health) -> Vec<String> {
    health.notices(&Component::Chain("test".to_owned()))
}

/// What the attempt's transactions offered, in order.
async fn offered(world: &World) -> Vec<Amount> {
    let open = world.store.open_attempts("test").await.unwrap();
    open[0].transactions.iter().map(|transaction| transaction.fees.max_fee).collect()
}

#[tokio::test]
async fn a_stuck_transaction_is_replaced_until_it_is_mined_or_the_cap_is_reached_which_is_told() {
    let world = World::new().await;
    let health = Health::default();
    let mut stage = world.submit_stage().noting_in(health.clone());
    world.chain.state().fee_cap = Some(130);
    let id = world.submitted().await;
    assert_eq!(offered(&world).await, [Amount::from(100)]);
    world.chain.state().base_fee = 10_000;
    for (offers, told) in [(vec![100, 130], false), (vec![100, 130], true), (vec![100, 130], true)] {
        world.later(Duration::from_secs(61));
        step(&mut stage).await;
        assert_eq!(offered(&world).await, offers.into_iter().map(Amount::from).collect::<Vec<_>>());
        world.chain.mine();
        assert_eq!(notices(&health).len(), usize::from(told), "{:?}", notices(&health));
    }
    let notice = notices(&health).remove(0);
    assert!(notice.contains("nonce 0 of wallet 0xsubmitter0") && notice.contains("130"), "{notice}");
    assert_eq!(world.state(id).await, StateName::Submitted);
    // What it offers is enough again.
    world.chain.state().base_fee = 120;
    world.chain.mine();
    step(&mut stage).await;
    assert_eq!(notices(&health), [""; 0]);
    world.settle().await.unwrap();
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
}

#[tokio::test]
async fn a_cap_that_is_raised_frees_what_waits_below_it() {
    let world = World::new().await;
    let health = Health::default();
    let mut stage = world.submit_stage().noting_in(health.clone());
    world.chain.state().fee_cap = Some(100);
    let id = world.submitted().await;
    world.chain.state().base_fee = 1_000;
    world.later(Duration::from_secs(61));
    step(&mut stage).await;
    assert_eq!(notices(&health).len(), 1);
    world.chain.state().fee_cap = None;
    step(&mut stage).await;
    assert_eq!(notices(&health), [""; 0]);
    world.chain.mine();
    world.settle().await.unwrap();
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
    assert_eq!(world.chain.wasted(), 0);
}

#[tokio::test]
async fn a_transaction_that_was_replaced_as_often_as_it_may_be_is_told_of() {
    let world = World::new().await;
    let health = Health::default();
    let mut stage = world.submit_stage().noting_in(health.clone());
    world.submitted().await;
    // Not so much more than is offered that there would be no end of it.
    world.chain.state().base_fee = 60;
    world.chain.state().deaf = false;
    for bumps in 1..=3 {
        world.later(Duration::from_secs(61));
        step(&mut stage).await;
        assert_eq!(offered(&world).await.len(), 1 + bumps);
    }
    assert_eq!(notices(&health), [""; 0]);
    world.later(Duration::from_secs(61));
    step(&mut stage).await;
    assert_eq!(offered(&world).await.len(), 4);
    assert!(notices(&health)[0].contains("replaced as often as it may be"));
}

#[tokio::test]
async fn a_transaction_whose_time_is_over_is_signed_again_though_the_cap_is_reached() {
    let world = World::new().await;
    let mut stage = world.submit_stage();
    world.chain.state().fee_cap = Some(100);
    let id = world.submitted().await;
    let first = world.store.open_attempts("test").await.unwrap()[0].transactions[0].hash;
    world.chain.state().over.insert(first);
    world.later(Duration::from_secs(61));
    step(&mut stage).await;
    assert_eq!(offered(&world).await, [100, 100].map(Amount::from), "the first is out, so that no more is needed");
    world.chain.mine();
    world.settle().await.unwrap();
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
    assert_eq!(world.chain.wasted(), 0);
}
