//! Several accounts that submit to one chain.

use crate::{
    chain::account,
    world::{CONTRACT, World},
};
use phat_connector::ChainError;
use phat_protocol::{Amount, RequestId};
use phat_relayer::{
    pipeline::{BalanceStage, Progress, Stage, StageError, SubmitStage, Submitter, Submitters},
    request::StateName,
    store::{ReadStore, SubmitStore},
};
use std::{sync::Arc, time::Duration};

async fn reported(world: &World, count: usize) -> Vec<RequestId> {
    let ids: Vec<RequestId> = (0..count).map(|_| world.chain.ask(CONTRACT, 600)).collect();
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    ids
}

async fn assert_all_answered_once(world: &World, ids: &[RequestId]) {
    for id in ids {
        assert_eq!((world.state(*id).await, world.chain.answers(*id)), (StateName::Settled, 1), "{id}");
    }
    assert_eq!(world.chain.wasted(), 0);
}

/// Steps until the stage has nothing more to do at once.
async fn submit(stage: &mut SubmitStage) -> Result<(), StageError> {
    for _ in 0..100 {
        if stage.step().await? != Progress::More {
            return Ok(());
        }
    }
    panic!("a stage that never rests");
}

#[tokio::test]
async fn batches_are_spread_over_the_wallets_each_with_its_own_nonces() {
    let world = World::with_two_wallets().await;
    let ids = reported(&world, 30).await;
    world.submit().await.unwrap();
    assert_eq!([0, 1].map(|wallet| world.chain.pooled_of(wallet)), [3, 3], "as many as may wait, of each");
    let nonces = |open: Vec<phat_relayer::attempt::OpenAttempt>, wallet| {
        let of_wallet = open.into_iter().filter(|attempt| attempt.submitter == account(wallet));
        of_wallet.map(|attempt| attempt.nonce).collect::<Vec<_>>()
    };
    let open = world.store.open_attempts("test").await.unwrap();
    assert_eq!([nonces(open.clone(), 0), nonces(open, 1)], [[0, 1, 2], [0, 1, 2]]);
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &ids).await;
}

#[tokio::test]
async fn a_wallet_without_funds_is_passed_over_until_it_has_some() {
    let world = World::with_two_wallets().await;
    world.chain.state().without_funds.insert(0);
    let mut ids = reported(&world, 12).await;
    let mut stage = world.submit_stage();
    submit(&mut stage).await.unwrap();
    stage.finish().await;
    assert_eq!([0, 1].map(|wallet| world.chain.pooled_of(wallet)), [0, 3]);
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &ids).await;

    world.chain.state().without_funds.clear();
    world.later(Duration::from_secs(60));
    ids.extend(reported(&world, 12).await);
    submit(&mut stage).await.unwrap();
    stage.finish().await;
    assert!(world.chain.pooled_of(0) > 0, "it submits again");
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &ids).await;
}

#[tokio::test]
async fn wallets_that_are_all_without_funds_are_the_stage_s_trouble() {
    let world = World::with_two_wallets().await;
    world.chain.state().without_funds.extend([0, 1]);
    let ids = reported(&world, 3).await;
    let refused = submit(&mut world.submit_stage()).await.unwrap_err();
    assert!(matches!(refused, StageError::Chain(ChainError::InsufficientFunds { .. })), "{refused}");
    world.chain.state().without_funds.remove(&1);
    world.round().await;
    assert_all_answered_once(&world, &ids).await;
}

#[tokio::test]
async fn a_wallet_whose_lowest_nonce_is_stuck_is_passed_over_while_another_is_well() {
    let world = World::with_two_wallets().await;
    world.chain.state().without_funds.insert(1);
    // What the first wallet has sent is not mined for what it offers.
    let mut ids = reported(&world, 1).await;
    submit(&mut world.submit_stage()).await.unwrap();
    world.chain.state().base_fee = 1_000;
    world.chain.state().fee_cap = Some(100);
    world.chain.mine();
    assert_eq!(world.chain.mined_of(0), 0);
    // The cap keeps what is stuck from being replaced; the second wallet's are sent before the fee falls.
    world.later(Duration::from_secs(61));
    world.chain.state().without_funds.clear();
    ids.extend(reported(&world, 12).await);
    submit(&mut world.submit_stage()).await.unwrap();
    assert_eq!([0, 1].map(|wallet| world.chain.pooled_of(wallet)), [1, 3]);
    world.chain.state().base_fee = 1;
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &ids).await;
}

