//! One subscription to the head of the chain, with a task of its own that hears it.

use super::{
    event::{FollowEvent, RuntimeTold, Started},
    operations::{Operations, Outcome},
    tree::{Tree, Unannounced},
};
use crate::{
    dialect::Header,
    words::{Bytes, is_forgotten},
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use parity_scale_codec::{Compact, Decode};
use phat_connector::{
    ChainError,
    rpc::{Call, CallError, Endpoint, Subscription},
};
use phat_protocol::BlockHash;
use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    task::JoinSet,
    time::{Instant, interval, sleep, timeout},
};

/// How many operations may run at once, and how many things one may ask for without taking the place of another: what
/// the specification promises (`chainHead_v1_body`, "limitReached").
const ROOM: u32 = 16;
/// How long to wait before an operation is started again that there was no room for; then twice as long, to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(500);
/// How often is looked for blocks that are of no more use, where no event tells.
const CLEANING: Duration = Duration::from_secs(5);
/// The most operations that wait to be stopped.
const CHORES: usize = 64;

/// A follow. Its task, and the subscription, end with it.
pub(super) struct Follow {
    shared: Arc<Shared>,
    endpoint: Endpoint,
    call_timeout: Duration,
    _task: JoinSet<()>,
}

struct Shared {
    id: String,
    tree: Mutex<Tree>,
    operations: Mutex<Operations>,
    room: Arc<Semaphore>,
    chores: mpsc::Sender<Stop>,
    heads: watch::Sender<Heads>,
}

/// How far a follow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heads {
    /// The best block wasn't told yet.
    Unknown,
    /// The heights of the best block and of the last final one.
    At { best: u64, finalized: u64 },
    /// There is no more to hear.
    Ended,
}

/// An operation that nobody waits for any more, with its place among the others.
struct Stop {
    operation: String,
    _place: OwnedSemaphorePermit,
}

/// Why an operation came to nothing.
pub(super) enum Unmet {
    /// The follow ended; another may do better.
    Ended,
    /// The node doesn't keep the block.
    NotPinned,
    /// The call failed.
    Failed(CallError),
}

impl From<CallError> for Unmet {
    fn from(error: CallError) -> Self {
        Self::Failed(error)
    }
}

/// A header as SCALE has it, as far as it is read.
pub(in crate::words) fn header(bytes: &Bytes) -> Result<Header, ChainError> {
    let read = <([u8; 32], Compact<u64>)>::decode(&mut &*bytes.0);
    let (parent, Compact(number)) = read.map_err(|error| malformed(&format!("no header: {error}")))?;
    Ok(Header { number, parent_hash: BlockHash(parent) })
}

fn malformed(cause: &str) -> ChainError {
    ChainError::Malformed { method: "chainHead_v1_follow".to_owned(), cause: cause.to_owned() }
}

impl Follow {
    /// Subscribes, and waits until the head of the chain is known. Blocks less than `depth` below the best one are kept.
    pub(super) async fn start(endpoint: &Endpoint, call_timeout: Duration, depth: u64) -> Result<Self, CallError> {
        timeout(call_timeout, Self::started(endpoint, call_timeout, depth)).await.unwrap_or_else(|_| {
            let cause = format!("it told nothing of its chain within {call_timeout:?}");
            Err(silent(endpoint, cause))
        })
    }

    async fn started(endpoint: &Endpoint, call_timeout: Duration, depth: u64) -> Result<Self, CallError> {
        // With the runtimes: calls of them are refused otherwise.
        let subscribe = Call::new("chainHead_v1_follow", [true]);
        let mut events: Subscription<FollowEvent> = endpoint.subscribe(subscribe, "chainHead_v1_unfollow").await?;
        let (hashes, runtime) = match events.next().await.transpose()? {
            Some(FollowEvent::Initialized { finalized_block_hashes, finalized_block_runtime }) => {
                (finalized_block_hashes, finalized_block_runtime)
            }
            // A node stops it at once while its last final block is too far behind.
            Some(FollowEvent::Stop) | None => return Err(ended(endpoint)),
            Some(other) => return Err(malformed(&format!("it begins with {other:?}")).into()),
        };
        let first = hashes.first().ok_or_else(|| malformed("no block is final"))?;
        let raw: Option<Bytes> = endpoint.call(Call::new("chainHead_v1_header", (events.id(), first))).await?.read()?;
        let first = header(&raw.ok_or_else(|| ended(endpoint))?)?;
        let version = runtime.and_then(RuntimeTold::version);
        let tree = Tree::new(first, &hashes, version, Instant::now()).ok_or_else(|| malformed("no block is final"))?;
        let (chores, stops) = mpsc::channel(CHORES);
        let shared = Arc::new(Shared {
            id: events.id().to_owned(),
            tree: Mutex::new(tree),
            operations: Mutex::default(),
            room: Arc::new(Semaphore::new(usize::try_from(ROOM).unwrap_or(1))),
            chores,
            heads: watch::Sender::new(Heads::Unknown),
        });
        let mut task = JoinSet::new();
        let listener = Listener { endpoint: endpoint.clone(), shared: Arc::clone(&shared), depth };
        task.spawn(listener.listen(events, stops));
        let follow = Self { shared, endpoint: endpoint.clone(), call_timeout, _task: task };
        // The best block is told after the blocks that aren't final.
        let mut heads = follow.heads();
        match heads.wait_for(|heads| *heads != Heads::Unknown).await.as_deref() {
            Ok(Heads::At { .. }) => Ok(follow),
            Ok(Heads::Unknown | Heads::Ended) | Err(_) => Err(ended(endpoint)),
        }
    }

