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

pub(crate) use endpoint::Endpoint;
pub(crate) use quorum::{LogIdentity, identities};

use crate::{EndpointSettings, SettingsError, transport::Transport};
use broadcast::Sends;
use endpoint::{Heads, Parts};
use futures_util::future::join_all;
use health::Policy;
use phat_connector::{CallObserver, ChainError, EndpointReport, EndpointState};
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
pub(crate) struct Endpoints(Arc<Pool>);

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
pub(crate) struct Common {
    pub(crate) chain_id: u64,
    pub(crate) call_timeout: Duration,
    pub(crate) tls: ClientConfig,
    pub(crate) observer: Arc<dyn CallObserver>,
    /// How many must agree on what counts.
    pub(crate) quorum: NonZeroUsize,
    pub(crate) max_lag: u64,
    pub(crate) probe_interval: Duration,
}

impl Endpoints {
    /// Makes their clients; connects to nothing.
    ///
    /// # Errors
    /// When there is none, fewer than the quorum, two of one name, or a client can't be made.
    pub(crate) fn new(settings: &[EndpointSettings], common: Common) -> Result<Self, SettingsError> {
        let Common { chain_id, call_timeout, tls, observer, quorum, max_lag, probe_interval } = common;
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
            let transport = Transport::new(name, url, tls.clone(), call_timeout, observer.clone())
                .map_err(|error| SettingsError::Endpoint { endpoint: name.clone(), cause: error.to_string() })?;
            let announces = ws_url.clone().or_else(|| Some(url.clone()).filter(crate::EndpointUrl::is_web_socket));
            let parts = Parts { place, priority: *priority, chain_id, transport, announces, policy };
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
    pub(crate) fn name(&self) -> &str {
        let place = self.0.in_use.load(Ordering::Relaxed);
        self.0.endpoints.get(place).map_or("", Endpoint::name)
    }

    /// How many must agree on what counts.
    pub(crate) fn quorum(&self) -> usize {
        self.0.quorum
    }

    /// What is known of each.
    pub(crate) fn reports(&self) -> Vec<EndpointReport> {
        let (now, in_use) = (Instant::now(), self.0.in_use.load(Ordering::Relaxed));
        self.0.endpoints.iter().map(|endpoint| endpoint.report(endpoint.place() == in_use, now)).collect()
    }

    /// Looks at those that are due, all at once. Says when the next is.
    pub(crate) async fn probe(&self) -> Duration {
        let due = self.0.endpoints.iter().filter(|endpoint| endpoint.until_probe(Instant::now()).is_zero());
        join_all(due.map(Endpoint::probe)).await;
        let now = Instant::now();
        let next = self.0.endpoints.iter().map(|endpoint| endpoint.until_probe(now)).min();
        next.unwrap_or(LONGEST_PAUSE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
    }

    /// Looks at all of them now, but for those that rest.
    pub(crate) async fn look(&self) {
        let now = Instant::now();
        let awake = self.0.endpoints.iter().filter(|endpoint| endpoint.state(now) != EndpointState::Resting);
        join_all(awake.map(Endpoint::probe)).await;
    }

    /// Those that may be called, best first, for a call about the block `reach`.
    pub(crate) fn in_order(&self, reach: Option<u64>) -> Vec<Endpoint> {
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
    pub(crate) fn announce(&self) -> bool {
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
