use super::*;
use crate::{
    clock::Clock,
    jobs::{JobSpec, Schedule},
    store::{JobStore, sqlite::SqliteStore},
};
use phat_protocol::ContractId;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

const MINUTE: i64 = 60_000;

struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

struct World {
    store: Arc<SqliteStore>,
    clock: Arc<TestClock>,
    _folder: TempDir,
}

impl World {
    /// At the epoch, with a job that runs each minute.
    async fn new(missed: Missed) -> Self {
        let folder = TempDir::new().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("relayer.db")).await.unwrap());
        let spec = JobSpec {
            name: "minutely".parse().unwrap(),
            contract_id: ContractId([1; 32]),
            input: vec![1],
            append_trigger: false,
            schedule: Schedule::Cron("* * * * *".parse().unwrap()),
            missed,
        };
        assert!(store.add_job(&spec, None, Millis(0)).await.unwrap());
        Self { store, clock: Arc::new(TestClock(AtomicU64::new(0))), _folder: folder }
    }

    /// As after a start of the process.
    fn stage(&self) -> ClockStage {
        ClockStage::new(self.store.clone(), self.clock.clone(), JobDoorbells::default())
    }

    fn at(&self, millis: u64) {
        self.clock.0.store(millis, Ordering::SeqCst);
    }

    /// Runs that are queued, times that were skipped and why, and the next time.
    async fn job(&self) -> (u64, u64, Option<SkipReason>, Option<i64>) {
        let job = self.store.job(&"minutely".parse().unwrap()).await.unwrap().unwrap();
        (job.open_runs, job.skipped, job.last_skip.map(|(_, reason)| reason), job.next_at.map(|at| at.0))
    }
}

#[tokio::test]
async fn a_job_is_queued_when_its_time_has_come_and_not_before() {
    let world = World::new(Missed::Skip).await;
    let mut stage = world.stage();
    world.at(59_999);
    assert_eq!(stage.step().await.unwrap(), Progress::Soon(Duration::from_millis(1)));
    assert_eq!(world.job().await, (0, 0, None, Some(MINUTE)));
    world.at(60_000);
    assert_eq!(stage.step().await.unwrap(), Progress::Soon(Duration::from_secs(60)));
    assert_eq!(world.job().await, (1, 0, None, Some(2 * MINUTE)));
    let run = world.store.job(&"minutely".parse().unwrap()).await.unwrap().unwrap().last_run.unwrap();
    assert_eq!((run.trigger, run.due_at), (JobTrigger::Cron { at_ms: 60_000 }, Millis(MINUTE)));
}

#[tokio::test]
async fn a_time_that_comes_before_the_run_has_ended_is_passed_over() {
    let world = World::new(Missed::Skip).await;
    let mut stage = world.stage();
    for minute in 1..=4 {
        world.at(minute * 60_000 + 5);
        stage.step().await.unwrap();
    }
    assert_eq!(world.job().await, (1, 3, Some(SkipReason::Overlap), Some(5 * MINUTE)));
}

#[tokio::test]
async fn times_that_passed_while_nobody_was_there_are_over_or_run_for_once() {
    for (missed, expected) in [
        (Missed::Skip, (0, 1, Some(SkipReason::Missed), Some(11 * MINUTE))),
        (Missed::Once, (1, 0, None, Some(11 * MINUTE))),
    ] {
        let world = World::new(missed).await;
        world.at(600_001);
        world.stage().step().await.unwrap();
        assert_eq!(world.job().await, expected, "{missed}");
    }
}

#[tokio::test]
async fn two_replicas_queue_a_time_once() {
    let world = World::new(Missed::Skip).await;
    let _ = world.stage();
    world.at(60_000);
    let due = world.store.due_jobs(Millis(MINUTE), 10).await.unwrap();
    let turn = Turn::Run(JobTrigger::Cron { at_ms: 60_000 });
    let next = Some(Millis(2 * MINUTE));
    assert_eq!(world.store.take_turn(&due[0], turn.clone(), next, Millis(MINUTE)).await.unwrap(), Turned::Queued);
    assert_eq!(world.store.take_turn(&due[0], turn, next, Millis(MINUTE)).await.unwrap(), Turned::Overtaken);
    assert_eq!(world.job().await, (1, 0, None, Some(2 * MINUTE)));
}

#[tokio::test]
async fn a_pause_holds_and_times_within_it_are_over() {
    let world = World::new(Missed::Once).await;
    let (mut stage, name) = (world.stage(), "minutely".parse().unwrap());
    world.store.pause_job(&name, None, Millis(0)).await.unwrap().unwrap();
    world.at(300_000);
    assert_eq!(stage.step().await.unwrap(), Progress::Idle);
    assert_eq!(world.job().await, (0, 0, None, None));
    assert_eq!(world.store.resume_job(&name, Millis(5 * MINUTE)).await.unwrap(), Some(true));
    stage.step().await.unwrap();
    assert_eq!(world.job().await, (0, 0, None, Some(6 * MINUTE)));
}
