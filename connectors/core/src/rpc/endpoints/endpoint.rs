use super::health::{Health, Identity, Policy, Sample};
use crate::{
    ChainError, EndpointReport, EndpointState,
    rpc::{
        Answered, Call, CallError, Dialect, EndpointUrl, NodeError, Params, Reply, Subscription, transport::Transport,
    },
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// One endpoint with what is known of it. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Endpoint(Arc<Inner>);

struct Inner {
    place: usize,
    priority: u32,
    dialect: Arc<dyn Dialect>,
    transport: Transport,
    announces: Option<EndpointUrl>,
    policy: Policy,
    health: Mutex<Health>,
    heads: Arc<Heads>,
}

/// The newest blocks that the endpoints of one chain showed last.
#[derive(Debug)]
pub(super) struct Heads {
    newest: Mutex<Vec<Option<u64>>>,
    /// How many endpoints must have reached a height before others are measured by it.
    quorum: usize,
    /// The highest that the reference ever was, and one more; 0 where there was none.
    reached: AtomicU64,
}

impl Heads {
    pub(super) fn new(endpoints: usize, quorum: usize) -> Self {
        Self { newest: Mutex::new(vec![None; endpoints]), quorum, reached: AtomicU64::new(0) }
    }

    /// The height that as many endpoints have reached as a quorum has.
    pub(super) fn reference(&self) -> Option<u64> {
        let mut known: Vec<u64> = lock(&self.newest).iter().copied().flatten().collect();
        known.sort_unstable_by(|left, right| right.cmp(left));
        known.get(self.quorum.saturating_sub(1)).or(known.last()).copied()
    }

    fn set(&self, place: usize, head: Option<u64>) {
        if let Some(known) = lock(&self.newest).get_mut(place) {
            *known = head;
        }
        if let Some(reference) = self.reference() {
            self.reached.fetch_max(reference.saturating_add(1), Ordering::Relaxed);
        }
    }

    /// Whether the chain was ever seen to have that block, though who showed it may be away.
    pub(super) fn has_reached(&self, block: u64) -> bool {
        self.reached.load(Ordering::Relaxed) > block
    }
}

/// What an endpoint is made of.
pub(super) struct Parts {
    pub(super) place: usize,
    pub(super) priority: u32,
    pub(super) dialect: Arc<dyn Dialect>,
    pub(super) transport: Transport,
    pub(super) announces: Option<EndpointUrl>,
    pub(super) policy: Policy,
}

impl Endpoint {
    pub(super) fn new(parts: Parts, heads: Arc<Heads>) -> Self {
        let Parts { place, priority, dialect, transport, announces, policy } = parts;
        let health = Mutex::new(Health::default());
        Self(Arc::new(Inner { place, priority, dialect, transport, announces, policy, health, heads }))
    }

    /// Its place in the configuration.
    pub(super) fn place(&self) -> usize {
        self.0.place
    }

    /// What it goes by, without credentials.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.transport.name()
    }

    pub(super) fn priority(&self) -> u32 {
        self.0.priority
    }

    /// Where it announces new blocks.
    #[must_use]
    pub fn announces(&self) -> Option<&EndpointUrl> {
        self.0.announces.as_ref()
    }

    /// Whether calls go over a web socket, so that it can be subscribed to.
    #[must_use]
    pub fn is_web_socket(&self) -> bool {
        self.0.transport.is_web_socket()
    }

    /// The newest block that it showed.
    #[must_use]
    pub fn head(&self) -> Option<u64> {
        self.health().head()
    }

    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        lock(&self.0.health)
    }

    /// How it does.
    #[must_use]
    pub fn state(&self, now: Instant) -> EndpointState {
        self.health().state(self.0.policy, now)
    }

    pub(super) fn report(&self, in_use: bool, now: Instant) -> EndpointReport {
        let health = self.health();
        EndpointReport {
            name: self.name().to_owned(),
            priority: self.0.priority,
            state: health.state(self.0.policy, now),
            in_use,
            head: health.head(),
            lag: health.lag(),
            latency: health.latency(),
            error_rate: health.error_rate(),
            last_error: health.last_error().map(str::to_owned),
            resting: health.resting(now),
            answered: health.answered().map(|at| now.saturating_duration_since(at)),
        }
    }

    /// One call.
    ///
    /// # Errors
    /// Where it isn't answered, or by an error.
    pub async fn request(&self, method: &str, params: Params) -> Result<Box<RawValue>, CallError> {
        let sent = Instant::now();
        let result = self.0.transport.call(method, params).await;
        self.note(sent, result.as_ref().err());
        result
    }

    /// One call. What the node says to it is the reply's.
    ///
    /// # Errors
    /// Where it isn't answered.
    pub async fn call(&self, call: Call) -> Result<Reply, CallError> {
        let sent = Instant::now();
        let result = self.0.transport.reply(call).await;
        let answered = result.as_ref().ok().and_then(Reply::error);
        self.note(sent, result.as_ref().err().or(answered.as_ref()));
        result
    }

    /// Subscribes to what the node announces, over the connection that calls go over. Ends when it is dropped, and with
    /// the connection.
    ///
    /// # Errors
    /// Where it isn't answered, or by an error.
    pub async fn subscribe<T: DeserializeOwned>(
        &self,
        subscribe: Call,
        unsubscribe: &'static str,
    ) -> Result<Subscription<T>, CallError> {
        let sent = Instant::now();
        let result = self.0.transport.subscribe(subscribe, unsubscribe).await;
        self.note(sent, result.as_ref().err());
        result
    }

    /// Exactly as many calls as replies, in one round trip.
    ///
    /// # Errors
    /// As [`batch`](Self::batch).
    pub async fn replies<const N: usize>(&self, calls: [Call; N]) -> Result<[Reply; N], CallError> {
        let replies = self.batch(calls.into()).await?;
        replies.try_into().map_err(|_| malformed("a batch", format!("not {N} answers to {N} calls")))
    }

    /// An error of the node that came in another way than as the answer to a call.
    #[must_use]
    pub fn answered(&self, method: &str, error: NodeError) -> CallError {
        CallError::Answered(Answered::by(self.name(), method, error, self.0.dialect.codes()))
    }

    /// Several calls in one round trip. A limit that one of them met is an error of them all, and so is the node's own
    /// trouble with every one.
    ///
    /// # Errors
    /// Where they aren't answered, or by such an error.
    pub async fn batch(&self, calls: Vec<Call>) -> Result<Vec<Reply>, CallError> {
        let latest: Vec<bool> = calls.iter().map(Call::shows_head).collect();
        let sent = Instant::now();
        let result = self.0.transport.batch(calls).await.map_err(CallError::from).and_then(|replies| {
            let errors: Vec<CallError> = replies.iter().filter_map(Reply::error).collect();
            let is_lost = errors.len() == replies.len() && errors.iter().all(CallError::is_the_nodes_own);
            match errors.into_iter().find(|error| is_lost || error.is_limit()) {
                Some(error) => Err(error),
                None => Ok(replies),
            }
        });
        self.note(sent, result.as_ref().err());
        let replies = result?;
        for (reply, _) in replies.iter().zip(latest).filter(|(_, latest)| *latest) {
            if let Some(number) = reply.block_number() {
                self.showed(number);
            }
        }
        Ok(replies)
    }

    /// Several calls in one round trip, whatever the node says to each.
    ///
    /// # Errors
    /// Where they aren't answered.
    pub async fn batch_of_words(&self, calls: Vec<Call>) -> Result<Vec<Reply>, CallError> {
        let sent = Instant::now();
        let result = self.0.transport.batch(calls).await.map_err(CallError::from);
        self.note(sent, result.as_ref().err());
        result
    }

    /// Makes sure that it serves the configured chain, where that isn't known.
    pub(super) async fn identify(&self) -> Result<(), CallError> {
        match self.health().identity() {
            Identity::Right => return Ok(()),
            Identity::Unknown | Identity::Wrong => {}
        }
        self.look().await
    }

    /// Asks for its chain and its newest block.
    pub(super) async fn look(&self) -> Result<(), CallError> {
        let dialect = &self.0.dialect;
        let (found, head) = dialect.look(self).await?;
        let expected = dialect.chain();
        if found != expected {
            let endpoint = self.name().to_owned();
            let error = CallError::Failed(ChainError::WrongChain { endpoint, expected, found });
            self.update(|health, now| {
                health.identified(Identity::Wrong, now);
                health.note_error(error.to_string());
            });
            self.0.heads.set(self.0.place, None);
            return Err(error);
        }
        self.update(|health, now| health.identified(Identity::Right, now));
        self.showed(head);
        Ok(())
    }

    /// Its newest block, asked now.
    ///
    /// # Errors
    /// Where it doesn't say.
    pub async fn newest(&self) -> Result<u64, CallError> {
        let head = self.0.dialect.newest(self).await?;
        self.showed(head);
        Ok(head)
    }

    /// It showed its newest block.
    pub fn showed(&self, head: u64) {
        if self.health().identity() == Identity::Right {
            self.0.heads.set(self.0.place, Some(head));
        }
        let reference = self.0.heads.reference().unwrap_or(head);
        self.update(|health, _| health.showed(head, reference));
    }

    /// A quorum contradicted it.
    pub(super) fn dissented(&self, method: &str) {
        self.update(|health, now| {
            health.dissented(now);
            health.note_error(format!("its answer to {method} is not that of the others"));
        });
    }

    /// It asked for fewer calls, by an answer that can mean something else as well.
    pub fn limited(&self, error: &CallError) {
        self.update(|health, now| {
            health.observe(Sample::Limited { retry_after: None }, now);
            health.note_error(error.to_string());
        });
    }

    /// It failed in a way that no single call shows.
    pub fn failed(&self, error: &CallError) {
        self.note(Instant::now(), Some(error));
    }

    /// It was too slow, so that another was asked as well and answered before it.
    pub(super) fn overtaken(&self, waited: Duration) {
        self.update(|health, now| {
            health.observe(Sample::Failed { lost: false }, now);
            health.note_error(format!("no answer within {waited:?}, and another was faster"));
        });
        self.0.heads.set(self.0.place, None);
    }

    /// How long until it is to be probed.
    pub(super) fn until_probe(&self, now: Instant) -> Duration {
        self.health().until_probe(self.0.policy, now)
    }

    /// Looks at it, whatever is known of it.
    pub(super) async fn probe(&self) {
        // What is wrong stands in its health.
        let _ = self.look().await;
        self.update(|health, now| health.probed(self.0.policy, now));
    }

    /// That `error`, if any, is what a call came to that was sent at `sent`.
    fn note(&self, sent: Instant, error: Option<&CallError>) {
        let sample = match error {
            None | Some(CallError::TooLong { .. }) => Sample::Answered { elapsed: sent.elapsed() },
            Some(error) => error.as_sample(sent.elapsed()),
        };
        if let (Sample::Failed { .. }, true) = (sample, error.is_some()) {
            // Who doesn't answer is no measure for the others.
            self.0.heads.set(self.0.place, None);
        }
        self.update(|health, now| {
            health.observe(sample, now);
            if let (Some(error), Sample::Failed { .. } | Sample::Limited { .. }) = (error, sample) {
                health.note_error(error.to_string());
            }
        });
    }

    /// Changes what is known of it, and tells where that changes the verdict.
    fn update(&self, change: impl FnOnce(&mut Health, Instant)) {
        let now = Instant::now();
        let (before, after, error) = {
            let mut health = self.health();
            let before = health.state(self.0.policy, now);
            change(&mut health, now);
            (before, health.state(self.0.policy, now), health.last_error().map(str::to_owned))
        };
        if before != after {
            self.tell(before, after, error.as_deref());
        }
    }

    fn tell(&self, before: EndpointState, after: EndpointState, error: Option<&str>) {
        let (endpoint, chain) = (self.name(), self.0.dialect.chain());
        if !after.is_well() {
            tracing::warn!(endpoint, chain, state = after.as_str(), error, "an endpoint is taken out");
        } else if !before.is_well() {
            tracing::info!(endpoint, chain, state = after.as_str(), "an endpoint is brought back");
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl CallError {
    /// What the failed call says of the endpoint.
    fn as_sample(&self, elapsed: Duration) -> Sample {
        match self {
            Self::Failed(ChainError::RateLimited { retry_after, .. }) => Sample::Limited { retry_after: *retry_after },
            Self::Failed(ChainError::Unreachable { .. }) => Sample::Failed { lost: true },
            Self::Failed(_) => Sample::Failed { lost: false },
            Self::Answered(_) if self.is_limit() => Sample::Limited { retry_after: None },
            Self::Answered(_) if self.is_the_nodes_own() => Sample::Failed { lost: false },
            Self::Answered(_) | Self::TooLong { .. } => Sample::Answered { elapsed },
        }
    }
}

fn malformed(method: &str, cause: impl fmt::Display) -> CallError {
    ChainError::Malformed { method: method.to_owned(), cause: cause.to_string() }.into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
