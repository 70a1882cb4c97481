//! The threads that run guests, and nothing else.

use crate::HostFault;
use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::JoinHandle,
};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Who asks for a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A run that begins, or whose wait is over.
    Fresh,
    /// A run that used up its last slice.
    Spent,
}

/// After so many fresh runs in a row a spent one has its turn, so that neither kind can keep the
/// other from the threads.
const FRESH_IN_A_ROW: u32 = 4;

#[derive(Default)]
struct Queue {
    fresh: VecDeque<Job>,
    spent: VecDeque<Job>,
    in_a_row: u32,
    closed: bool,
}

impl Queue {
    fn push(&mut self, need: Need, job: Job) {
        match need {
            Need::Fresh => self.fresh.push_back(job),
            Need::Spent => self.spent.push_back(job),
        }
    }

    fn pop(&mut self) -> Option<Job> {
        if self.in_a_row < FRESH_IN_A_ROW
            && let Some(job) = self.fresh.pop_front()
        {
            self.in_a_row += 1;
            return Some(job);
        }
        self.in_a_row = 0;
        self.spent.pop_front().or_else(|| self.fresh.pop_front())
    }
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

/// A fixed number of threads, and a queue. A run has one slice in it at a time, so it is never longer
/// than the runs are many. Within each kind of need it is first come, first served; runs that begin
/// or were waiting go before those that computed all along, so that a crowd of spinning guests
/// hardly delays one that has little to do.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    pub(crate) fn new(threads: NonZeroUsize) -> std::io::Result<Self> {
        let mut pool = Self { shared: Arc::default(), threads: Vec::new() };
        for index in 0..threads.get() {
            let shared = Arc::clone(&pool.shared);
            let thread = std::thread::Builder::new().name(format!("guest-{index}")).spawn(move || work(&shared))?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Runs `job` on one of the threads; the caller's own thread is free meanwhile.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        need: Need,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HostFault> {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            // A receiver that is gone was cancelled: nobody wants the result.
            let _ = done.send(job());
        });
        {
            let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.push(need, job);
        }
        self.shared.arrived.notify_one();
        result.await.map_err(|_| HostFault::Internal)
    }
}

fn work(shared: &Shared) {
    while let Some(job) = next(shared) {
        // A panic here is the host's bug: it ends that run as a fault, and the thread goes on.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a host function panicked");
        }
    }
}

fn next(shared: &Shared) -> Option<Job> {
    let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(job) = queue.pop() {
            return Some(job);
        }
        if queue.closed {
            return None;
        }
        queue = shared.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.shared.arrived.notify_all();
        // A slice that still runs ends by itself; its thread leaves then. Joining would block an
        // async thread for as long.
        self.threads.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    /// Queues jobs of these kinds while the one thread is busy, and tells in which order they ran.
    async fn order_of(needs: &[Need]) -> Vec<usize> {
        let pool = Pool::new(NonZeroUsize::MIN).unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let busy = pool.run(Need::Fresh, move || held.recv());
        let order = Arc::new(Mutex::new(Vec::new()));
        let jobs = needs.iter().enumerate().map(|(index, need)| {
            let order = Arc::clone(&order);
            pool.run(*need, move || order.lock().unwrap().push(index))
        });
        // Polled in order: the busy job first, and the release when all are queued.
        let released = async { release.send(()).unwrap() };
        let (_, _, ()) = tokio::join!(busy, join_all(jobs), released);
        Arc::into_inner(order).unwrap().into_inner().unwrap()
    }

    #[tokio::test]
    async fn fresh_runs_go_before_spent_ones() {
        let (fresh, spent) = (Need::Fresh, Need::Spent);
        assert_eq!(order_of(&[spent, spent, spent, fresh]).await, [3, 0, 1, 2]);
    }

    #[tokio::test]
    async fn a_spent_run_has_its_turn_in_a_crowd_of_fresh_ones() {
        let mut needs = [Need::Fresh; 20];
        needs[19] = Need::Spent;
        let order = order_of(&needs).await;
        assert!(order.iter().position(|index| *index == 19).unwrap() <= 4, "{order:?}");
    }

    #[tokio::test]
    async fn a_job_that_panics_is_a_fault_and_the_thread_goes_on() {
        let pool = Pool::new(NonZeroUsize::MIN).unwrap();
        assert_eq!(pool.run(Need::Fresh, || panic!("on purpose")).await, Err::<(), _>(HostFault::Internal));
        assert_eq!(pool.run(Need::Fresh, || 1).await, Ok(1));
    }
}
