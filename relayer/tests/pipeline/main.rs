//! The stages step by step over a real database, against a chain and an enclave whose every move the
//! test makes. Stages are made anew for each step, so that nothing lives but the rows.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod chain;
mod deaths;
mod enclave;

use chain::TestChain;
use enclave::TestEnclave;
use phat_protocol::{ContractId, RequestId};
use phat_relayer::{
    clock::{Clock, Millis},
    pipeline::{
        ChainEnd, Doorbells, ExecuteSettings, ExecuteStage, Progress, RetrySettings, SettleStage, Stage, StageError,
        SubmitSettings, SubmitStage, WatchSettings, WatchStage,
    },
    request::StateName,
    store::{ExecuteStore, Lease, LeaseToken, sqlite::SqliteStore},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;

const CONTRACT: ContractId = ContractId([5; 32]);
const START: u64 = 1_800_000_000;

struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

struct World {
    chain: TestChain,
    enclave: Arc<TestEnclave>,
    store: Arc<SqliteStore>,
    clock: Arc<TestClock>,
    end: ChainEnd,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let chain = TestChain::new(START);
        let enclave = Arc::new(TestEnclave::default());
        enclave.contracts.lock().unwrap().insert(CONTRACT);
        let store = Arc::new(SqliteStore::open(&folder.path().join("relayer.db")).await.unwrap());
        let end = ChainEnd {
            name: "test".into(),
            source: Arc::new(chain.clone()),
            sink: Arc::new(chain.clone()),
            status: Arc::new(chain.clone()),
            doorbells: Doorbells::default(),
        };
        Self { chain, enclave, store, clock: Arc::new(TestClock(AtomicU64::new(START * 1000))), end, folder }
    }

    const RETRY: RetrySettings = RetrySettings { initial: Duration::from_millis(100), max: Duration::from_secs(10) };

    async fn drive(&self, mut stage: impl Stage) -> Result<(), StageError> {
        while stage.step().await? == Progress::More {}
        Ok(())
    }

    async fn watch(&self) -> Result<(), StageError> {
        let settings = WatchSettings { from_block: 0, max_range: 3, overlap: 2 };
        self.drive(WatchStage::new(self.end.clone(), self.store.clone(), self.clock.clone(), settings)).await
    }

    async fn execute(&self) -> Result<(), StageError> {
        let settings = ExecuteSettings { concurrency: 8, lease: Duration::from_secs(60), retry: Self::RETRY };
        let mut stage =
            ExecuteStage::new(self.end.clone(), self.store.clone(), self.enclave.clone(), self.clock.clone(), settings);
        while stage.step().await? == Progress::More {
            stage.finish().await;
        }
        Ok(())
    }

    fn submit_stage(&self) -> SubmitStage {
        let settings = SubmitSettings {
            batch: 5,
            rebroadcast: Duration::from_secs(30),
            bump_after: Duration::from_secs(60),
            max_bumps: 3,
            expiry_margin: Duration::from_secs(5),
            retry: Self::RETRY,
        };
        SubmitStage::new(self.end.clone(), self.store.clone(), self.clock.clone(), settings)
    }

    async fn submit(&self) -> Result<(), StageError> {
        self.drive(self.submit_stage()).await
    }

    async fn settle(&self) -> Result<(), StageError> {
        self.drive(SettleStage::new(self.end.clone(), self.store.clone(), self.clock.clone())).await
    }

    fn later(&self, by: Duration) {
        self.clock.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    async fn state(&self, id: RequestId) -> StateName {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("relayer.db"));
        let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
        let (state,): (String,) = sqlx::query_as("SELECT state FROM requests WHERE id = ?")
            .bind(id.0.as_slice())
            .fetch_one(&mut connection)
            .await
            .unwrap();
        state.parse().unwrap()
    }

    /// A request whose transaction is stored, and didn't get through to the node.
    async fn stored_and_not_sent(&self, lifetime: u64) -> RequestId {
        let id = self.chain.ask(CONTRACT, lifetime);
        self.watch().await.unwrap();
        self.execute().await.unwrap();
        self.chain.state().deaf = true;
        self.submit().await.unwrap_err();
        assert_eq!(self.state(id).await, StateName::Submitted);
        id
    }

    /// Every stage once, and a block.
    async fn round(&self) {
        self.watch().await.unwrap();
        self.execute().await.unwrap();
        self.submit().await.unwrap();
        self.chain.mine();
        self.settle().await.unwrap();
    }
}

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
    world.chain.state().confirmations = 3;
    let id = world.chain.ask(CONTRACT, 600);
    for _ in 0..3 {
        world.chain.mine();
    }
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    world.submit().await.unwrap();
    world.chain.mine();
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Settled);
    world.chain.reorganise(1, false);
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
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    world.submit().await.unwrap();
    world.later(Duration::from_secs(61));
    world.submit().await.unwrap();
    assert_eq!(world.chain.state().broadcasts.len(), 2);
    world.chain.mine();
    world.settle().await.unwrap();
    assert_eq!((world.state(id).await, world.chain.answers(id)), (StateName::Settled, 1));
    assert_eq!(world.chain.wasted(), 0);
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
async fn a_refused_report_does_not_delay_the_others() {
    let world = World::new().await;
    let ids: Vec<RequestId> = (0..4).map(|_| world.chain.ask(CONTRACT, 600)).collect();
    world.chain.state().refused.insert(ids[0]);
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
async fn an_answer_that_is_mined_again_without_effect_is_not_believed() {
    let world = World::new().await;
    world.chain.state().confirmations = 3;
    let id = world.chain.ask(CONTRACT, 600);
    for _ in 0..3 {
        world.chain.mine();
    }
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    world.submit().await.unwrap();
    world.chain.mine();
    world.settle().await.unwrap();
    assert_eq!(world.state(id).await, StateName::Settled);
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
async fn a_nonce_that_a_reorganisation_set_free_is_filled() {
    let world = World::new().await;
    world.chain.state().stranger_nonces = 1;
    let id = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    world.submit().await.unwrap();
    // The stranger's transaction is gone, and with it the nonce before ours.
    world.chain.state().stranger_nonces = 0;
    world.chain.mine();
    assert_eq!(world.chain.answers(id), 0);
    world.submit().await.unwrap();
    world.chain.mine();
    world.settle().await.unwrap();
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
