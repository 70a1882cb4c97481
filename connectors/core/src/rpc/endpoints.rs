//! The endpoints of one chain as one: calls go to the best of them, and to another where it fails.
//!
//! Reads may be repeated, so they are; a batch is served by one endpoint as a whole. Those that follow one another go
//! to the same endpoint while it does well. A transaction goes to all ([`broadcast`]), and what counts as true can be
//! made to need several that say the same ([`quorum`]).

mod broadcast;
mod endpoint;
mod health;
mod quorum;
mod reading;
mod selection;

pub use endpoint::Endpoint;

use super::{Dialect, EndpointSettings, EndpointUrl, SettingsError, transport::Transport};
use crate::{CallObserver, ChainError, EndpointReport, EndpointState};
use broadcast::Sends;
use endpoint::{Heads, Parts};
use futures_util::future::join_all;
use health::Policy;
use rustls::ClientConfig;
use selection::Candidate;
use std::{
    collections::HashSet,
    fmt,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// How long an endpoint may be silent before another is asked as well.
const PATIENCE: Duration = Duration::from_secs(2);
/// That, as a part of the time of a call.
const PATIENT_PART: u32 = 4;
/// How often all endpoints are looked at whether they are due, at least.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// And at most.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// The endpoints of one chain. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Endpoints(Arc<Pool>);

struct Pool {
    endpoints: Vec<Endpoint>,
    heads: Arc<Heads>,
    /// The place of the one that served last.
    in_use: AtomicUsize,
    quorum: usize,
    patience: Duration,
    sends: Sends,
}

/// What the endpoints of one chain have in common.
#[derive(Debug)]
pub struct Common {
    /// How they are spoken to.
    pub dialect: Arc<dyn Dialect>,
    /// How long one call may take, connecting included.
    pub call_timeout: Duration,
    /// How TLS is set up.
    pub tls: ClientConfig,
    /// Who is told of every call.
    pub observer: Arc<dyn CallObserver>,
    /// How many must agree on what counts.
    pub quorum: NonZeroUsize,
    /// An endpoint that is more blocks behind the others is used only where none else serves.
    pub max_lag: u64,
    /// An endpoint that nothing was heard of for so long is looked at; one in trouble sooner, at first.
    pub probe_interval: Duration,
}

impl Endpoints {
    /// Makes their clients; connects to nothing.
    ///
    /// # Errors
    /// When there is none, fewer than the quorum, two of one name, or a client can't be made.
    pub fn new(settings: &[EndpointSettings], common: Common) -> Result<Self, SettingsError> {
        let Common { dialect, call_timeout, tls, observer, quorum, max_lag, probe_interval } = common;
        if settings.len() < quorum.get() {
            return Err(SettingsError::TooFewEndpoints { needed: quorum.get(), found: settings.len() });
        }
        let policy = Policy { max_lag, probe_interval };
        let heads = Arc::new(Heads::new(settings.len(), quorum.get()));
        let mut names = HashSet::new();
        let mut endpoints = Vec::with_capacity(settings.len());
        for (place, EndpointSettings { name, url, ws_url, priority }) in settings.iter().enumerate() {
            if !names.insert(name) {
                return Err(SettingsError::SameName { endpoint: name.clone() });
            }
            let transport = Transport::new(name, url, tls.clone(), call_timeout, observer.clone(), dialect.clone())
                .map_err(|error| SettingsError::Endpoint { endpoint: name.clone(), cause: error.to_string() })?;
            let announces = ws_url.clone().or_else(|| Some(url.clone()).filter(EndpointUrl::is_web_socket));
            let parts = Parts { place, priority: *priority, dialect: dialect.clone(), transport, announces, policy };
            endpoints.push(Endpoint::new(parts, heads.clone()));
        }
        Ok(Self(Arc::new(Pool {
            endpoints,
            heads,
            in_use: AtomicUsize::new(0),
            quorum: quorum.get(),
            patience: PATIENCE.min(call_timeout / PATIENT_PART),
            sends: Sends::default(),
        })))
    }

    /// The name of the one that served last, without credentials.
    #[must_use]
    pub fn name(&self) -> &str {
        let place = self.0.in_use.load(Ordering::Relaxed);
        self.0.endpoints.get(place).map_or("", Endpoint::name)
    }

    /// How many must agree on what counts.
    #[must_use]
    pub fn quorum(&self) -> usize {
        self.0.quorum
    }

    /// What is known of each.
    #[must_use]
    pub fn reports(&self) -> Vec<EndpointReport> {
        let (now, in_use) = (Instant::now(), self.0.in_use.load(Ordering::Relaxed));
        self.0.endpoints.iter().map(|endpoint| endpoint.report(endpoint.place() == in_use, now)).collect()
    }

    /// Looks at those that are due, all at once. Says when the next is.
    pub async fn probe(&self) -> Duration {
        let due = self.0.endpoints.iter().filter(|endpoint| endpoint.until_probe(Instant::now()).is_zero());
        join_all(due.map(Endpoint::probe)).await;
        let now = Instant::now();
        let next = self.0.endpoints.iter().map(|endpoint| endpoint.until_probe(now)).min();
        next.unwrap_or(LONGEST_PAUSE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
    }

    /// Looks at all of them now, but for those that rest.
    pub async fn look(&self) {
        let now = Instant::now();
        let awake = self.0.endpoints.iter().filter(|endpoint| endpoint.state(now) != EndpointState::Resting);
        join_all(awake.map(Endpoint::probe)).await;
    }

    /// Those that may be called, best first, for a call about the block `reach`.
    #[must_use]
    pub fn in_order(&self, reach: Option<u64>) -> Vec<Endpoint> {
        let (now, in_use) = (Instant::now(), self.0.in_use.load(Ordering::Relaxed));
        let candidates: Vec<Candidate> = self
            .0
            .endpoints
            .iter()
            .map(|endpoint| {
                let health = endpoint.report(endpoint.place() == in_use, now);
                Candidate {
                    priority: endpoint.priority(),
                    state: health.state,
                    in_use: health.in_use,
                    latency: health.latency,
                    error_rate: health.error_rate,
                    head: health.head,
                }
            })
            .collect();
        let order = selection::order(&candidates, reach);
        order.into_iter().filter_map(|place| self.0.endpoints.get(place).cloned()).collect()
    }

    /// Whether any announces new blocks.
    #[must_use]
    pub fn announce(&self) -> bool {
        self.0.endpoints.iter().any(|endpoint| endpoint.announces().is_some())
    }

    /// Notes who served.
    fn served(&self, endpoint: &Endpoint) {
        self.0.in_use.store(endpoint.place(), Ordering::Relaxed);
    }

    /// Why nobody may be called: all rest.
    fn all_rest(&self) -> ChainError {
        let now = Instant::now();
        let resting = self.0.endpoints.iter().filter_map(|endpoint| Some((endpoint.health().resting(now)?, endpoint)));
        let (left, endpoint) = match resting.min_by_key(|(left, _)| *left) {
            Some((left, endpoint)) => (Some(left), endpoint.name().to_owned()),
            None => (None, String::new()),
        };
        ChainError::RateLimited { endpoint, retry_after: left }
    }

    /// Whether the chain was seen to have reached that block.
    fn is_reached(&self, block: u64) -> bool {
        self.0.heads.has_reached(block)
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.0.endpoints).finish()
    }
}
