//! The threads that run guests, and nothing else.

mod fair;

pub(crate) use fair::{BRIEF_FUEL, Share};

use crate::HostFault;
use fair::{FairQueue, Ticket, Turn};
use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle, Thread},
};
use tokio::{sync::oneshot, task::coop::consume_budget};

/// Who asks for a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A run that begins, or whose wait is over.
    Fresh,
    /// A run that used up its last slice.
    Spent,
}

/// What a thread does for one run at a time.
pub(crate) trait Slice: Send + 'static {
    /// How the run stands then.
    type Turn: Send + 'static;

    /// Whether it is expected to take less time than handing it over to a thread and back.
    fn is_brief(&self) -> bool;

    /// Goes on with the run for a while, and tells how much fuel that took.
    fn slice(self, extent: Extent) -> (Self::Turn, u64);
}

/// How long a run goes on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// For as much fuel as the run's limits call a slice.
    Slice,
    /// For no more than [`BRIEF_FUEL`].
    Brief,
}

/// A run that waits for a thread, and who hears how it stands.
struct Job<S: Slice> {
    slice: S,
    done: oneshot::Sender<S::Turn>,
}

struct Queue<S: Slice> {
    jobs: FairQueue<Job<S>>,
    /// Threads that sleep and have not been called.
    asleep: Vec<Sleeper>,
    /// Whether a thread was called that has not come yet. It calls the next one where there is more to do: so
    /// many jobs that come at once cost one call and not one each, which is most of what a short run costs.
    called: bool,
    closed: bool,
}

impl<S: Slice> Queue<S> {
    /// The thread that is to be called now, if one is.
    fn call(&mut self) -> Option<Sleeper> {
        let sleeper = if self.called || self.jobs.is_empty() { None } else { self.asleep.pop() };
        self.called |= sleeper.is_some();
        sleeper
    }
}

struct Shared<S: Slice> {
    queue: Mutex<Queue<S>>,
}

impl<S: Slice> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, Queue<S>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that has nothing to do.
#[derive(Clone)]
struct Sleeper {
    thread: Thread,
    called: Arc<AtomicBool>,
}

impl Sleeper {
    fn this() -> Self {
        Self { thread: thread::current(), called: Arc::default() }
    }

    fn call(&self) {
        self.called.store(true, Ordering::Release);
        self.thread.unpark();
    }

    /// Sleeps until it is called.
    fn sleep(&self) {
        while !self.called.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

/// A fixed number of threads, and a queue. A run has one slice in it at a time, so it is never longer
/// than the runs are many. Contracts take turns by their weights and what they have used; among the
/// runs of one contract those that begin or were waiting go before those that computed all along, and
/// within each kind it is first come, first served. So neither a crowd of a contract's runs nor one
/// that spins delays another contract's by more than the slices that are under way.
pub(crate) struct Pool<S: Slice> {
    shared: Arc<Shared<S>>,
    threads: Vec<JoinHandle<()>>,
}

impl<S: Slice> Pool<S> {
    /// Starts the threads. A slice is expected to take `slice_fuel`.
    pub(crate) fn new(threads: NonZeroUsize, slice_fuel: u64) -> std::io::Result<Self> {
        let queue = Queue { jobs: FairQueue::new(slice_fuel), asleep: Vec::new(), called: false, closed: false };
        let shared = Arc::new(Shared { queue: Mutex::new(queue) });
        let mut pool = Self { shared, threads: Vec::new() };
        for index in 0..threads.get() {
            let shared = Arc::clone(&pool.shared);
            let thread = std::thread::Builder::new().name(format!("guest-{index}")).spawn(move || work(&shared))?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Runs a slice on one of the threads; the caller's own thread is free meanwhile. Where the future
    /// is dropped before the slice's turn has come, the slice is dropped too.
    ///
    /// A brief slice is run here and now, in the place of a thread that sleeps on, where one does and no other
    /// slice waits: waking that thread and being woken by it would take longer. So no more slices than there are
    /// threads are under way at any time, wherever they are.
    pub(crate) async fn run(&self, share: Share, need: Need, slice: S) -> Result<S::Turn, HostFault> {
        if slice.is_brief()
            && let Some(seat) = Seat::take(&self.shared, share)
        {
            let result = seat.run(slice);
            // A caller that has one run after the other would not wait for anything else.
            consume_budget().await;
            return result;
        }
        let (done, result) = oneshot::channel();
        let (ticket, sleeper) = {
            let mut queue = self.shared.lock();
            (queue.jobs.push(share, need, Job { slice, done }), queue.call())
        };
        if let Some(sleeper) = sleeper {
            sleeper.call();
        }
        let mut place = Place { shared: &self.shared, ticket: Some(ticket) };
        let result = result.await.map_err(|_| HostFault::Internal);
        place.ticket = None;
        result
    }
}

/// The place of a thread that sleeps meanwhile, until this is dropped.
struct Seat<'a, S: Slice> {
    shared: &'a Shared<S>,
    sleeper: Option<Sleeper>,
    turn: Turn,
    fuel: u64,
}

impl<'a, S: Slice> Seat<'a, S> {
    /// A place, where there is one and nobody waits for it.
    fn take(shared: &'a Shared<S>, share: Share) -> Option<Self> {
        let mut queue = shared.lock();
        if queue.asleep.is_empty() {
            return None;
        }
        let turn = queue.jobs.at_once(share)?;
        let sleeper = queue.asleep.pop();
        Some(Self { shared, sleeper, turn, fuel: 0 })
    }

    fn run(mut self, slice: S) -> Result<S::Turn, HostFault> {
        let (result, fuel) = guarded(|| slice.slice(Extent::Brief))?;
        self.fuel = fuel;
        Ok(result)
    }
}

impl<S: Slice> Drop for Seat<'_, S> {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.jobs.done(self.turn, self.fuel);
        queue.asleep.extend(self.sleeper.take());
        let sleeper = queue.call();
        drop(queue);
        if let Some(sleeper) = sleeper {
            sleeper.call();
        }
    }
}

/// A panic in a slice is the host's bug: it ends that run as a fault, and the thread goes on.
fn guarded<T>(slice: impl FnOnce() -> T) -> Result<T, HostFault> {
    catch_unwind(AssertUnwindSafe(slice)).map_err(|_| {
        tracing::error!("a host function panicked");
        HostFault::Internal
    })
}

/// A place in the queue, which is left when this is dropped.
struct Place<'a, S: Slice> {
    shared: &'a Shared<S>,
    ticket: Option<Ticket>,
}

