use crate::{
    clock::Millis,
    jobs::{JobName, JobSource, JobSpec, JobTrigger, Missed, Schedule},
    store::{
        EventFilter, EventStore, JobRunId, JobRunPage, JobRunProgress, JobRunStore, JobStore, Lease, LeaseToken,
        OUTPUT_KEPT, Ordered, Removed, Retention, RunEnd, StoreError, sqlite::SqliteStore,
    },
};
use phat_enclave_api::{Attestation, CallResult, LogEntry};
use phat_protocol::{ContractId, Outcome};
use std::time::Duration;
use tempfile::TempDir;

const KEEP: Retention = Retention { runs: 100, age: Duration::from_secs(3600) };
const TOKEN: LeaseToken = LeaseToken([1; 16]);

async fn store() -> (SqliteStore, TempDir) {
    let folder = TempDir::new().unwrap();
    (SqliteStore::open(&folder.path().join("relayer.db")).await.unwrap(), folder)
}

fn name(text: &str) -> JobName {
    text.parse().unwrap()
}

fn spec(called: &str, cron: &str) -> JobSpec {
    JobSpec {
        name: name(called),
        contract_id: ContractId([1; 32]),
        input: vec![1, 2],
        append_trigger: true,
        schedule: Schedule::Cron(cron.parse().unwrap()),
        missed: Missed::Once,
    }
}

fn lease(token: LeaseToken, until: i64) -> Lease {
    Lease { token, until: Millis(until) }
}

fn ran(output: usize) -> RunEnd {
    RunEnd::Ran(CallResult {
        attestation: Attestation::Simulated,
        outcome: Outcome::Ok,
        output: vec![7; output],
        flags: 0,
        reason: None,
        logs: vec![LogEntry { level: 3, message: "asked".to_owned() }],
        events: Vec::new(),
        fuel: 99,
        elapsed_ms: 3,
        revision: 0,
    })
}

async fn ordered(store: &SqliteStore, called: &str, now: i64) -> JobRunId {
    let order = store.order_run(&name(called), Millis(now)).await.unwrap();
    let Ordered::Queued(run) = order else { panic!("{order:?}") };
    run
}

/// Runs the job once.
async fn once(store: &SqliteStore, called: &str, now: i64, keep: Retention) -> JobRunId {
    let run = ordered(store, called, now).await;
    let leased = store.lease_runs(lease(TOKEN, now + 1000), 1, Millis(now)).await.unwrap();
    assert_eq!(leased.len(), 1);
    store.end_run(run, TOKEN, &ran(1), keep, Millis(now + 5)).await.unwrap();
    run
}

async fn events(store: &SqliteStore) -> Vec<String> {
    let page = store.events(&EventFilter::default(), 0, 100).await.unwrap();
    page.events.into_iter().map(|event| event.event).collect()
}

#[tokio::test]
async fn a_job_is_there_as_it_was_told_and_its_name_is_its_own() {
    let (store, _folder) = store().await;
    let spec = spec("one", "* * * * *");
    assert!(store.add_job(&spec, None, Millis(5)).await.unwrap());
    assert!(!store.add_job(&spec, None, Millis(6)).await.unwrap());
    let job = store.job(&name("one")).await.unwrap().unwrap();
    assert_eq!((&job.spec, job.source, job.created_at), (&spec, JobSource::Api, Millis(5)));
    assert_eq!((job.next_at, job.last_run), (Some(Millis(60_000)), None));
    assert_eq!(store.jobs().await.unwrap().len(), 1);
    assert_eq!(store.job(&name("two")).await.unwrap(), None);
    assert_eq!(events(&store).await, ["job_added"]);
}

#[tokio::test]
async fn of_one_job_one_run_is_under_way_and_jobs_do_not_wait_for_each_other() {
    let (store, _folder) = store().await;
    for called in ["one", "two"] {
        store.add_job(&spec(called, "* * * * *"), None, Millis(0)).await.unwrap();
    }
    let first = ordered(&store, "one", 10).await;
    assert_eq!(store.order_run(&name("one"), Millis(11)).await.unwrap(), Ordered::Busy);
    let second = ordered(&store, "two", 12).await;
    let leased = store.lease_runs(lease(TOKEN, 1000), 1, Millis(20)).await.unwrap();
    assert_eq!(leased.iter().map(|run| run.id).collect::<Vec<_>>(), [first]);
    assert_eq!((leased[0].trigger.clone(), leased[0].due_at), (JobTrigger::Order { at_ms: 10 }, Millis(10)));
    let leased = store.lease_runs(lease(TOKEN, 1000), 5, Millis(20)).await.unwrap();
    assert_eq!(leased.iter().map(|run| run.id).collect::<Vec<_>>(), [second]);
    assert!(store.lease_runs(lease(TOKEN, 1000), 5, Millis(999)).await.unwrap().is_empty());
    // Whoever held the leases is dead.
    let taken = store.lease_runs(lease(LeaseToken([2; 16]), 5000), 5, Millis(1000)).await.unwrap();
    assert_eq!(taken.len(), 2);
    let late = store.end_run(first, TOKEN, &ran(1), KEEP, Millis(1001)).await.unwrap_err();
    assert!(matches!(late, StoreError::Conflict { .. }), "{late}");
    store.end_run(first, LeaseToken([2; 16]), &ran(1), KEEP, Millis(1002)).await.unwrap();
}

