use super::*;
use crate::{
    clock::SystemClock,
    jobs::{JobName, JobSpec, Schedule, ScheduleForm},
    store::{JobRunPage, JobStore, sqlite::SqliteStore},
};
use phat_connector::{
    Asked, ChainError, ChainFacts, Entry, EntryRefusal, ObservedRequest, OnChainState, Receipt, Resolution, Sent,
    TxHash,
};
use phat_protocol::{BlockHash, ContractId, Digest, EvmAddress, RequestId, WorkerAddress};
use std::{
    convert::Infallible,
    ops::RangeInclusive,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tempfile::TempDir;
use tokio::sync::watch;

const CHAIN: Chain = Chain::Evm(31337);
const NOT_ASKED: &str = "jobs don't ask for it";

/// A chain whose blocks are told by a number each: their fork.
#[derive(Default)]
struct TestChain {
    forks: Mutex<Vec<u8>>,
    events: Mutex<Vec<ChainEvent>>,
    heads: AtomicUsize,
    queries: AtomicUsize,
}

impl TestChain {
    fn block(&self, number: u64) -> Option<BlockRef> {
        let fork = *self.forks.lock().unwrap().get(usize::try_from(number).unwrap())?;
        let mut hash = [fork; 32];
        hash[..8].copy_from_slice(&number.to_le_bytes());
        Some(BlockRef { number, hash: BlockHash(hash) })
    }

    /// Grows to a height on a fork, from the height `from` on.
    fn grow(&self, from: usize, to: usize, fork: u8) {
        let mut forks = self.forks.lock().unwrap();
        forks.truncate(from);
        forks.resize(to + 1, fork);
        drop(forks);
        let canonical = |event: &ChainEvent| self.block(event.block.number) == Some(event.block);
        self.events.lock().unwrap().retain(canonical);
    }

    /// A log in a block: its transaction and its data.
    fn emit(&self, number: u64, transaction: u8, data: u8) {
        let mut events = self.events.lock().unwrap();
        let index = u32::try_from(events.len()).unwrap();
        events.push(ChainEvent {
            block: self.block(number).unwrap(),
            transaction: TxHash(Digest([transaction; 32])),
            index,
            emitter: vec![1; 20],
            topics: vec![Digest([2; 32])],
            data: vec![data],
        });
    }
}

#[async_trait]
impl RequestSource for TestChain {
    async fn head(&self) -> Result<Head, ChainError> {
        self.heads.fetch_add(1, Ordering::SeqCst);
        let height = u64::try_from(self.forks.lock().unwrap().len()).unwrap() - 1;
        let latest = self.block(height).unwrap();
        Ok(Head { latest, timestamp: 0, confirmed: latest, confirmed_timestamp: 0 })
    }

    async fn block(&self, number: u64) -> Result<Option<BlockRef>, ChainError> {
        Ok(self.block(number))
    }

    async fn block_time(&self, _: u64) -> Result<Option<u64>, ChainError> {
        panic!("{NOT_ASKED}")
    }

    async fn requests(&self, _: RangeInclusive<u64>) -> Result<Vec<ObservedRequest>, ChainError> {
        panic!("{NOT_ASKED}")
    }

    async fn listen(&self, _: &watch::Sender<u64>) -> Result<Infallible, ChainError> {
        panic!("{NOT_ASKED}")
    }
}

#[async_trait]
impl EventSource for TestChain {
    async fn events(
        &self,
        filters: &[EventFilter],
        blocks: RangeInclusive<u64>,
    ) -> Result<Vec<ChainEvent>, ChainError> {
        self.queries.fetch_add(1, Ordering::SeqCst);
        let events = self.events.lock().unwrap();
        let asked = events
            .iter()
            .filter(|event| blocks.contains(&event.block.number) && filters.iter().any(|filter| filter.admits(event)));
        Ok(asked.cloned().collect())
    }
}

#[async_trait]
impl OracleStatus for TestChain {
    async fn facts(&self) -> Result<ChainFacts, ChainError> {
        let none = String::new;
        Ok(ChainFacts { chain: CHAIN, oracle: none(), registry: none(), threshold: 1, paused: false })
    }

    async fn states(&self, _: &[RequestId], _: Option<u64>) -> Result<Vec<OnChainState>, ChainError> {
        panic!("{NOT_ASKED}")
    }

    async fn resolutions(&self, _: &[Asked], _: u64) -> Result<Vec<Resolution>, ChainError> {
        panic!("{NOT_ASKED}")
    }

    async fn refusals(&self, _: &[Entry]) -> Result<Vec<Option<EntryRefusal>>, ChainError> {
        panic!("{NOT_ASKED}")
    }

    async fn receipts(&self, _: &[Sent]) -> Result<Vec<Receipt>, ChainError> {
        panic!("{NOT_ASKED}")
    }

    async fn is_active(&self, _: WorkerAddress) -> Result<bool, ChainError> {
        panic!("{NOT_ASKED}")
    }
}

struct World {
    store: Arc<SqliteStore>,
    chain: Arc<TestChain>,
    _folder: TempDir,
}

impl World {
    /// A chain of the height 10.
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("relayer.db")).await.unwrap());
        let chain = Arc::new(TestChain::default());
        chain.grow(0, 10, 1);
        Self { store, chain, _folder: folder }
    }

    async fn add(&self, name: &str, schedule: serde_json::Value, missed: Missed) {
        let form: ScheduleForm = serde_json::from_value(schedule).unwrap();
        let spec = JobSpec {
            name: name.parse().unwrap(),
            contract_id: ContractId([1; 32]),
            input: vec![1],
            append_trigger: true,
            schedule: Schedule::try_from(form).unwrap(),
            missed,
        };
        let start = self.chain.head().await.unwrap().confirmed;
        assert!(self.store.add_job(&spec, Some(start), Millis(0)).await.unwrap());
    }

    async fn add_event(&self, name: &str) {
        let address = EvmAddress([1; 20]);
        let schedule = serde_json::json!({ "event": { "chain": "local", "address": address } });
        self.add(name, schedule, Missed::Skip).await;
    }

    /// As after a start of the process.
    fn stage(&self) -> ChainStage {
        let chain = JobChain {
            name: "local".into(),
            chain: CHAIN,
            source: self.chain.clone(),
            status: self.chain.clone(),
            events: self.chain.clone(),
            max_range: NonZeroU64::new(3).unwrap(),
        };
        ChainStage::new(chain, self.store.clone(), Arc::new(SystemClock), JobDoorbells::default())
    }

    async fn drive(&self, stage: &mut ChainStage) {
        while stage.step().await.unwrap() == Progress::More {}
    }

    async fn triggers(&self, name: &str) -> Vec<JobTrigger> {
        let name: JobName = name.parse().unwrap();
        let job = self.store.job(&name).await.unwrap().unwrap();
        let runs = self.store.job_runs(job.id, JobRunPage { before: None, limit: 500 }).await.unwrap();
        runs.into_iter().rev().map(|run| run.trigger).collect()
    }

    /// The data of the events that runs were queued for.
    async fn told(&self, name: &str) -> Vec<u8> {
        let data = |trigger| match trigger {
            JobTrigger::Event { data, .. } => data[0],
            JobTrigger::Order { .. } | JobTrigger::Cron { .. } | JobTrigger::Blocks { .. } => panic!("{trigger:?}"),
        };
        self.triggers(name).await.into_iter().map(data).collect()
    }
}

