//! Guests share threads: who waits holds none, and who spins holds up nobody.
#![expect(clippy::unwrap_used, reason = "what a test needs and can't have fails it")]

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod support;

use parity_scale_codec::Encode;
use phat_executor::{Executor, ExecutorConfig, Resources, Run};
use phat_protocol::Outcome;
use std::{sync::atomic::Ordering, time::Duration};
use support::{executor, guest, http::get, query, run, server};
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
    config.limits.fuel_slice = 1_000_000_000;
    config.limits.fuel = 1_000_000_000;
    let executor = executor(&config);
    let spinner = tokio::spawn(async move { run(&executor, query(&guest::spinner())).await });
    let mut turns = 0u64;
    while !spinner.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
        turns += 1;
    }
    assert!(turns > 100, "{turns}");
    assert_eq!(spinner.await.unwrap().answer(0).outcome, Outcome::OutOfFuel);
}

fn threads() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap();
    line.trim().parse().unwrap()
}

fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let soft = line.split_whitespace().next().unwrap();
    if soft == "unlimited" { usize::MAX } else { soft.parse().unwrap() }
}

#[tokio::test]
async fn a_thousand_guests_waiting_on_http_leave_the_thread_count_where_it_was() {
    const GUESTS: usize = 1000;
    assert!(open_files() >= 3 * GUESTS, "both ends of {GUESTS} connections are in this process: ulimit -n 4096");
    let server = server::http().await;
    let mut config = server.config();
    config.limits.wall_time = Duration::from_secs(300);
    config.limits.http.timeout = Duration::from_secs(300);
    let resources = Resources { threads: 2, concurrent_runs: 2000, ..Resources::default() };
    let executor = Executor::new(&config, &resources, support::host(&[])).unwrap_or_else(|errors| panic!("{errors:?}"));
    // The module's translation has used its blocking thread by now.
    let input = get(server.url("http", "/echo")).encode();
    assert!(run(&executor, Run { input, ..query(&guest::fetcher()) }).await.succeeded());
    let (before, connections) = (threads(), server.connections.load(Ordering::SeqCst));

    let waiting = Run { input: get(server.url("http", "/never")).encode(), ..query(&guest::fetcher()) };
    let guests: Vec<_> = (0..GUESTS)
        .map(|_| {
            let (executor, waiting) = (executor.clone(), waiting.clone());
            tokio::spawn(async move { run(&executor, waiting).await })
        })
        .collect();
    let deadline = Instant::now() + Duration::from_secs(60);
    // One of them uses the first guest's connection.
    while server.connections.load(Ordering::SeqCst) < connections + GUESTS - 1 {
        assert!(Instant::now() < deadline, "{} connections", server.connections.load(Ordering::SeqCst));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(guests.iter().all(|guest| !guest.is_finished()));
    assert!(threads() <= before, "{} threads, and {before} before", threads());
    // Others still get through.
    assert!(run(&executor, Run { input: vec![1], ..query(&guest::echo()) }).await.succeeded());
    for guest in guests {
        guest.abort();
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
