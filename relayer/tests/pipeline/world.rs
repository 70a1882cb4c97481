//! The stages over a real database, each made anew for each step, so that nothing lives but the rows.

use crate::{chain::TestChain, enclave::TestEnclave};
use phat_protocol::{ContractId, RequestId};
use phat_relayer::{
    clock::Clock,
    pipeline::{
        ChainEnd, Doorbells, ExecuteSettings, ExecuteStage, Progress, RescanStage, RetrySettings, SettleStage, Stage,
        StageError, SubmitSettings, SubmitStage, Submitter, Submitters, WatchSettings, WatchStage,
    },
    request::StateName,
    store::{ReadStore, RequestLife, sqlite::SqliteStore},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;

pub(crate) const CONTRACT: ContractId = ContractId([5; 32]);
pub(crate) const START: u64 = 1_800_000_000;

pub(crate) struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct World {
    pub(crate) chain: TestChain,
    pub(crate) enclave: Arc<TestEnclave>,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) end: ChainEnd,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let chain = TestChain::new(START);
        let enclave = Arc::new(TestEnclave::default());
        enclave.contracts.lock().unwrap().insert(CONTRACT);
        let store = Arc::new(SqliteStore::open(&folder.path().join("relayer.db")).await.unwrap());
        let end = ChainEnd {
            name: "test".into(),
            source: Arc::new(chain.clone()),
            submitters: Submitters::one(Arc::new(chain.wallet(0))),
            status: Arc::new(chain.clone()),
            doorbells: Doorbells::default(),
        };
        Self { chain, enclave, store, clock: Arc::new(TestClock(AtomicU64::new(START * 1000))), end, folder }
    }

    /// With a second wallet beside the first.
    pub(crate) async fn with_two_wallets() -> Self {
        let mut world = Self::new().await;
        let submitter = |number| Submitter { sink: Arc::new(world.chain.wallet(number)), min_balance: None };
        world.end.submitters = Submitters::new(submitter(0), vec![submitter(1)]);
        world
    }

    pub(crate) const RETRY: RetrySettings =
        RetrySettings { initial: Duration::from_millis(100), max: Duration::from_secs(10) };

    pub(crate) async fn drive(&self, mut stage: impl Stage) -> Result<(), StageError> {
        while stage.step().await? == Progress::More {}
        Ok(())
    }

    pub(crate) fn watch_stage(&self) -> WatchStage {
        let settings = WatchSettings { from_block: 0, max_range: 3, overlap: 2 };
        WatchStage::new(self.end.clone(), self.store.clone(), self.clock.clone(), settings)
    }

    pub(crate) async fn watch(&self) -> Result<(), StageError> {
        self.drive(self.watch_stage()).await
    }

    pub(crate) fn rescan_stage(&self) -> RescanStage {
        RescanStage::new(self.end.clone(), self.store.clone(), self.clock.clone(), 3, Self::RETRY)
    }

    pub(crate) async fn rescan(&self) -> Result<(), StageError> {
        self.drive(self.rescan_stage()).await
    }

    pub(crate) fn execute_stage(&self) -> ExecuteStage {
        let settings = ExecuteSettings { concurrency: 8, lease: Duration::from_secs(60), retry: Self::RETRY };
        ExecuteStage::new(self.end.clone(), self.store.clone(), self.enclave.clone(), self.clock.clone(), settings)
    }

    pub(crate) async fn execute(&self) -> Result<(), StageError> {
        let mut stage = self.execute_stage();
        while stage.step().await? == Progress::More {
            stage.finish().await;
        }
        Ok(())
    }

    pub(crate) fn submit_stage(&self) -> SubmitStage {
        let settings = SubmitSettings {
            batch: 5,
            max_open: 3,
            rebroadcast: Duration::from_secs(30),
            bump_after: Duration::from_secs(60),
            max_bumps: 3,
            expiry_margin: Duration::from_secs(5),
            retry: Self::RETRY,
        };
        SubmitStage::new(self.end.clone(), self.store.clone(), self.clock.clone(), settings)
    }

    pub(crate) async fn submit(&self) -> Result<(), StageError> {
        self.drive(self.submit_stage()).await
    }

    pub(crate) fn settle_stage(&self) -> SettleStage {
        SettleStage::new(self.end.clone(), self.store.clone(), self.clock.clone())
    }

    pub(crate) async fn settle(&self) -> Result<(), StageError> {
        self.drive(self.settle_stage()).await
    }

    pub(crate) fn later(&self, by: Duration) {
        self.clock.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) async fn state(&self, id: RequestId) -> StateName {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("relayer.db"));
        let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
        let (state,): (String,) = sqlx::query_as("SELECT state FROM requests WHERE id = ?")
            .bind(id.0.as_slice())
            .fetch_one(&mut connection)
            .await
            .unwrap();
        state.parse().unwrap()
    }

    /// All that the store knows of a request.
    pub(crate) async fn life(&self, id: RequestId) -> RequestLife {
        self.store.request(id).await.unwrap().unwrap()
    }

    /// A request whose transaction is stored, and didn't get through to the node.
    pub(crate) async fn stored_and_not_sent(&self, lifetime: u64) -> RequestId {
        let id = self.chain.ask(CONTRACT, lifetime);
        self.watch().await.unwrap();
        self.execute().await.unwrap();
        self.chain.state().deaf = true;
        self.submit().await.unwrap_err();
        assert_eq!(self.state(id).await, StateName::Submitted);
        id
    }

    /// A request whose transaction waits in the pool.
    pub(crate) async fn submitted(&self) -> RequestId {
        let id = self.chain.ask(CONTRACT, 600);
        self.watch().await.unwrap();
        self.execute().await.unwrap();
        self.submit().await.unwrap();
        id
    }

    /// A request whose answer is in the newest block, where three more make a block count.
    pub(crate) async fn settled_unconfirmed(&self) -> RequestId {
        self.chain.state().confirmations = 3;
        let id = self.chain.ask(CONTRACT, 600);
        for _ in 0..3 {
            self.chain.mine();
        }
        self.watch().await.unwrap();
        self.execute().await.unwrap();
        self.submit().await.unwrap();
        self.chain.mine();
        self.settle().await.unwrap();
        assert_eq!(self.state(id).await, StateName::Settled);
        id
    }

    /// Every stage once, and a block.
    pub(crate) async fn round(&self) {
        self.watch().await.unwrap();
        self.execute().await.unwrap();
        self.submit().await.unwrap();
        self.chain.mine();
        self.settle().await.unwrap();
    }
}

/// Other tasks go on until the condition holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let waited = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waited).await.expect(what);
}