#[tokio::test]
async fn a_stuck_wallet_goes_on_where_there_is_no_other() {
    let world = World::with_two_wallets().await;
    world.chain.state().without_funds.insert(1);
    let mut ids = reported(&world, 1).await;
    submit(&mut world.submit_stage()).await.unwrap();
    world.chain.state().base_fee = 1_000;
    world.chain.state().fee_cap = Some(100);
    world.later(Duration::from_secs(61));
    ids.extend(reported(&world, 4).await);
    let mut stage = world.submit_stage();
    // The second takes them, and can't pay; then the first does.
    submit(&mut stage).await.unwrap();
    stage.finish().await;
    assert_eq!([0, 1].map(|wallet| world.chain.pooled_of(wallet)), [2, 0]);
    world.chain.state().base_fee = 1;
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &ids).await;
}

#[tokio::test]
async fn what_a_wallet_sent_that_is_no_more_configured_is_sent_again_and_settled() {
    let mut world = World::with_two_wallets().await;
    world.chain.state().without_funds.insert(0);
    let id = reported(&world, 1).await.remove(0);
    let mut stage = world.submit_stage();
    submit(&mut stage).await.unwrap();
    stage.finish().await;
    assert_eq!(world.chain.pooled_of(1), 1);
    world.chain.state().without_funds.clear();
    world.end.submitters = Submitters::one(Arc::new(world.chain.wallet(0)));
    world.chain.forget_pool();
    world.later(Duration::from_secs(31));
    world.submit().await.unwrap();
    assert_eq!([0, 1].map(|wallet| world.chain.pooled_of(wallet)), [0, 1]);
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Submitted);
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &[id]).await;
}

#[tokio::test]
async fn a_transaction_that_every_pool_forgot_is_sent_again_unchanged() {
    let world = World::new().await;
    let id = world.submitted().await;
    world.chain.forget_pool();
    world.later(Duration::from_secs(31));
    world.submit().await.unwrap();
    let broadcasts = world.chain.state().broadcasts.clone();
    assert!(matches!(broadcasts[..], [first, second] if first == second), "{broadcasts:?}");
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &[id]).await;
}

#[tokio::test]
async fn nonces_that_a_stranger_s_pooled_transactions_have_are_left_to_them() {
    let world = World::new().await;
    world.chain.state().stranger_pool = 2;
    let id = world.submitted().await;
    let open = world.store.open_attempts("test").await.unwrap();
    assert_eq!(open.iter().map(|attempt| attempt.nonce).collect::<Vec<_>>(), [2]);
    {
        let mut state = world.chain.state();
        (state.stranger_pool, state.stranger_nonces) = (0, 2);
    }
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &[id]).await;
}

#[tokio::test]
async fn a_stranger_s_transaction_that_stays_in_the_pool_is_replaced() {
    let world = World::new().await;
    world.chain.state().stranger_pool = 1;
    let mut stage = world.submit_stage();
    let id = reported(&world, 1).await.remove(0);
    submit(&mut stage).await.unwrap();
    let nonces = async || {
        let open = world.store.open_attempts("test").await.unwrap();
        open.iter().map(|attempt| attempt.nonce).collect::<Vec<_>>()
    };
    assert_eq!(nonces().await, [1]);
    world.later(Duration::from_secs(59));
    submit(&mut stage).await.unwrap();
    assert_eq!(nonces().await, [1]);
    world.later(Duration::from_secs(2));
    submit(&mut stage).await.unwrap();
    stage.finish().await;
    assert_eq!(nonces().await, [0, 1]);
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &[id]).await;
    let life = world.store.request(id).await.unwrap().unwrap();
    assert_eq!(life.attempts.len(), 1);
}

#[tokio::test]
async fn a_wallet_with_less_than_it_should_have_is_known_until_it_has_enough() {
    let mut world = World::with_two_wallets().await;
    let submitter = |number, least| Submitter {
        sink: Arc::new(world.chain.wallet(number)),
        min_balance: Some(Amount::from(least)),
    };
    // They have 1,000 each.
    world.end.submitters = Submitters::new(submitter(0, 1_000), vec![submitter(1, 1_001)]);
    let mut stage = BalanceStage::new(world.end.clone());
    stage.step().await.unwrap();
    assert_eq!(stage.low().iter().collect::<Vec<_>>(), [&account(1)]);
    world.chain.state().without_funds.insert(0);
    stage.step().await.unwrap();
    assert_eq!(stage.low().len(), 2);
    world.chain.state().without_funds.clear();
    stage.step().await.unwrap();
    assert_eq!(stage.low().iter().collect::<Vec<_>>(), [&account(1)]);
}
