//! The life of a request, and what ends it.

use crate::world::{CONTRACT, World};
use phat_protocol::ContractId;
use phat_protocol::RequestId;
use phat_relayer::clock::Millis;
use phat_relayer::pipeline::Stage;
use phat_relayer::request::StateName;
use phat_relayer::store::ExecuteStore;
use phat_relayer::store::Lease;
use phat_relayer::store::LeaseToken;
use phat_relayer::store::sqlite::SqliteStore;
use std::time::Duration;

#[tokio::test]
async fn a_request_is_observed_reported_submitted_and_settled() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Observed);
    world.execute().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Reported);
    world.submit().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Submitted);
    assert_eq!(world.chain.answers(id), 0);
    world.chain.mine();
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Settled);
    assert_eq!((world.chain.answers(id), world.chain.wasted()), (1, 0));
}

#[tokio::test]
async fn requests_of_many_blocks_are_all_answered_once() {
    let world = World::new().await;
    let ids: Vec<RequestId> = (0..23).map(|_| world.chain.ask(CONTRACT, 600)).collect();
    for _ in 0..6 {
        world.round().await;
    }
    for id in &ids {
        assert_eq!(world.state(*id).await, StateName::Settled);
        assert_eq!(world.chain.answers(*id), 1);
    }
    assert_eq!((world.enclave.executions(), world.chain.wasted()), (ids.len(), 0));
}

#[tokio::test]
async fn a_request_expires_only_by_the_chains_clock_and_its_nonce_is_filled() {
    let world = World::new().await;
    let id = world.stored_and_not_sent(100).await;
    world.later(Duration::from_secs(1_000));
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Submitted);
    world.chain.state().timestamp += 1_000;
    world.chain.mine();
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Expired);
    world.chain.state().deaf = false;
    world.submit().await.unwrap();
    world.chain.mine();
    assert_eq!((world.chain.answers(id), world.chain.wasted()), (0, 0));
}

#[tokio::test]
async fn what_another_answered_is_settled_without_being_executed() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.chain.answered_by_another(id);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Settled);
    assert_eq!(world.enclave.executions(), 0);
}

#[tokio::test]
async fn a_request_for_an_unknown_contract_waits_for_it() {
    let world = World::new().await;
    let late = ContractId([6; 32]);
    let id = world.chain.ask(late, 600);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Ignored);
    world.enclave.contracts.lock().unwrap().insert(late);
    assert_eq!(world.store.reconsider(CONTRACT, Millis::now(&*world.clock)).await.unwrap(), 0);
    assert_eq!(world.store.reconsider(late, Millis::now(&*world.clock)).await.unwrap(), 1);
    world.round().await;
    assert_eq!(world.state(id).await, StateName::Settled);
}

#[tokio::test]
async fn a_contract_that_came_by_another_way_is_noticed() {
    let world = World::new().await;
    let late = ContractId([6; 32]);
    let id = world.chain.ask(late, 600);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Ignored);
    world.enclave.contracts.lock().unwrap().insert(late);
    world.execute().await.unwrap();
    world.round().await;
    assert_eq!(world.state(id).await, StateName::Settled);
}

#[tokio::test]
async fn an_enclave_that_was_away_is_asked_again_later() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    *world.enclave.away.lock().unwrap() = true;
    world.execute().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Observed);
    *world.enclave.away.lock().unwrap() = false;
    world.later(Duration::from_secs(1));
    world.round().await;
    assert_eq!((world.state(id).await, world.enclave.executions()), (StateName::Settled, 1));
}

#[tokio::test]
async fn leases_of_a_process_that_died_don_t_delay_the_next_one() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    let now = Millis::now(&*world.clock);
    let lease = Lease { token: LeaseToken([1; 16]), until: now.after(Duration::from_secs(120)) };
    assert_eq!(world.store.lease("test", lease, 10, now).await.unwrap().len(), 1);
    world.execute().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Observed);
    let _next = SqliteStore::open(&world.folder.path().join("relayer.db")).await.unwrap();
    world.execute().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Reported);
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_refused_with_words() {
    let world = World::new().await;
    let path = world.folder.path().join("relayer.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, X'00', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(error.to_string().contains("newer than this release"), "{error}");
}

#[tokio::test]
async fn requests_are_settled_at_each_block_and_between_blocks_now_and_then() {
    let world = World::new().await;
    let mut settle = world.settle_stage();
    settle.step().await.unwrap();
    // Seen late, as when old blocks are gone over again: it is over by the time that it is stored.
    let mut late = async |lifetime: u64| {
        let id = world.chain.ask(CONTRACT, lifetime);
        for _ in 0..3 {
            world.chain.mine();
        }
        settle.step().await.unwrap();
        world.watch().await.unwrap();
        settle.step().await.unwrap();
        let between = world.state(id).await;
        (id, between)
    };
    let (id, between) = late(1).await;
    assert_eq!(between, StateName::Observed, "no block is new");
    let (_, _) = late(600).await;
    assert_eq!(world.state(id).await, StateName::Expired, "a block was");
    let (id, between) = late(1).await;
    assert_eq!(between, StateName::Observed);
    world.later(Duration::from_secs(5));
    settle.step().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Expired, "it was long ago");
}
