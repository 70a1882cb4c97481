//! Looking for contracts that requests are ignored for want of.

use crate::world::{CONTRACT, World};
use phat_protocol::{ContractId, RequestId};
use phat_relayer::{
    pipeline::{Progress, Stage},
    request::StateName,
};
use std::time::Duration;

/// Requests for contracts that there aren't.
async fn ignored(world: &World, contracts: impl Iterator<Item = ContractId>) -> Vec<RequestId> {
    let ids = contracts.map(|contract| world.chain.ask(contract, 6_000)).collect();
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    ids
}

#[tokio::test]
async fn a_chain_that_always_has_work_finds_contracts_too() {
    let world = World::new().await;
    let late = ContractId([6; 32]);
    let ids = ignored(&world, std::iter::once(late)).await;
    assert_eq!(world.state(ids[0]).await, StateName::Ignored);
    world.enclave.contracts.lock().unwrap().insert(late);
    world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    let mut stage = world.execute_stage();
    assert_eq!(stage.step().await.unwrap(), Progress::More);
    stage.finish().await;
    assert_eq!(world.state(ids[0]).await, StateName::Reported);
}

#[tokio::test]
async fn an_enclave_that_can_t_be_asked_for_contracts_fails_no_step() {
    let world = World::new().await;
    ignored(&world, std::iter::once(ContractId([6; 32]))).await;
    *world.enclave.away.lock().unwrap() = true;
    assert_eq!(world.execute_stage().step().await.unwrap(), Progress::Idle);
    assert_eq!(world.enclave.lookups(), 1, "it was asked");
}

#[tokio::test]
async fn of_many_missing_contracts_some_are_looked_for_at_once_and_all_in_turn() {
    let world = World::new().await;
    let contract = |number: u8| ContractId([number; 32]);
    let ids = ignored(&world, (10..160).map(contract)).await;
    world.enclave.contracts.lock().unwrap().insert(contract(159));
    let mut stage = world.execute_stage();
    stage.step().await.unwrap();
    assert_eq!(world.enclave.lookups(), 100);
    assert_eq!(world.state(ids[149]).await, StateName::Ignored);
    world.later(Duration::from_secs(29));
    stage.step().await.unwrap();
    assert_eq!(world.enclave.lookups(), 100, "not before its time");
    world.later(Duration::from_secs(1));
    stage.step().await.unwrap();
    assert_eq!(world.enclave.lookups(), 150);
    stage.finish().await;
    assert_eq!(world.state(ids[149]).await, StateName::Reported);
    world.later(Duration::from_secs(30));
    stage.step().await.unwrap();
    assert_eq!(world.enclave.lookups(), 250, "from the first one on again");
}
