use super::*;
use futures_util::{FutureExt, future::join_all};
use phat_protocol::ContractId;

const SLICE: u64 = 1_000_000;

/// What a test has a thread do.
struct Work(Box<dyn FnOnce() + Send>);

impl Slice for Work {
    type Turn = ();

    fn slice(self) -> ((), u64) {
        (self.0)();
        ((), SLICE)
    }
}

fn share(contract: u8) -> Share {
    Share { contract: ContractId([contract; 32]), weight: 1 }
}

fn work(work: impl FnOnce() + Send + 'static) -> Work {
    Work(Box::new(work))
}

fn pool() -> Pool<Work> {
    Pool::new(NonZeroUsize::MIN, SLICE).unwrap()
}

/// Queues jobs of these contracts while the one thread is busy, and tells in which order they ran.
async fn order_of(jobs: &[(u8, Need)]) -> Vec<usize> {
    let pool = pool();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let busy = pool.run(share(0), Need::Fresh, work(move || held.recv().unwrap()));
    let order = Arc::new(Mutex::new(Vec::new()));
    let jobs = jobs.iter().enumerate().map(|(index, (contract, need))| {
        let order = Arc::clone(&order);
        pool.run(share(*contract), *need, work(move || order.lock().unwrap().push(index)))
    });
    // Polled in order: the busy job first, and the release when all are queued.
    let released = async { release.send(()).unwrap() };
    let (_, _, ()) = tokio::join!(busy, join_all(jobs), released);
    Arc::into_inner(order).unwrap().into_inner().unwrap()
}

#[tokio::test]
async fn a_contracts_fresh_runs_go_before_its_spent_ones() {
    let (fresh, spent) = ((1, Need::Fresh), (1, Need::Spent));
    assert_eq!(order_of(&[spent, spent, spent, fresh]).await, [3, 0, 1, 2]);
}

#[tokio::test]
async fn a_single_run_goes_before_all_but_the_first_of_another_contracts_thousand() {
    let mut jobs = [(1, Need::Fresh); 1001];
    jobs[1000] = (2, Need::Fresh);
    let order = order_of(&jobs).await;
    assert!(order.iter().position(|index| *index == 1000).unwrap() <= 1, "{order:?}");
}

#[tokio::test]
async fn a_job_that_panics_is_a_fault_and_the_thread_goes_on() {
    let pool = pool();
    let panics = work(|| panic!("on purpose"));
    assert_eq!(pool.run(share(1), Need::Fresh, panics).await, Err(HostFault::Internal));
    assert_eq!(pool.run(share(1), Need::Fresh, work(|| ())).await, Ok(()));
}

#[tokio::test]
async fn a_job_that_nobody_waits_for_any_more_is_dropped_where_it_waits() {
    let pool = pool();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let mut busy = Box::pin(pool.run(share(0), Need::Fresh, work(move || held.recv().unwrap())));
    assert_eq!(busy.as_mut().now_or_never(), None);
    let kept = Arc::new(());
    let held_by_job = Arc::clone(&kept);
    let mut waits = Box::pin(pool.run(share(1), Need::Fresh, work(move || drop(held_by_job))));
    assert_eq!(waits.as_mut().now_or_never(), None);
    assert_eq!(Arc::strong_count(&kept), 2);
    drop(waits);
    assert_eq!(Arc::strong_count(&kept), 1);
    release.send(()).unwrap();
    assert_eq!(busy.await, Ok(()));
    assert_eq!(pool.run(share(1), Need::Fresh, work(|| ())).await, Ok(()));
}

#[tokio::test]
async fn jobs_that_come_at_once_have_as_many_threads_as_there_are() {
    const THREADS: usize = 4;
    let pool = Pool::<Work>::new(NonZeroUsize::new(THREADS).unwrap(), SLICE).unwrap();
    // Again and again, from threads that sleep and from threads that are about to.
    for _ in 0..200 {
        let together = Arc::new(std::sync::Barrier::new(THREADS));
        let jobs = (0..THREADS).map(|_| {
            let together = Arc::clone(&together);
            // Ends only when all of them are under way.
            pool.run(
                share(1),
                Need::Fresh,
                work(move || {
                    together.wait();
                }),
            )
        });
        let all = tokio::time::timeout(std::time::Duration::from_secs(60), join_all(jobs));
        assert!(all.await.expect("each has a thread").iter().all(Result::is_ok));
    }
}
