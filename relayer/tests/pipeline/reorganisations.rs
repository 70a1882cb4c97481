//! Chains that take blocks back, and nodes that lag or are away.

use crate::{
    chain::account,
    world::{CONTRACT, World},
};
use phat_connector::{BlockRef, ChainError, Fees, PreparedTransaction, Receipt, TxHash};
use phat_protocol::{Amount, BlockHash, Digest, RequestId};
use phat_relayer::{
    attempt::AttemptId,
    clock::Millis,
    pipeline::{Progress, Stage, StageError},
    request::StateName,
    store::{Attempted, NewAttempt, SettleStore, SubmitStore},
};
use std::time::Duration;

#[tokio::test]
async fn a_request_of_a_dropped_block_is_orphaned_and_lives_again_when_it_is_included_again() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    let observed = world.chain.observed(id);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    world.chain.reorganise(1, false);
    world.chain.mine();
    world.watch().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Orphaned);
    world.chain.reorganise(1, false);
    world.chain.include_again(&observed);
    world.watch().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Reported);
    world.round().await;
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
    assert_eq!(world.enclave.executions(), 1);
}

#[tokio::test]
async fn an_answer_whose_block_is_reorganised_away_is_submitted_again() {
    let world = World::new().await;
    let id = world.settled_unconfirmed().await;
    world.chain.reorganise(1, false);
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Settled, "the node may lag");
    world.chain.mine();
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Submitted);
    world.later(Duration::from_secs(31));
    world.submit().await.unwrap();
    for _ in 0..4 {
        world.chain.mine();
    }
    world.settle().await.unwrap();
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
    assert_eq!(world.chain.wasted(), 0);
}

#[tokio::test]
async fn an_answer_that_was_final_is_sent_again_when_its_block_is_reorganised_away() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.round().await;
    world.watch().await.unwrap();
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
    world.chain.reorganise(1, false);
    for _ in 0..2 {
        world.chain.mine();
    }
    world.watch().await.unwrap();
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Submitted);
    world.later(Duration::from_secs(31));
    world.round().await;
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
    // And the nonces after it are free.
    let next = world.chain.ask(CONTRACT, 600);
    world.round().await;
    assert_eq!((world.state(next).await, world.chain.wasted()), (StateName::Settled, 0));
}

#[tokio::test]
async fn what_another_answered_is_answered_again_when_that_block_is_reorganised_away() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    world.chain.answered_by_another(id);
    world.execute().await.unwrap();
    world.watch().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Settled);
    world.chain.reorganise(1, false);
    for _ in 0..2 {
        world.chain.mine();
    }
    world.round().await;
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
}

#[tokio::test]
async fn what_another_answered_in_a_block_that_goes_before_it_is_watched_is_answered_again() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    world.chain.answered_by_another(id);
    world.execute().await.unwrap();
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Settled);
    world.chain.reorganise(1, false);
    for _ in 0..2 {
        world.chain.mine();
    }
    world.round().await;
    world.round().await;
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
}

#[tokio::test]
async fn an_answer_of_another_s_is_looked_at_once_more_and_no_more() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    world.chain.answered_by_another(id);
    world.execute().await.unwrap();
    assert!(world.store.unproven("test", 10).await.unwrap().is_empty(), "its block isn't watched yet");
    world.watch().await.unwrap();
    let answer = world.store.unproven("test", 10).await.unwrap();
    assert_eq!(answer.iter().map(|answer| answer.id).collect::<Vec<_>>(), [id]);
    world.settle().await.unwrap();
    assert!(world.store.unproven("test", 10).await.unwrap().is_empty());
    assert_eq!(world.state(id).await, StateName::Settled);
}

#[tokio::test]
async fn an_answer_that_is_mined_again_without_effect_is_not_believed() {
    let world = World::new().await;
    let id = world.settled_unconfirmed().await;
    // On the new fork the same transaction comes after another's answer.
    world.chain.reorganise(1, true);
    world.chain.answered_first_by_another(id);
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Submitted);
    for _ in 0..4 {
        world.chain.mine();
    }
    world.settle().await.unwrap();
    world.later(Duration::from_secs(10));
    world.round().await;
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
}

#[tokio::test]
async fn a_node_that_lags_orphans_nothing() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    world.chain.reorganise(1, false);
    world.watch().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Observed);
}

#[tokio::test]
async fn a_node_that_keeps_lacking_a_block_below_its_newest_is_a_trouble_until_it_has_it() {
    let world = World::new().await;
    let watched = world.chain.mine().number;
    world.watch().await.unwrap();
    let above = world.chain.ask(CONTRACT, 600);
    world.chain.state().hole = Some(watched);
    let mut watch = world.watch_stage();
    let mut failure = None;
    for _ in 0..20 {
        failure = watch.step().await.err().or(failure);
    }
    let Some(StageError::Chain(ChainError::Malformed { cause, .. })) = failure else { panic!("{failure:?}") };
    assert!(cause.contains("missing below the newest"), "{cause}");
    world.chain.state().hole = None;
    while watch.step().await.unwrap() == Progress::More {}
    assert_eq!(world.state(above).await, StateName::Observed);
}

#[tokio::test]
async fn an_unreachable_chain_changes_nothing() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    world.chain.state().unreachable = true;
    world.watch().await.unwrap_err();
    world.execute().await.unwrap_err();
    world.settle().await.unwrap_err();
    assert_eq!(world.state(id).await, StateName::Observed);
    world.chain.state().unreachable = false;
    world.later(Duration::from_secs(1));
    world.round().await;
    assert_eq!(world.state(id).await, StateName::Settled);
}

