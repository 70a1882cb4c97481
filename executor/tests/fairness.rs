//! Guests share threads: who spins holds up nobody.

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod support;

use phat_executor::{Executor, ExecutorConfig, Resources, Run};
use phat_protocol::Outcome;
use std::time::Duration;
use support::{executor, guest, query, run};
use tokio::time::Instant;

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

#[tokio::test]
async fn the_async_thread_is_free_while_a_guest_spins() {
    let mut config = ExecutorConfig::default();
    config.limits.wall_time = Duration::from_secs(60);
    // The slice is longer than the run: a guest on the async thread would stop everything on it.
    config.limits.fuel_slice = 300_000_000;
    config.limits.fuel = 300_000_000;
    let executor = executor(&config);
    let spinner = tokio::spawn(async move { run(&executor, query(&guest::spinner())).await });
    let mut turns = 0u64;
    while !spinner.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
        turns += 1;
    }
    assert!(turns > 50, "{turns}");
    assert_eq!(spinner.await.unwrap().answer(0).outcome, Outcome::OutOfFuel);
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
