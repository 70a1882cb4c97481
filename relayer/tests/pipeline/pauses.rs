//! An operator's pauses against work that is under way.

use crate::{
    chain::account,
    world::{CONTRACT, World, until},
};
use phat_connector::{Fees, PreparedTransaction, TxHash};
use phat_protocol::{Amount, Digest, RequestId};
use phat_relayer::{
    clock::Millis,
    pipeline::{Progress, Stage, StageError},
    request::StateName,
    store::{AdminStore, NewAttempt, StoreError, Subject, SubmitStore},
};
use std::sync::Arc;
use tokio::sync::Semaphore;

const NOW: Millis = Millis(1_800_000_000_000);

fn chain() -> Subject {
    Subject::Chain("test".to_owned())
}

#[tokio::test]
async fn what_was_prepared_when_the_pause_came_is_not_sent() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    let gate = Arc::new(Semaphore::new(0));
    world.chain.state().gate = Some(gate.clone());
    let mut stage = world.submit_stage();
    let step = tokio::spawn(async move { stage.step().await });
    until("the transaction is being signed", || world.chain.calls("prepare") == 1).await;
    world.store.pause(&chain(), None, NOW).await.unwrap();
    gate.add_permits(100);
    let refused = step.await.unwrap().unwrap_err();
    assert!(matches!(refused, StageError::Store(StoreError::Conflict { .. })), "{refused}");
    world.submit().await.unwrap();
    assert_eq!(world.chain.state().broadcasts.len(), 0);
    assert_eq!(world.state(id).await, StateName::Reported);
    world.store.resume(&chain(), NOW).await.unwrap();
    world.round().await;
    assert_eq!(world.state(id).await, StateName::Settled);
}

#[tokio::test]
async fn what_was_sent_before_a_pause_is_replaced_and_its_nonces_are_filled() {
    let world = World::new().await;
    let sent = world.submitted().await;
    let reported = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    world.store.pause(&chain(), None, NOW).await.unwrap();
    let prepared = |hash: u8, nonce: u64| PreparedTransaction {
        hash: TxHash(Digest([hash; 32])),
        raw: vec![hash],
        nonce,
        gas_limit: 1,
        fees: Fees { max_fee: Amount::from(200), max_priority_fee: Amount::from(2) },
    };
    let attempt = |requests: Vec<RequestId>, transaction: PreparedTransaction| NewAttempt {
        chain: "test".to_owned(),
        submitter: account(0),
        requests,
        transaction,
    };
    let open = world.store.open_attempts("test").await.unwrap();
    world.store.add_transaction(open[0].id, &prepared(1, 0), NOW).await.unwrap();
    world.store.begin(&[attempt(Vec::new(), prepared(2, 1))], NOW).await.unwrap();
    let both = [attempt(Vec::new(), prepared(3, 2)), attempt(vec![reported], prepared(4, 3))];
    let refused = world.store.begin(&both, NOW).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    assert_eq!(world.store.open_attempts("test").await.unwrap().len(), 2, "all or none");
    assert_eq!(world.state(sent).await, StateName::Submitted);
    assert_eq!(world.state(reported).await, StateName::Reported);
}

/// Asks for twice as many runs as there may be at once, and pauses while the first of them are under way.
async fn paused_while_half_of_it_runs(subject: Subject) {
    let world = World::new().await;
    let ids: Vec<RequestId> = (0..16).map(|_| world.chain.ask(CONTRACT, 600)).collect();
    world.watch().await.unwrap();
    let gate = Arc::new(Semaphore::new(0));
    *world.enclave.gate.lock().unwrap() = Some(gate.clone());
    let mut stage = world.execute_stage();
    assert_eq!(stage.step().await.unwrap(), Progress::More);
    until("as many run as may", || world.enclave.running() == 8).await;
    world.store.pause(&subject, None, NOW).await.unwrap();
    gate.add_permits(100);
    stage.finish().await;
    let counted = async |state: StateName| {
        let mut count = 0;
        for id in &ids {
            count += usize::from(world.state(*id).await == state);
        }
        count
    };
    assert_eq!((world.enclave.executions(), counted(StateName::Reported).await), (8, 8));
    assert_eq!(counted(StateName::Observed).await, 8);
    assert_eq!(stage.step().await.unwrap(), Progress::Idle, "nothing is taken up");
    // Nothing failed, so nothing waits after a failure.
    world.store.resume(&subject, NOW).await.unwrap();
    assert_eq!(stage.step().await.unwrap(), Progress::More);
    stage.finish().await;
    assert_eq!((world.enclave.executions(), counted(StateName::Reported).await), (16, 16));
}

#[tokio::test]
async fn what_waited_for_its_turn_when_its_chain_was_paused_is_not_executed() {
    paused_while_half_of_it_runs(chain()).await;
}

#[tokio::test]
async fn what_waited_for_its_turn_when_its_contract_was_paused_is_not_executed() {
    paused_while_half_of_it_runs(Subject::Contract(CONTRACT)).await;
}