#[tokio::test]
async fn a_run_keeps_what_came_of_it_and_a_long_output_in_part() {
    let (store, _folder) = store().await;
    store.add_job(&spec("one", "* * * * *"), None, Millis(0)).await.unwrap();
    let run = ordered(&store, "one", 10).await;
    store.lease_runs(lease(TOKEN, 1000), 1, Millis(20)).await.unwrap();
    store.end_run(run, TOKEN, &ran(OUTPUT_KEPT + 1), KEEP, Millis(30)).await.unwrap();
    let kept = store.job(&name("one")).await.unwrap().unwrap().last_run.unwrap();
    let JobRunProgress::Ran(result) = kept.progress else { panic!("{kept:?}") };
    assert_eq!((result.started_at, result.ended_at, result.outcome), (Millis(20), Millis(30), Outcome::Ok));
    assert_eq!((result.output.len(), result.output_size), (OUTPUT_KEPT, 65_537));
    assert_eq!((result.fuel, result.elapsed_ms, result.logs[0].message.as_str()), (99, 3, "asked"));
    let refused = ordered(&store, "one", 40).await;
    store.lease_runs(lease(TOKEN, 1000), 1, Millis(40)).await.unwrap();
    let end = RunEnd::Refused { why: "no such contract".to_owned() };
    store.end_run(refused, TOKEN, &end, KEEP, Millis(50)).await.unwrap();
    let kept = store.job(&name("one")).await.unwrap().unwrap().last_run.unwrap();
    assert_eq!(kept.progress, JobRunProgress::Refused { at: Millis(50), why: "no such contract".to_owned() });
    assert_eq!(events(&store).await, ["job_added", "job_run_ordered", "job_ran", "job_run_ordered", "job_refused"]);
}

#[tokio::test]
async fn a_run_that_failed_by_the_host_waits_and_is_tried_again() {
    let (store, _folder) = store().await;
    store.add_job(&spec("one", "* * * * *"), None, Millis(0)).await.unwrap();
    let run = ordered(&store, "one", 10).await;
    store.lease_runs(lease(TOKEN, 1000), 1, Millis(10)).await.unwrap();
    store.give_run_back(run, TOKEN, "the enclave is away", Millis(500)).await.unwrap();
    assert!(store.lease_runs(lease(TOKEN, 1000), 1, Millis(499)).await.unwrap().is_empty());
    let leased = store.lease_runs(lease(TOKEN, 2000), 1, Millis(500)).await.unwrap();
    assert_eq!((leased[0].id, leased[0].tries), (run, 1));
    let kept = store.job(&name("one")).await.unwrap().unwrap().last_run.unwrap();
    assert_eq!(kept.last_error.as_deref(), Some("the enclave is away"));
}