    /// How far it is, and what comes.
    pub(super) fn heads(&self) -> watch::Receiver<Heads> {
        self.shared.heads.subscribe()
    }

    /// Whether it goes on.
    pub(super) fn goes_on(&self) -> bool {
        *self.shared.heads.borrow() != Heads::Ended
    }

    /// What it told of the chain.
    pub(super) fn tree(&self) -> MutexGuard<'_, Tree> {
        self.shared.tree()
    }

    /// Starts an operation by the call that `call` makes of the subscription's id, and waits for what becomes of it.
    /// `things` is how many it asks for. Answers too how many of them the node passed over.
    pub(super) async fn operate(
        &self,
        method: &'static str,
        things: usize,
        call: impl Fn(&str) -> Call + Send + Sync,
    ) -> Result<(Outcome, usize), Unmet> {
        let places = u32::try_from(things).unwrap_or(ROOM).clamp(1, ROOM);
        let place = Arc::clone(&self.shared.room).acquire_many_owned(places).await.map_err(|_| Unmet::Ended)?;
        let deadline = Instant::now() + self.call_timeout;
        let mut pause = FIRST_PAUSE;
        let (operation, passed_over) = loop {
            if !self.goes_on() {
                return Err(Unmet::Ended);
            }
            match self.endpoint.call(call(&self.shared.id)).await?.read::<Started>() {
                Ok(Started::Started { operation_id, discarded_items }) => break (operation_id, discarded_items),
                // A node may still count an operation whose end it has told. What follows no more has no room either.
                Ok(Started::LimitReached) if Instant::now() < deadline => self.unless_ended(sleep(pause)).await?,
                Ok(Started::LimitReached) => return Err(self.overdue(method, "it has no room for it")),
                Err(error) if is_forgotten(&error) => return Err(Unmet::NotPinned),
                Err(error) => return Err(error.into()),
            }
            pause = (pause * 2).min(LAST_PAUSE);
        };
        let running = Running { shared: &self.shared, operation, place: Some(place) };
        let outcome = self.shared.operations().claim(&running.operation);
        match self.unless_ended(timeout(self.call_timeout, outcome)).await? {
            Ok(Ok(outcome)) => {
                running.ended();
                Ok((outcome, passed_over))
            }
            Ok(Err(_)) => Err(Unmet::Ended),
            Err(_) => Err(self.overdue(method, "it tells no end of it")),
        }
    }

    /// Waits for something, no longer than the follow goes on.
    async fn unless_ended<T>(&self, waited_for: impl Future<Output = T>) -> Result<T, Unmet> {
        let mut heads = self.heads();
        tokio::select! {
            biased;
            done = waited_for => Ok(done),
            _ = heads.wait_for(|heads| *heads == Heads::Ended) => Err(Unmet::Ended),
        }
    }

    fn overdue(&self, method: &str, what: &str) -> Unmet {
        let cause = format!("{method}: {what} within {:?}", self.call_timeout);
        Unmet::Failed(silent(&self.endpoint, cause))
    }
}

/// The follow of an endpoint ended.
pub(super) fn ended(endpoint: &Endpoint) -> CallError {
    silent(endpoint, "it tells no more of its chain".to_owned())
}

/// An endpoint doesn't tell what it should, which none of its answers shows.
pub(super) fn silent(endpoint: &Endpoint, cause: String) -> CallError {
    let error = CallError::Failed(ChainError::Unreachable { endpoint: endpoint.name().to_owned(), cause });
    endpoint.failed(&error);
    error
}

impl Shared {
    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn operations(&self) -> MutexGuard<'_, Operations> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An operation that somebody waits for. It is stopped where nobody waits to its end.
struct Running<'a> {
    shared: &'a Shared,
    operation: String,
    place: Option<OwnedSemaphorePermit>,
}

impl Running<'_> {
    fn ended(mut self) {
        self.place = None;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        self.shared.operations().abandon(&self.operation);
        // Where too many are to be stopped, or the follow ended, the node ends it by itself.
        let _ = self.shared.chores.try_send(Stop { operation: std::mem::take(&mut self.operation), _place: place });
    }
}

