//! Transactions that nobody pays for: a nonce may be left out, and an entry without effect spoils all of them.

use crate::world::{CONTRACT, World};
use phat_protocol::RequestId;
use phat_relayer::{
    pipeline::{SettleStage, Stage},
    request::StateName,
    store::SubmitStore,
};
use std::time::Duration;

async fn world() -> World {
    let world = World::new().await;
    {
        let mut state = world.chain.state();
        state.unsigned = true;
        state.fee_cap = Some(0);
    }
    world
}

impl World {
    /// The nonces of the attempts that are open.
    async fn open(&self) -> Vec<u64> {
        self.store.open_attempts("test").await.unwrap().iter().map(|attempt| attempt.nonce).collect()
    }

    async fn assert_answered_once(&self, ids: &[RequestId]) {
        for id in ids {
            let (state, answers) = (self.state(*id).await, self.chain.answers(*id));
            assert_eq!((state, answers), (StateName::Settled, 1), "{:#?}", self.life(*id).await);
        }
        assert_eq!((self.chain.wasted(), self.open().await), (0, Vec::new()));
    }
}

#[tokio::test]
async fn an_attempt_whose_requests_others_answered_is_given_up_and_fills_nothing() {
    let world = world().await;
    let first = world.submitted().await;
    world.chain.answered_in_time_by_another(first);
    assert_eq!(world.open().await, [0]);
    world.later(Duration::from_secs(31));
    world.submit().await.unwrap();
    assert!(world.open().await.is_empty(), "given up");
    world.round().await;
    world.assert_answered_once(&[first]).await;
    assert_eq!(world.chain.mined_of(0), 0);
    let second = world.submitted().await;
    assert_eq!(world.open().await, [0], "nothing used the nonce");
    world.chain.mine();
    world.settle().await.unwrap();
    world.assert_answered_once(&[first, second]).await;
}

#[tokio::test]
async fn what_spoils_a_batch_is_left_out_of_the_next_with_the_same_nonce() {
    let world = world().await;
    let ids: Vec<RequestId> = (0..3).map(|_| world.chain.ask(CONTRACT, 600)).collect();
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    world.submit().await.unwrap();
    world.chain.answered_in_time_by_another(ids[1]);
    assert_eq!(world.chain.answers(ids[0]), 0, "spoilt");
    world.later(Duration::from_secs(31));
    world.submit().await.unwrap();
    assert_eq!(world.open().await, [0]);
    world.chain.mine();
    world.settle().await.unwrap();
    // What had no effect is looked at again soon.
    world.later(Duration::from_secs(5));
    world.round().await;
    world.assert_answered_once(&ids).await;
    assert_eq!(world.chain.mined_of(0), 1);
}

#[tokio::test]
async fn an_attempt_that_is_given_up_holds_up_none_after_it() {
    let world = world().await;
    world.chain.state().room = 1;
    let [first, second] = [(); 2].map(|()| world.chain.ask(CONTRACT, 600));
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    world.submit().await.unwrap();
    assert_eq!(world.open().await, [0, 1]);
    world.chain.answered_in_time_by_another(first);
    // The second is in the block after that.
    world.settle().await.unwrap();
    assert_eq!((world.state(second).await, world.chain.answers(second)), (StateName::Settled, 1));
    world.later(Duration::from_secs(31));
    // The nonce is used by the second: that the first is lost is known some blocks later.
    let mut settle = SettleStage::new(world.end.clone(), world.store.clone(), world.clock.clone());
    for _ in 0..4 {
        settle.step().await.unwrap();
        settle.step().await.unwrap();
        world.chain.mine();
    }
    world.round().await;
    world.assert_answered_once(&[first, second]).await;
}

#[tokio::test]
async fn a_nonce_that_was_overtaken_is_lost_and_its_reports_go_with_another() {
    let world = world().await;
    let first = world.submitted().await;
    world.chain.forget_pool();
    let second = world.submitted().await;
    assert_eq!(world.open().await, [0, 1], "no lower nonce is taken while one is open");
    world.chain.mine();
    assert_eq!((world.chain.answers(first), world.chain.answers(second)), (0, 1));
    let mut settle = SettleStage::new(world.end.clone(), world.store.clone(), world.clock.clone());
    for _ in 0..4 {
        settle.step().await.unwrap();
        settle.step().await.unwrap();
        world.chain.mine();
    }
    assert_eq!(world.state(first).await, StateName::Reported);
    world.round().await;
    world.assert_answered_once(&[first, second]).await;
    assert_eq!(world.chain.mined_of(0), 3, "the nonces 1 and 2");
}

#[tokio::test]
async fn an_attempt_that_answered_its_requests_itself_is_not_given_up() {
    let world = world().await;
    let id = world.submitted().await;
    world.chain.mine();
    world.later(Duration::from_secs(31));
    world.submit().await.unwrap();
    assert_eq!(world.open().await, [0], "its receipt tells");
    world.settle().await.unwrap();
    world.assert_answered_once(&[id]).await;
    assert_eq!(world.life(id).await.summary.state, StateName::Settled);
}

#[tokio::test]
async fn what_was_given_up_and_is_pending_again_after_a_reorganisation_is_answered_once() {
    let world = world().await;
    let id = world.submitted().await;
    world.chain.answered_in_time_by_another(id);
    world.later(Duration::from_secs(31));
    world.submit().await.unwrap();
    assert!(world.open().await.is_empty());
    // The other's answer is gone, and the transaction that was given up is mined after all.
    world.chain.reorganise(2, false);
    world.chain.mine();
    world.chain.mine();
    world.round().await;
    world.chain.mine();
    world.round().await;
    world.assert_answered_once(&[id]).await;
}
