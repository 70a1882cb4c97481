use super::*;
use futures_util::{FutureExt, future::join_all};
use phat_protocol::ContractId;

const SLICE: u64 = 1_000_000;

/// What a test has a thread do, and the fuel that it says that it took.
struct Work(Box<dyn FnOnce() + Send>, u64);

impl Slice for Work {
    type Turn = ();

    fn slice(self) -> ((), u64) {
        (self.0)();
        ((), self.1)
    }
}

fn share(contract: u8) -> Share {
    Share { contract: ContractId([contract; 32]), weight: 1 }
}

fn work(work: impl FnOnce() + Send + 'static) -> Work {
    Work(Box::new(work), SLICE)
}

/// Work that is done at once, and took hardly any fuel.
fn brief() -> Work {
    Work(Box::new(|| ()), 1)
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

/// Whether the one of these jobs at `index` hears of its end while one of contract 1 that comes after them all is still
/// under way.
async fn hears_before_the_last_ends(jobs: Vec<(u8, Work)>, index: usize) -> bool {
    let pool = pool();
    let (begin, begins) = std::sync::mpsc::channel::<()>();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let busy = pool.run(share(0), Need::Fresh, work(move || begins.recv().unwrap()));
    let jobs = jobs.into_iter().enumerate().map(|(at, (contract, job))| {
        let (job, release) = (pool.run(share(contract), Need::Fresh, job), release.clone());
        async move {
            job.await.unwrap();
            if at == index {
                // Where nobody listens any more it waited in vain.
                let _ = release.send(());
            }
        }
    });
    let (tell, told) = oneshot::channel();
    let last = work(move || tell.send(held.recv_timeout(std::time::Duration::from_secs(20)).is_ok()).unwrap());
    let last = pool.run(share(1), Need::Fresh, last);
    // Polled in order, so that all are queued when the thread is free.
    let begun = async { begin.send(()).unwrap() };
    let (busy, _, last, ()) = tokio::join!(busy, join_all(jobs), last, begun);
    busy.and(last).unwrap();
    told.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_took_little_hears_of_it_before_another_contracts_run_has_ended() {
    assert!(hears_before_the_last_ends(vec![(1, brief()), (2, brief())], 1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_took_long_hears_of_it_before_the_contracts_next_run_has_ended() {
    assert!(hears_before_the_last_ends(vec![(1, work(|| ()))], 0).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_a_few_ends_are_held_back_for_the_contracts_next_run() {
    assert!(hears_before_the_last_ends((0..HELD).map(|_| (1, brief())).collect(), 0).await);
}