#[tokio::test]
async fn old_runs_go_by_number_and_by_age_with_their_events() {
    let (store, _folder) = store().await;
    for called in ["one", "two"] {
        store.add_job(&spec(called, "* * * * *"), None, Millis(0)).await.unwrap();
    }
    let keep = Retention { runs: 2, age: Duration::from_millis(1000) };
    once(&store, "two", 10, KEEP).await;
    let mut ids = Vec::new();
    for now in [20, 40, 60] {
        ids.push(once(&store, "one", now, keep).await);
    }
    let job = store.job(&name("one")).await.unwrap().unwrap().id;
    let kept = async || {
        let runs = store.job_runs(job, JobRunPage { before: None, limit: 100 }).await.unwrap();
        runs.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    assert_eq!(kept().await, [ids[2], ids[1]]);
    let last = once(&store, "one", 5000, keep).await;
    assert_eq!(kept().await, [last]);
    // Those of the other job stay.
    let told = events(&store).await;
    assert_eq!(told.iter().filter(|event| *event == "job_ran").count(), 2, "{told:?}");
    let page = store.job_runs(job, JobRunPage { before: Some(last), limit: 100 }).await.unwrap();
    assert!(page.is_empty());
}

#[tokio::test]
async fn what_is_paused_is_not_run() {
    let (store, _folder) = store().await;
    store.add_job(&spec("one", "* * * * *"), None, Millis(0)).await.unwrap();
    ordered(&store, "one", 10).await;
    store.pause_job(&name("one"), Some("a test"), Millis(20)).await.unwrap().unwrap();
    assert!(store.lease_runs(lease(TOKEN, 1000), 1, Millis(30)).await.unwrap().is_empty());
    assert_eq!(store.resume_job(&name("one"), Millis(40)).await.unwrap(), Some(true));
    assert_eq!(store.resume_job(&name("one"), Millis(40)).await.unwrap(), Some(false));
    assert_eq!(store.resume_job(&name("two"), Millis(40)).await.unwrap(), None);
    assert_eq!(store.lease_runs(lease(TOKEN, 1000), 1, Millis(50)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_configuration_has_its_jobs_and_leaves_those_of_others_alone() {
    let (store, _folder) = store().await;
    store.add_job(&spec("mine", "0 0 * * *"), None, Millis(0)).await.unwrap();
    let (hourly, daily) = (spec("one", "0 * * * *"), spec("two", "0 0 * * *"));
    store.configure_jobs(&[hourly.clone(), daily], Millis(0)).await.unwrap();
    assert_eq!(store.remove_job(&name("one"), Millis(1)).await.unwrap(), Removed::Configured);
    let source = async |called: &str| store.job(&name(called)).await.unwrap().map(|job| job.source);
    assert_eq!((source("mine").await, source("one").await), (Some(JobSource::Api), Some(JobSource::Config)));
    let next = async |called: &str| store.job(&name(called)).await.unwrap().unwrap().next_at;

    // What stays the same goes on where it was, what changes begins anew, and what is gone rests.
    store.configure_jobs(&[hourly], Millis(7_200_000)).await.unwrap();
    assert_eq!((next("one").await, source("two").await), (Some(Millis(3_600_000)), Some(JobSource::Left)));
    assert_eq!(store.order_run(&name("two"), Millis(1)).await.unwrap(), Ordered::Held);
    store.configure_jobs(&[spec("one", "30 * * * *"), spec("mine", "0 0 * * *")], Millis(7_200_000)).await.unwrap();
    assert_eq!((next("one").await, source("mine").await), (Some(Millis(9_000_000)), Some(JobSource::Config)));
    assert!(matches!(store.remove_job(&name("two"), Millis(2)).await.unwrap(), Removed::Gone(_)));
    assert_eq!(source("two").await, None);
}

#[tokio::test]
async fn a_run_of_a_process_that_died_is_taken_up_at_the_next_start() {
    let (store, _folder) = store().await;
    store.add_job(&spec("one", "* * * * *"), None, Millis(0)).await.unwrap();
    let run = ordered(&store, "one", 10).await;
    store.lease_runs(lease(TOKEN, 100_000), 1, Millis(10)).await.unwrap();
    store.configure_jobs(&[], Millis(20)).await.unwrap();
    let leased = store.lease_runs(lease(LeaseToken([2; 16]), 100_000), 1, Millis(30)).await.unwrap();
    assert_eq!(leased.iter().map(|leased| leased.id).collect::<Vec<_>>(), [run]);
}

#[tokio::test]
async fn a_job_that_is_removed_takes_its_runs_along() {
    let (store, _folder) = store().await;
    store.add_job(&spec("one", "* * * * *"), None, Millis(0)).await.unwrap();
    once(&store, "one", 10, KEEP).await;
    let run = ordered(&store, "one", 20).await;
    store.lease_runs(lease(TOKEN, 1000), 1, Millis(20)).await.unwrap();
    assert!(matches!(store.remove_job(&name("one"), Millis(30)).await.unwrap(), Removed::Gone(_)));
    let gone = store.end_run(run, TOKEN, &ran(1), KEEP, Millis(40)).await.unwrap_err();
    assert!(matches!(gone, StoreError::Conflict { .. }), "{gone}");
    // One of the same name begins with nothing.
    store.add_job(&spec("one", "* * * * *"), None, Millis(50)).await.unwrap();
    let job = store.job(&name("one")).await.unwrap().unwrap();
    assert_eq!((job.open_runs, job.last_run), (0, None));
    assert!(!events(&store).await.contains(&"job_ran".to_owned()));
}