#[tokio::test]
async fn receipts_that_are_hidden_for_a_while_take_no_answer_back() {
    let world = World::new().await;
    let id = world.settled_unconfirmed().await;
    world.chain.state().hides_receipts = true;
    let mut settle = world.settle_stage();
    for _ in 0..5 {
        settle.step().await.unwrap();
        world.chain.mine();
        world.later(Duration::from_secs(11));
    }
    assert_eq!(world.state(id).await, StateName::Settled);
    world.chain.state().hides_receipts = false;
    settle.step().await.unwrap();
    world.later(Duration::from_secs(61));
    world.round().await;
    assert_eq!((world.state(id).await, world.chain.answers(id), world.chain.wasted()), (StateName::Settled, 1, 0));
    assert_eq!(world.chain.state().broadcasts.len(), 1, "it was sent again");
}

#[tokio::test]
async fn another_chain_behind_the_endpoint_takes_nothing_back() {
    let world = World::new().await;
    let asked = world.settled_unconfirmed().await;
    let (mut watch, mut settle) = (world.watch_stage(), world.settle_stage());
    while watch.step().await.unwrap() == Progress::More {}
    world.chain.state().elsewhere = true;
    world.chain.reorganise(4, false);
    for _ in 0..6 {
        world.chain.mine();
    }
    for error in [watch.step().await.unwrap_err(), settle.step().await.unwrap_err()] {
        assert!(matches!(error, StageError::Chain(ChainError::WrongChain { .. })), "{error:?}");
    }
    assert_eq!(world.state(asked).await, StateName::Settled);
}

#[tokio::test]
async fn an_answer_that_was_written_as_final_after_its_block_had_gone_is_sent_again() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    world.round().await;
    assert_eq!(world.state(id).await, StateName::Settled);
    // `watch` went back before the receipt was written, and goes back no more.
    world.chain.reorganise(1, false);
    for _ in 0..2 {
        world.chain.mine();
    }
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Submitted);
    world.later(Duration::from_secs(31));
    // And its nonce is in nobody's way.
    let next = world.chain.ask(CONTRACT, 600);
    world.round().await;
    world.round().await;
    for id in [id, next] {
        assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
    }
    assert_eq!(world.chain.wasted(), 0);
}

#[tokio::test]
async fn a_transaction_is_sent_again_without_the_request_that_a_reorganisation_took() {
    let world = World::new().await;
    let stays = world.chain.ask(CONTRACT, 600);
    let goes = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    world.chain.state().deaf = true;
    world.submit().await.unwrap_err();
    assert_eq!(world.state(goes).await, StateName::Submitted);
    world.chain.state().deaf = false;
    world.chain.reorganise(1, false);
    world.chain.mine();
    // Though the rows don't know yet.
    world.submit().await.unwrap();
    world.chain.mine();
    world.watch().await.unwrap();
    world.settle().await.unwrap();
    assert_eq!((world.state(stays).await, world.state(goes).await), (StateName::Settled, StateName::Orphaned));
    assert_eq!((world.chain.answers(stays), world.chain.wasted()), (1, 0));
}

/// Stores an attempt with that nonce that carries the request's answer, and gives its transaction.
async fn carried(world: &World, id: RequestId, nonce: u8) -> (AttemptId, TxHash) {
    let one = Amount::from(1);
    let transaction = PreparedTransaction {
        hash: TxHash(Digest([nonce; 32])),
        raw: vec![nonce],
        nonce: u64::from(nonce),
        gas_limit: 1,
        fees: Fees { max_fee: one, max_priority_fee: one },
    };
    let hash = transaction.hash;
    let attempt = NewAttempt { chain: "test".to_owned(), submitter: account(0), requests: vec![id], transaction };
    (world.store.begin(&[attempt], Millis(0)).await.unwrap()[0], hash)
}

#[tokio::test]
async fn an_attempt_that_is_open_again_takes_no_request_from_the_one_that_carries_it_by_now() {
    let without_effect = |hash| {
        let block = BlockRef { number: 1, hash: BlockHash([9; 32]) };
        Attempted::Mined(Receipt { hash, block, succeeded: true, gas_used: 1, effects: Vec::new() })
    };
    for ends_dead in [false, true] {
        let world = World::new().await;
        let id = world.chain.ask(CONTRACT, 600);
        world.watch().await.unwrap();
        world.execute().await.unwrap();
        let (first, hash) = carried(&world, id, 0).await;
        world.store.attempted(first, &without_effect(hash), true, Millis(0)).await.unwrap();
        assert_eq!(world.state(id).await, StateName::Reported);
        let (second, _) = carried(&world, id, 1).await;
        // The first one's block goes.
        world.store.reopen(first, Millis(0)).await.unwrap();
        let ended = if ends_dead { Attempted::Dead } else { without_effect(hash) };
        world.store.attempted(first, &ended, true, Millis(0)).await.unwrap();
        assert_eq!(world.state(id).await, StateName::Submitted, "dead: {ends_dead}");
        // And the other ends as ever.
        world.store.attempted(second, &Attempted::Dead, true, Millis(0)).await.unwrap();
        assert_eq!(world.state(id).await, StateName::Reported, "dead: {ends_dead}");
    }
}
