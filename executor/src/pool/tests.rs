use super::*;
use futures_util::{FutureExt, future::join_all};
use phat_protocol::ContractId;
use std::thread::ThreadId;

const SLICE: u64 = 1_000_000;

/// What a test has a thread do.
struct Work {
    work: Box<dyn FnOnce() + Send>,
    /// The fuel that it says that it took.
    fuel: u64,
    /// Whether it is expected to be brief.
    is_brief: bool,
}

impl Slice for Work {
    /// Where it ran, and how long it was to run.
    type Turn = (ThreadId, Extent);

    fn is_brief(&self) -> bool {
        self.is_brief
    }

    fn slice(self, extent: Extent) -> (Self::Turn, u64) {
        (self.work)();
        ((thread::current().id(), extent), self.fuel)
    }
}

fn share(contract: u8) -> Share {
    Share { contract: ContractId([contract; 32]), weight: 1 }
}

fn work(work: impl FnOnce() + Send + 'static) -> Work {
    Work { work: Box::new(work), fuel: SLICE, is_brief: false }
}

/// Work that is done at once, and took hardly any fuel.
fn brief() -> Work {
    Work { work: Box::new(|| ()), fuel: 1, is_brief: false }
}

/// Work that is expected to be brief.
fn at_once(work: impl FnOnce() + Send + 'static) -> Work {
    Work { work: Box::new(work), fuel: 1, is_brief: true }
}

/// A pool whose one thread sleeps.
async fn asleep() -> Pool<Work> {
    let pool = pool();
    while pool.shared.lock().asleep.is_empty() {
        tokio::task::yield_now().await;
    }
    pool
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
    assert!(pool.run(share(1), Need::Fresh, work(|| ())).await.is_ok());
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
    assert!(busy.await.is_ok());
    assert!(pool.run(share(1), Need::Fresh, work(|| ())).await.is_ok());
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

#[tokio::test]
async fn what_is_brief_is_done_where_it_is_asked_for_while_a_thread_sleeps() {
    let pool = asleep().await;
    let here = thread::current().id();
    for _ in 0..3 {
        let done = pool.run(share(1), Need::Fresh, at_once(|| ())).await;
        assert_eq!(done, Ok((here, Extent::Brief)));
    }
    let (elsewhere, extent) = pool.run(share(1), Need::Fresh, work(|| ())).await.unwrap();
    assert!(elsewhere != here && extent == Extent::Slice);
}

#[tokio::test]
async fn what_is_brief_waits_its_turn_while_every_thread_is_busy() {
    let pool = pool();
    let (begun, has_begun) = oneshot::channel();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let busy = work(move || {
        begun.send(()).unwrap();
        held.recv().unwrap();
    });
    let busy = pool.run(share(0), Need::Fresh, busy);
    let waits = async {
        has_begun.await.unwrap();
        let mut waits = Box::pin(pool.run(share(1), Need::Fresh, at_once(|| ())));
        assert_eq!(waits.as_mut().now_or_never(), None);
        release.send(()).unwrap();
        waits.await
    };
    let (busy, waited) = tokio::join!(busy, waits);
    let (guest, _) = busy.unwrap();
    assert_eq!(waited, Ok((guest, Extent::Slice)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_brief_takes_a_threads_place_and_counts_for_its_contract() {
    let pool = Arc::new(asleep().await);
    let (begun, has_begun) = oneshot::channel();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let brief = at_once(move || {
        begun.send(()).unwrap();
        held.recv().unwrap();
    });
    // It takes more than was thought.
    let brief = Work { fuel: 10 * SLICE, ..brief };
    let brief = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.run(share(1), Need::Fresh, brief).await }
    });
    has_begun.await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let other = |contract: u8| {
        let order = Arc::clone(&order);
        let job = Work { is_brief: true, ..work(move || order.lock().unwrap().push(contract)) };
        Box::pin(pool.run(share(contract), Need::Fresh, job))
    };
    let mut others: Vec<_> = [1, 2, 2, 2].map(other).into();
    assert!(
        others.iter_mut().all(|other| other.as_mut().now_or_never().is_none()),
        "no more run than there are threads"
    );
    release.send(()).unwrap();
    assert_eq!(brief.await.unwrap().unwrap().1, Extent::Brief);
    // The thread whose place it was is called for those that waited.
    let done = join_all(others).await;
    assert!(done.iter().all(|done| matches!(done, Ok((_, Extent::Slice)))), "{done:?}");
    assert_eq!(*order.lock().unwrap(), [2, 2, 2, 1]);
}

#[tokio::test]
async fn what_is_brief_and_panics_is_a_fault_and_leaves_its_place() {
    let pool = asleep().await;
    let panics = at_once(|| panic!("on purpose"));
    assert_eq!(pool.run(share(1), Need::Fresh, panics).await, Err(HostFault::Internal));
    let here = thread::current().id();
    assert_eq!(pool.run(share(1), Need::Fresh, at_once(|| ())).await, Ok((here, Extent::Brief)));
}