#[tokio::test]
async fn each_event_above_the_start_is_queued_once_and_in_order() {
    let world = World::new().await;
    world.chain.emit(10, 1, 1);
    world.add_event("on-log").await;
    let mut stage = world.stage();
    world.chain.grow(11, 20, 1);
    // Two in one transaction that say the same are two.
    for (number, transaction, data) in [(11, 2, 2), (11, 2, 3), (11, 2, 3), (15, 3, 4), (20, 4, 5)] {
        world.chain.emit(number, transaction, data);
    }
    world.drive(&mut stage).await;
    assert_eq!(world.told("on-log").await, [2, 3, 3, 4, 5]);
    world.drive(&mut world.stage()).await;
    assert_eq!(world.told("on-log").await.len(), 5);
}

#[tokio::test]
async fn a_reorganisation_repeats_no_event_and_loses_none() {
    let world = World::new().await;
    world.add_event("on-log").await;
    let mut stage = world.stage();
    world.chain.grow(11, 14, 1);
    world.chain.emit(12, 1, 1);
    world.chain.emit(14, 2, 2);
    world.drive(&mut stage).await;
    assert_eq!(world.told("on-log").await, [1, 2]);
    // Block 14 is gone; its transaction comes back later, and another block 13 tells more.
    world.chain.grow(13, 16, 2);
    world.chain.emit(13, 3, 3);
    world.chain.emit(16, 2, 2);
    world.drive(&mut stage).await;
    assert_eq!(world.told("on-log").await, [1, 2, 3]);
    // A shorter fork shows itself when it is as high.
    world.chain.grow(15, 15, 3);
    world.drive(&mut stage).await;
    world.chain.grow(16, 17, 3);
    world.chain.emit(17, 4, 4);
    world.drive(&mut stage).await;
    assert_eq!(world.told("on-log").await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn all_jobs_of_a_chain_share_one_look_and_one_query() {
    let world = World::new().await;
    for name in ["one", "two", "three"] {
        world.add_event(name).await;
    }
    let mut stage = world.stage();
    world.drive(&mut stage).await;
    world.chain.heads.store(0, Ordering::SeqCst);
    for _ in 0..5 {
        assert_eq!(stage.step().await.unwrap(), Progress::Idle);
    }
    assert_eq!((world.chain.heads.load(Ordering::SeqCst), world.chain.queries.load(Ordering::SeqCst)), (5, 0));
    world.chain.grow(11, 12, 1);
    world.chain.emit(12, 1, 1);
    world.drive(&mut stage).await;
    assert_eq!(world.chain.queries.load(Ordering::SeqCst), 1);
    for name in ["one", "two", "three"] {
        assert_eq!(world.told(name).await, [1]);
    }
}

#[tokio::test]
async fn a_chain_without_jobs_is_left_alone() {
    let world = World::new().await;
    let before = world.chain.heads.load(Ordering::SeqCst);
    assert_eq!(world.stage().step().await.unwrap(), Progress::Idle);
    assert_eq!(world.chain.heads.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn the_newest_height_that_the_interval_divides_is_run_at() {
    let world = World::new().await;
    world.add("each-five", serde_json::json!({ "every_blocks": 5, "chain": "local" }), Missed::Skip).await;
    let mut stage = world.stage();
    world.drive(&mut stage).await;
    assert_eq!(world.triggers("each-five").await, []);
    world.chain.grow(11, 14, 1);
    world.drive(&mut stage).await;
    assert_eq!(world.triggers("each-five").await, []);
    // 15 and 20 at once.
    world.chain.grow(15, 21, 1);
    world.drive(&mut stage).await;
    let expected = JobTrigger::block(CHAIN, world.chain.block(20).unwrap());
    assert_eq!(world.triggers("each-five").await, [expected]);
    let job = world.store.job(&"each-five".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((job.skipped, job.last_skip.map(|(_, reason)| reason)), (1, Some(SkipReason::Passed)));
    assert_eq!(job.cursor, Some(21));
}

#[tokio::test]
async fn heights_that_passed_while_nobody_was_there_are_over_or_run_for_once() {
    for (missed, expected) in [(Missed::Skip, 0), (Missed::Once, 1)] {
        let world = World::new().await;
        world.add("each-five", serde_json::json!({ "every_blocks": 5, "chain": "local" }), missed).await;
        world.chain.grow(11, 21, 1);
        world.drive(&mut world.stage()).await;
        assert_eq!(world.triggers("each-five").await.len(), expected, "{missed}");
    }
}

#[tokio::test]
async fn events_of_a_pause_are_run_for_after_it_and_heights_are_over() {
    let world = World::new().await;
    world.add_event("on-log").await;
    world.add("each-five", serde_json::json!({ "every_blocks": 5, "chain": "local" }), Missed::Once).await;
    let mut stage = world.stage();
    world.drive(&mut stage).await;
    let names: [JobName; 2] = ["on-log".parse().unwrap(), "each-five".parse().unwrap()];
    for name in &names {
        world.store.pause_job(name, Some("a test"), Millis(0)).await.unwrap().unwrap();
    }
    world.chain.grow(11, 16, 1);
    world.chain.emit(12, 1, 1);
    world.drive(&mut stage).await;
    assert_eq!((world.told("on-log").await.len(), world.triggers("each-five").await.len()), (0, 0));
    for name in &names {
        assert_eq!(world.store.resume_job(name, Millis(1)).await.unwrap(), Some(true));
    }
    world.drive(&mut stage).await;
    assert_eq!((world.told("on-log").await, world.triggers("each-five").await.len()), (vec![1], 0));
}
