//! Guests share threads: who spins holds up nobody.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod support;

use phat_executor::{
    Clock, ContractShare, Executor, ExecutorConfig, HostFault, HostServices, Limits, Resources, Run, RunEnd,
};
use phat_protocol::{ContractId, Outcome};
use std::{
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver},
    },
    time::Duration,
};
use support::{CONTRACT, executor, guest, query, run};
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

const OTHER: ContractId = ContractId([8; 32]);

fn executor_with(config: &ExecutorConfig, resources: Resources) -> Executor {
    let resources = Resources { threads: 1, ..resources };
    Executor::new(config, &resources, support::host(&[])).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Has a run begin that spins.
async fn begun(executor: &Executor, wat: &str) -> tokio::task::JoinHandle<Result<phat_executor::RunResult, HostFault>> {
    let (executor, spinner) = (executor.clone(), query(wat));
    // With its module at hand it begins when it is first polled, and has had a slice when another's run
    // that came later has.
    let ended = executor.run(Run { deadline: Some(Instant::now()), ..query(wat) }).await.unwrap();
    assert_eq!(ended.answer(0).outcome, Outcome::TimedOut);
    let beside = executor.clone();
    let task = tokio::spawn(async move { executor.run(spinner).await });
    tokio::task::yield_now().await;
    for _ in 0..2 {
        assert!(run(&beside, Run { contract: OTHER, ..query(&grower(0, "")) }).await.succeeded());
    }
    task
}

#[tokio::test]
async fn a_contracts_runs_beyond_its_number_are_busy_at_once_and_another_contracts_are_not() {
    for (contract_runs, of_its_own) in [(1, None), (1024, Some(1))] {
        let share = ContractShare { concurrent_runs: of_its_own, ..ContractShare::default() };
        let resources = Resources { contract_runs, shares: [(CONTRACT, share)].into(), ..Resources::default() };
        let executor = executor_with(&ExecutorConfig::default(), resources);
        let spinner = begun(&executor, &guest::spinner()).await;
        let fault = executor.run(query(&guest::echo())).await.unwrap_err();
        assert_eq!(fault, HostFault::ContractBusy { contract: CONTRACT, limit: 1 });
        assert!(fault.is_retryable() && fault.is_busy());
        assert!(run(&executor, Run { contract: OTHER, ..query(&guest::echo()) }).await.succeeded());
        spinner.abort();
        assert!(spinner.await.unwrap_err().is_cancelled());
        // What runs still has its place until its slice ends.
        let busy = async || executor.run(query(&guest::echo())).await.is_err_and(|fault| fault.is_busy());
        let freed = async {
            while busy().await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), freed).await.unwrap();
        assert!(run(&executor, query(&guest::echo())).await.succeeded());
    }
}

/// A guest that begins with 1 page, grows by `more`, and returns nothing; where it can't grow, it returns.
fn grower(more: u32, then: &str) -> String {
    let grow = format!(
        "(if (i32.eq (memory.grow (i32.const {more})) (i32.const -1)) (then (call $return (i32.const 0) (i32.const 1))))
         {then} (call $return (i32.const 0) (i32.const 0))"
    );
    guest::contract_with("(memory 1 64)", "", &grow)
}

#[tokio::test]
async fn memory_that_all_guests_have_is_waited_for_by_those_that_begin_and_busy_for_those_that_grow() {
    let resources = Resources { memory_pages: 64, contract_memory_pages: 64, ..Resources::default() };
    let mut config = ExecutorConfig::default();
    config.limits.calls.memory_pages = 64;
    let executor = executor_with(&config, resources);
    let other = |wat: &str| Run { contract: OTHER, ..query(wat) };
    // Has 34 of 64 pages; an echo begins with 32.
    let spinner = begun(&executor, &grower(33, "(loop (br 0))")).await;
    let fits = executor.run(other(&grower(20, ""))).await.unwrap();
    assert!(matches!(&fits.end, RunEnd::Returned { data, .. } if data.is_empty()), "{:?}", fits.end);
    let fault = executor.run(other(&grower(36, ""))).await.unwrap_err();
    assert_eq!(fault, HostFault::MemoryBusy(OTHER));
    assert!(fault.is_retryable() && fault.is_busy());
    let mut waits = Box::pin(executor.run(other(&guest::echo())));
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut waits).await.is_err());
    spinner.abort();
    assert!(waits.await.unwrap().succeeded());
    // What each had is there again: one that needs all of it has it.
    assert!(run(&executor, query(&grower(63, ""))).await.succeeded());
}

#[tokio::test]
async fn a_contract_that_has_its_part_of_the_memory_is_busy_and_others_are_not() {
    let resources = Resources { memory_pages: 128, contract_memory_pages: 64, ..Resources::default() };
    let mut config = ExecutorConfig::default();
    config.limits.calls.memory_pages = 64;
    let executor = executor_with(&config, resources);
    let spinner = begun(&executor, &grower(33, "(loop (br 0))")).await;
    assert_eq!(executor.run(query(&guest::echo())).await, Err(HostFault::MemoryBusy(CONTRACT)));
    assert_eq!(executor.run(query(&grower(40, ""))).await, Err(HostFault::MemoryBusy(CONTRACT)));
    assert!(run(&executor, Run { contract: OTHER, ..query(&guest::echo()) }).await.succeeded());
    spinner.abort();
}

#[tokio::test]
async fn a_contract_that_has_limits_of_its_own_is_bound_by_them_and_others_are_not() {
    let general = ExecutorConfig::default();
    let limits = Limits { fuel: 3_000_000, ..general.limits.clone() };
    let mut short = general.limits.clone();
    short.wall_time = Duration::from_secs(1);
    let config = ExecutorConfig { contracts: [(CONTRACT, limits)].into(), limits: short, ..general };
    let executor = executor(&config);
    let result = run(&executor, query(&guest::spinner())).await;
    assert_eq!(result.answer(0).outcome, Outcome::OutOfFuel);
    assert!((2_999_000..=3_000_000).contains(&result.fuel_used), "{}", result.fuel_used);
    let result = run(&executor, Run { contract: OTHER, ..query(&guest::spinner()) }).await;
    assert_eq!(result.answer(0).outcome, Outcome::TimedOut);
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
