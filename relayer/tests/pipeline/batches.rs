//! Many requests at once: how many calls, runs and transactions they take.

use crate::{
    chain::account,
    world::{CONTRACT, World, until},
};
use phat_connector::{EntryEffect, Fees, PreparedTransaction, TxHash};
use phat_protocol::{Amount, Digest, RequestId};
use phat_relayer::{
    clock::Millis,
    pipeline::Stage,
    request::StateName,
    store::{NewAttempt, ReadStore, StoreError, SubmitStore},
};
use std::sync::Arc;
use tokio::sync::Semaphore;

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

#[tokio::test]
async fn what_one_transaction_can_t_carry_goes_out_before_the_first_is_mined() {
    let world = World::new().await;
    let ids = reported(&world, 12).await;
    world.submit().await.unwrap();
    assert_eq!(world.chain.state().broadcasts.len(), 3, "five, five and two");
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &ids).await;
}

#[tokio::test]
async fn no_more_transactions_wait_to_be_mined_than_may() {
    let world = World::new().await;
    let ids = reported(&world, 31).await;
    let mut rounds = Vec::new();
    while world.chain.state().broadcasts.len() < 7 {
        let before = world.chain.state().broadcasts.len();
        for _ in 0..2 {
            world.submit().await.unwrap();
        }
        rounds.push(world.chain.state().broadcasts.len() - before);
        world.chain.mine();
        world.settle().await.unwrap();
    }
    assert_eq!(rounds, [3, 3, 1]);
    assert_all_answered_once(&world, &ids).await;
}

#[tokio::test]
async fn a_mined_transaction_makes_room_before_it_is_settled() {
    let world = World::new().await;
    let ids = reported(&world, 20).await;
    world.submit().await.unwrap();
    assert_eq!(world.chain.state().broadcasts.len(), 3);
    world.chain.mine();
    world.submit().await.unwrap();
    assert_eq!(world.chain.state().broadcasts.len(), 4);
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &ids).await;
}

#[tokio::test]
async fn a_transaction_carries_no_more_than_fits_into_it() {
    let world = World::new().await;
    world.chain.state().room = 2;
    let ids = reported(&world, 5).await;
    world.submit().await.unwrap();
    assert_eq!(world.chain.state().broadcasts.len(), 3, "two, two and one");
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &ids).await;
}

#[tokio::test]
async fn the_calls_of_a_round_don_t_grow_with_its_requests() {
    for count in [1, 15] {
        let world = World::new().await;
        let ids = reported(&world, count).await;
        assert_eq!(world.chain.calls("states"), 1, "{count}");
        world.submit_stage().step().await.unwrap();
        assert_eq!(["outlook", "refusals"].map(|call| world.chain.calls(call)), [1, 1], "{count}");
        world.submit().await.unwrap();
        world.chain.mine();
        world.settle().await.unwrap();
        assert_eq!(world.chain.calls("receipts"), 1, "{count}");
        assert_all_answered_once(&world, &ids).await;
    }
}

#[tokio::test]
async fn several_stored_transactions_that_didn_t_get_through_are_all_sent_again_unchanged() {
    let world = World::new().await;
    let ids = reported(&world, 12).await;
    world.chain.state().deaf = true;
    world.submit().await.unwrap_err();
    for id in &ids {
        assert_eq!(world.state(*id).await, StateName::Submitted);
    }
    world.chain.state().deaf = false;
    world.submit().await.unwrap();
    assert_eq!(world.chain.state().broadcasts.len(), 3);
    world.chain.mine();
    world.settle().await.unwrap();
    assert_all_answered_once(&world, &ids).await;
}

#[tokio::test]
async fn a_report_that_would_revert_a_whole_batch_stops_none_of_the_others() {
    for poisonous in 0..4 {
        let world = World::new().await;
        let mut ids = reported(&world, 4).await;
        world.chain.state().reverting.insert(ids[poisonous]);
        world.submit().await.unwrap();
        world.chain.mine();
        world.settle().await.unwrap();
        let poison = ids.remove(poisonous);
        assert_eq!(world.state(poison).await, StateName::Reported);
        assert_all_answered_once(&world, &ids).await;
    }
}

#[tokio::test]
async fn as_many_requests_run_at_once_as_may_and_one_lease_serves_as_many_again() {
    let world = World::new().await;
    let ids: Vec<RequestId> = (0..16).map(|_| world.chain.ask(CONTRACT, 600)).collect();
    world.watch().await.unwrap();
    let gate = Arc::new(Semaphore::new(0));
    *world.enclave.gate.lock().unwrap() = Some(gate.clone());
    let mut stage = world.execute_stage();
    stage.step().await.unwrap();
    until("as many run as may", || world.enclave.running() == 8).await;
    gate.add_permits(16);
    stage.finish().await;
    assert_eq!((world.enclave.executions(), world.enclave.most_at_once()), (16, 8));
    assert_eq!(world.chain.calls("states"), 1);
    for id in &ids {
        assert_eq!(world.state(*id).await, StateName::Reported);
    }
}

#[tokio::test]
async fn a_batch_with_a_request_that_another_transaction_carries_is_refused_whole() {
    let world = World::new().await;
    let carried = world.submitted().await;
    let ids = reported(&world, 3).await;
    let requests = vec![ids[0], ids[1], carried, ids[2]];
    let transaction = PreparedTransaction {
        hash: TxHash(Digest([1; 32])),
        raw: vec![1],
        nonce: 1,
        gas_limit: 1,
        fees: Fees { max_fee: Amount::from(1), max_priority_fee: Amount::from(1) },
    };
    let submitter = account(0);
    let attempt = NewAttempt { chain: "test".to_owned(), submitter, requests, transaction };
    let refused = world.store.begin(&[attempt], Millis(0)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    for id in &ids {
        assert_eq!(world.state(*id).await, StateName::Reported);
    }
    assert_eq!(world.store.open_attempts("test").await.unwrap().len(), 1);
}

#[tokio::test]
async fn each_request_of_a_batch_has_its_own_effect_and_its_own_life() {
    let world = World::new().await;
    let mut ids = reported(&world, 5).await;
    world.submit().await.unwrap();
    world.chain.answered_in_time_by_another(ids[2]);
    world.settle().await.unwrap();
    let beaten = ids.remove(2);
    let told = async |id: RequestId| {
        let life = world.store.request(id).await.unwrap().unwrap();
        let events: Vec<String> = life.events.iter().map(|event| event.event.clone()).collect();
        (events.join(" "), life.attempts[0].effect.clone(), life.is_final)
    };
    let answered = Some(EntryEffect::Fulfilled { callback_ok: true });
    for id in ids {
        assert_eq!(told(id).await, ("observed reported submitted settled final".to_owned(), answered.clone(), true));
    }
    assert_eq!(told(beaten).await, ("observed reported submitted no_effect reported".to_owned(), None, false));
}
