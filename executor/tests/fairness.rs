//! Guests share threads: who spins holds up nobody.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod support;

use phat_executor::{Clock, Executor, ExecutorConfig, HostServices, Resources, Run, RunEnd};
use phat_protocol::Outcome;
use std::{
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver},
    },
    time::Duration,
};
use support::{executor, guest, query, run};
use tokio::{sync::Notify, time::Instant};

#[tokio::test]
async fn echoes_beside_spinning_guests_on_one_thread_finish_first() {
    let mut config = ExecutorConfig::default();
    config.limits.wall_time = Duration::from_secs(3);
    let executor = executor(&config);
    let spinners: Vec<_> = (0..3)
        .map(|_| {
            let executor = executor.clone();
            tokio::spawn(async move { run(&executor, query(&guest::spinner())).await })
        })
        .collect();
    // Ten one after another: all but the first surely run beside the spinners.
    for index in 0..10u8 {
        let result = run(&executor, Run { input: vec![index], ..query(&guest::echo()) }).await;
        assert!(result.succeeded());
    }
    assert!(spinners.iter().all(|spinner| !spinner.is_finished()));
    for spinner in spinners {
        let result = spinner.await.unwrap();
        assert_eq!(result.answer(0).outcome, Outcome::TimedOut);
        assert!(result.elapsed < Duration::from_secs(6), "{:?}", result.elapsed);
        assert!(result.fuel_used > 10_000_000, "{}", result.fuel_used);
    }
}

/// A clock that tells the time only once the test has had a turn.
struct Waiting {
    asked: Notify,
    told: Mutex<Receiver<()>>,
}

impl Clock for Waiting {
    fn unix_millis(&self) -> u64 {
        self.asked.notify_one();
        match self.told.lock().unwrap().recv_timeout(Duration::from_secs(30)) {
            Ok(()) => 1,
            Err(_) => 0,
        }
    }
}

#[tokio::test]
async fn the_async_thread_is_free_while_a_guest_computes() {
    let mut config = ExecutorConfig::default();
    config.limits.wall_time = Duration::from_secs(60);
    let (tell, told) = mpsc::channel();
    let clock = Arc::new(Waiting { asked: Notify::new(), told: Mutex::new(told) });
    let services = HostServices { clock: clock.clone(), ..support::host(&[]) };
    let resources = Resources { threads: 1, ..Resources::default() };
    let executor = Executor::new(&config, &resources, services).unwrap_or_else(|errors| panic!("{errors:?}"));
    let asker = guest::contract(
        "(call $capacity (i32.const 8)) (call $now (i32.const 0) (i32.const 65532))
         (call $return (i32.const 0) (i32.const 8))",
    );
    let asker = tokio::spawn(async move { run(&executor, query(&asker)).await });
    // This test has one async thread. A guest that computed on it would keep this from going on.
    clock.asked.notified().await;
    tell.send(()).unwrap();
    match asker.await.unwrap().end {
        RunEnd::Returned { data, .. } => assert_eq!(data, 1u64.to_le_bytes(), "it waited in vain"),
        RunEnd::Failed { outcome, .. } => panic!("{outcome}"),
    }
}

#[tokio::test]
async fn runs_beyond_the_number_at_once_wait_their_turn() {
    let config = ExecutorConfig::default();
    let resources = Resources { threads: 1, concurrent_runs: 2, ..Resources::default() };
    let executor = Executor::new(&config, &resources, support::host(&[])).unwrap_or_else(|errors| panic!("{errors:?}"));
    let runs = (0..20u8).map(|index| {
        let executor = executor.clone();
        tokio::spawn(async move { run(&executor, Run { input: vec![index], ..query(&guest::echo()) }).await })
    });
    for guest in runs.collect::<Vec<_>>() {
        assert!(guest.await.unwrap().succeeded());
    }
}

#[tokio::test]
async fn a_run_that_is_dropped_gives_its_thread_back() {
    let executor = executor(&ExecutorConfig::default());
    let spinner = run(&executor, query(&guest::spinner()));
    assert!(tokio::time::timeout(Duration::from_millis(100), spinner).await.is_err());
    let started = Instant::now();
    assert!(run(&executor, query(&guest::echo())).await.succeeded());
    assert!(started.elapsed() < Duration::from_secs(5));
}
