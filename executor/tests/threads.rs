//! Who waits holds no thread. Alone in its process, since it counts that process's threads.
#![expect(clippy::unwrap_used, reason = "what a test needs and can't have fails it")]

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod support;

use parity_scale_codec::Encode;
use phat_executor::{Executor, Resources, Run};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{sync::atomic::Ordering, time::Duration};
use support::{guest, http::get, query, run, server};
use tokio::time::Instant;

fn threads() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap();
    line.trim().parse().unwrap()
}

/// Raises the limit of open files to the most that this process may have.
fn open_files() -> usize {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    // None is no limit.
    maximum.map_or(usize::MAX, |files| files.try_into().unwrap())
}

#[tokio::test]
async fn a_thousand_guests_waiting_on_http_leave_the_thread_count_where_it_was() {
    const GUESTS: usize = 1000;
    let files = open_files();
    assert!(
        files >= 3 * GUESTS,
        "both ends of {GUESTS} connections are in this process, and its hard limit of open files is {files}: \
         raise it to 4096 (as root: ulimit -Hn 4096)"
    );
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