impl<S: Slice> Drop for Place<'_, S> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let job = self.shared.lock().jobs.cancel(ticket);
            // What it holds is dropped when others can use the queue again.
            drop(job);
        }
    }
}

/// Results that a thread holds back at most.
const HELD: usize = 16;

/// What a thread has done and not yet told, all of it of one contract. Each telling may wake a thread that waits, which
/// is most of what a short run costs; so results are told together, unless what comes next is another contract's or may
/// take long.
struct Done<S: Slice> {
    results: Vec<(oneshot::Sender<S::Turn>, S::Turn)>,
    /// What was done last, and the fuel that it took.
    last: Option<(Turn, u64)>,
}

impl<S: Slice> Done<S> {
    const fn nothing() -> Self {
        Self { results: Vec::new(), last: None }
    }

    fn tell(&mut self) {
        for (done, result) in self.results.drain(..) {
            // A receiver that is gone was cancelled: nobody wants the result.
            let _ = done.send(result);
        }
    }
}

fn work<S: Slice>(shared: &Shared<S>) {
    let (this, mut done) = (Sleeper::this(), Done::nothing());
    while let Some((turn, job)) = next(shared, &this, &mut done) {
        let fuel = match guarded(|| job.slice.slice(Extent::Slice)) {
            Ok((result, fuel)) => {
                done.results.push((job.done, result));
                fuel
            }
            // Whoever waits for it hears that it is gone.
            Err(_) => 0,
        };
        done.last = Some((turn, fuel));
    }
    done.tell();
}

/// Accounts for the last job and waits for the next one.
fn next<S: Slice>(shared: &Shared<S>, this: &Sleeper, done: &mut Done<S>) -> Option<(Turn, Job<S>)> {
    let mut queue = shared.lock();
    let last = done.last.take().map(|(turn, fuel)| {
        queue.jobs.done(turn, fuel);
        turn
    });
    loop {
        if let Some((turn, job)) = queue.jobs.pop() {
            let sleeper = queue.call();
            drop(queue);
            if let Some(sleeper) = sleeper {
                sleeper.call();
            }
            if done.results.len() >= HELD || !last.is_some_and(|last| turn.soon_follows(&last)) {
                done.tell();
            }
            return Some((turn, job));
        }
        if queue.closed {
            return None;
        }
        if !done.results.is_empty() {
            drop(queue);
            done.tell();
            queue = shared.lock();
            continue;
        }
        queue.asleep.push(this.clone());
        drop(queue);
        this.sleep();
        queue = shared.lock();
        queue.called = false;
    }
}

impl<S: Slice> Drop for Pool<S> {
    fn drop(&mut self) {
        let asleep = {
            let mut queue = self.shared.lock();
            queue.closed = true;
            std::mem::take(&mut queue.asleep)
        };
        asleep.iter().for_each(Sleeper::call);
        // A slice that still runs ends by itself; its thread leaves then. Joining would block an
        // async thread for as long.
        self.threads.clear();
    }
}

#[cfg(test)]
mod tests;
