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

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

/// A fixed number of threads, and one queue in order of arrival. A run has one slice in it at a
/// time, so the queue is never longer than the runs are many, and a run that spins waits for
/// everybody else's slice before its next.
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
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HostFault> {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            // A receiver that is gone was cancelled: nobody wants the result.
            let _ = done.send(job());
        });
        {
            let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.jobs.push_back(job);
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
        if let Some(job) = queue.jobs.pop_front() {
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
