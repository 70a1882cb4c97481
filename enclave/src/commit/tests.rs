use super::*;
use crate::testbed::{Disk, ManualClock, NOON, open_store};
use phat_protocol::{Outcome, Payee, Report, RequestId, Signature, WorkerAddress};

fn report(id: u64, expires_at: u64) -> SealedReport {
    let mut request_id = RequestId([0; 32]);
    request_id.0[..8].copy_from_slice(&id.to_be_bytes());
    SealedReport {
        report: Report { request_id, outcome: Outcome::Ok, output: Vec::new(), executed_at: 1, payee: Payee([1; 32]) },
        signature: Signature([0; 65]),
        worker: WorkerAddress([2; 20]),
        expires_at,
        reason: None,
        logs: Vec::new(),
        fuel: 0,
        elapsed_ms: 0,
    }
}

async fn eventually(condition: impl Fn() -> bool) {
    let holds = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), holds).await.expect("it never came to that");
}

#[tokio::test]
async fn a_report_waits_for_no_more_than_one_batch_of_upkeep_and_all_is_forgotten_in_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open_store(directory.path(), 1, &Disk::default()).unwrap().0);
    let expired: Vec<_> = (0..200).map(|id| report(id, NOON - 1)).collect();
    store.put_reports(&expired, NOON - 2).unwrap();
    let (sealings, queue) = mpsc::channel(10);
    let time = Arc::new(EnclaveTime::new(ManualClock::at_noon(), 0));
    // One report at a time; upkeep is due once, at the start.
    let upkeep = Upkeep { batch: 1, every: Duration::from_secs(3600), retry: Duration::from_secs(3600) };
    let committer = Committer { store: Arc::clone(&store), time, upkeep, queue };
    let before = store.commits();
    let stop = CancellationToken::new();
    let committer = tokio::spawn(committer.run(stop.clone()));
    eventually(|| store.commits() > before).await;
    let waiting = (1000..1003).map(|id| {
        let (done, sealed) = oneshot::channel();
        sealings.try_send(Sealing { report: report(id, NOON + 100), done }).unwrap();
        sealed
    });
    let waiting: Vec<_> = waiting.collect();
    for sealed in waiting {
        sealed.await.unwrap().unwrap();
    }
    let commits = store.commits() - before;
    assert!(commits < 100, "{commits} commits before three reports were sealed");
    eventually(|| expired.iter().all(|old| store.report(old.report.request_id).unwrap().is_none())).await;
    stop.cancel();
    committer.await.unwrap();
    assert!(store.report(report(1002, 0).report.request_id).unwrap().is_some());
}