/// Who hears a follow.
struct Listener {
    endpoint: Endpoint,
    shared: Arc<Shared>,
    depth: u64,
}

impl Listener {
    /// Hears all of it. Calls run beside, so that events never wait for an answer.
    async fn listen(self, mut events: Subscription<FollowEvent>, mut stops: mpsc::Receiver<Stop>) {
        let mut calls = FuturesUnordered::new();
        let mut cleaning = interval(CLEANING);
        loop {
            tokio::select! {
                biased;
                event = events.next() => match event {
                    Some(Ok(event)) => match self.hear(event) {
                        Ok(Some(call)) => calls.push(self.chore(call, None)),
                        Ok(None) => {}
                        Err(over) => {
                            tracing::debug!(endpoint = self.endpoint.name(), cause = over, "a follow ended");
                            break;
                        }
                    },
                    Some(Err(error)) => {
                        tracing::debug!(endpoint = self.endpoint.name(), %error, "a follow can't be read");
                        break;
                    }
                    None => {
                        tracing::debug!(endpoint = self.endpoint.name(), "a follow was lost");
                        break;
                    }
                },
                Some(stop) = stops.recv() => {
                    let call = Call::new("chainHead_v1_stopOperation", (&self.shared.id, &stop.operation));
                    calls.push(self.chore(call, Some(stop)));
                }
                _ = cleaning.tick() => {
                    let gone = self.shared.tree().expendable(self.depth, Instant::now());
                    if !gone.is_empty() {
                        calls.push(self.chore(Call::new("chainHead_v1_unpin", (&self.shared.id, gone)), None));
                    }
                }
                Some(()) = calls.next() => {}
            }
        }
        self.shared.heads.send_replace(Heads::Ended);
        self.shared.room.close();
        // Who waits for an operation hears that it has no end.
        *self.shared.operations() = Operations::default();
    }

    /// A call whose answer tells nothing.
    async fn chore(&self, call: Call, stop: Option<Stop>) {
        if let Err(error) = self.endpoint.call(call).await {
            tracing::debug!(endpoint = self.endpoint.name(), %error, "a call of a follow failed");
        }
        drop(stop);
    }

    /// Takes in one event. Answers a call that it asks for.
    ///
    /// # Errors
    /// Where the follow is over.
    fn hear(&self, event: FollowEvent) -> Result<Option<Call>, String> {
        let (now, wrong) = (Instant::now(), |error: Unannounced| error.to_string());
        let mut call = None;
        match event {
            FollowEvent::NewBlock { block_hash, parent_block_hash, new_runtime } => {
                let runtime = new_runtime.map(RuntimeTold::version);
                self.shared.tree().announced(block_hash, parent_block_hash, runtime, now).map_err(wrong)?;
            }
            FollowEvent::BestBlockChanged { best_block_hash } => {
                self.shared.tree().best_changed(best_block_hash).map_err(wrong)?;
                self.show(true);
            }
            FollowEvent::Finalized { finalized_block_hashes } => {
                self.shared.tree().finalized(&finalized_block_hashes).map_err(wrong)?;
                self.show(false);
            }
            FollowEvent::OperationBodyDone { operation_id, value } => {
                self.shared.operations().ended(&operation_id, Outcome::Body(value));
            }
            FollowEvent::OperationCallDone { operation_id, output } => {
                self.shared.operations().ended(&operation_id, Outcome::Output(output));
            }
            FollowEvent::OperationStorageItems { operation_id, items } => {
                self.shared.operations().found(&operation_id, items);
            }
            FollowEvent::OperationWaitingForContinue { operation_id } => {
                call = Some(Call::new("chainHead_v1_continue", (&self.shared.id, operation_id)));
            }
            FollowEvent::OperationStorageDone { operation_id } => self.shared.operations().found_all(&operation_id),
            FollowEvent::OperationInaccessible { operation_id } => {
                self.shared.operations().ended(&operation_id, Outcome::Inaccessible);
            }
            FollowEvent::OperationError { operation_id, error } => {
                self.shared.operations().ended(&operation_id, Outcome::Refused(error));
            }
            FollowEvent::Stop => return Err("the node stopped it".to_owned()),
            FollowEvent::Initialized { .. } | FollowEvent::Unknown => {}
        }
        Ok(call)
    }

    /// Tells how far the chain is; at first only once the best block is known.
    fn show(&self, is_best: bool) {
        if is_best || *self.shared.heads.borrow() != Heads::Unknown {
            let tree = self.shared.tree();
            let (_, best) = tree.best();
            let (_, finalized) = tree.last_finalized();
            self.shared.heads.send_replace(Heads::At { best, finalized });
        }
    }
}
