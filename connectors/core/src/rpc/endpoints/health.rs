//! What is known of one endpoint, and the verdict on it: a function of what was observed and of the time.

use crate::EndpointState;
use std::time::Duration;
use tokio::time::Instant;

/// The weight of a new latency in the average, as in TCP's round-trip time (RFC 6298, section 2).
const LATENCY_WEIGHT: u32 = 8;
/// The weight of a new call in the error rate: what is older than about ten calls counts little.
const ERROR_WEIGHT: f64 = 0.2;
/// From this share of failed calls on an endpoint is failing, though it answered now and then.
const TOO_MANY_ERRORS: f64 = 0.5;
/// How long an endpoint rests first that limits the rate of calls and says nothing of how long,
const FIRST_REST: Duration = Duration::from_secs(1);
/// and at most, when it keeps doing so.
const LONGEST_UNTOLD_REST: Duration = Duration::from_secs(60);
/// The longest rest that an endpoint can ask for: a `Retry-After` beyond it is taken for a mistake.
const LONGEST_REST: Duration = Duration::from_secs(3600);
/// How soon an endpoint in trouble is probed first; then later and later.
const FIRST_PROBE: Duration = Duration::from_millis(500);
/// For how long an endpoint that a quorum contradicted is used only where others don't serve.
const DISSENT: Duration = Duration::from_secs(60);

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// An endpoint that is more blocks behind the others lags.
    pub(super) max_lag: u64,
    /// An endpoint that nothing was heard of for so long is probed; one in trouble sooner, at first.
    pub(super) probe_interval: Duration,
}

/// Which chain an endpoint serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// Nobody asked, or the connection was lost since.
    Unknown,
    /// The configured one.
    Right,
    /// Another.
    Wrong,
}

/// What one call to an endpoint came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sample {
    /// It answered, if only with an error about the call.
    Answered {
        /// From sending to answer.
        elapsed: Duration,
    },
    /// There was no answer, or none that can be read.
    Failed {
        /// Whether another node may be there when it answers again.
        lost: bool,
    },
    /// It asked for fewer calls.
    Limited {
        /// How long to wait, where it said so.
        retry_after: Option<Duration>,
    },
}

/// Everything that is known of one endpoint.
#[derive(Clone, Debug)]
pub(super) struct Health {
    identity: Identity,
    latency: Option<Duration>,
    error_rate: f64,
    /// Failures in a row.
    failures: u32,
    /// Limits in a row.
    limits: u32,
    rest_until: Option<Instant>,
    head: Option<u64>,
    lag: u64,
    dissented: Option<Instant>,
    last_error: Option<String>,
    answered: Option<Instant>,
    /// When anything was heard of it last, good or bad.
    heard: Option<Instant>,
    /// When it said last which chain it serves.
    looked: Option<Instant>,
    /// Probes in a row that found it in trouble.
    vain_probes: u32,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            identity: Identity::Unknown,
            latency: None,
            error_rate: 0.0,
            failures: 0,
            limits: 0,
            rest_until: None,
            head: None,
            lag: 0,
            dissented: None,
            last_error: None,
            answered: None,
            heard: None,
            looked: None,
            vain_probes: 0,
        }
    }
}

impl Health {
    /// A call has ended.
    pub(super) fn observe(&mut self, sample: Sample, now: Instant) {
        self.heard = Some(now);
        let failed = match sample {
            Sample::Answered { elapsed } => {
                self.answered = Some(now);
                (self.failures, self.limits, self.rest_until) = (0, 0, None);
                self.latency = Some(match self.latency {
                    None => elapsed,
                    Some(average) => average - average / LATENCY_WEIGHT + elapsed / LATENCY_WEIGHT,
                });
                0.0
            }
            Sample::Failed { lost } => {
                self.failures = self.failures.saturating_add(1);
                if lost && self.identity == Identity::Right {
                    self.identity = Identity::Unknown;
                }
                1.0
            }
            Sample::Limited { retry_after } => {
                let untold = FIRST_REST.saturating_mul(1 << self.limits.min(16)).min(LONGEST_UNTOLD_REST);
                self.limits = self.limits.saturating_add(1);
                let rest = retry_after.unwrap_or(untold).min(LONGEST_REST);
                // Calls that were sent before may still bring shorter limits.
                self.rest_until = self.rest_until.max(Some(now + rest));
                1.0
            }
        };
        self.error_rate += (failed - self.error_rate) * ERROR_WEIGHT;
    }

    /// It said which chain it serves.
    pub(super) fn identified(&mut self, identity: Identity, now: Instant) {
        self.looked = Some(now);
        if identity == Identity::Wrong {
            self.head = None;
        }
        self.identity = identity;
    }

    /// It showed its newest block, while `reference` was that of the others.
    pub(super) fn showed(&mut self, head: u64, reference: u64) {
        self.head = Some(head);
        self.lag = reference.saturating_sub(head);
    }

    /// A quorum contradicted it.
    pub(super) fn dissented(&mut self, now: Instant) {
        self.dissented = Some(now);
    }

    /// What went wrong last.
    pub(super) fn note_error(&mut self, error: String) {
        self.last_error = Some(error);
    }

    /// A probe of it ended.
    pub(super) fn probed(&mut self, policy: Policy, now: Instant) {
        self.heard = Some(now);
        self.vain_probes = if self.state(policy, now).is_well() { 0 } else { self.vain_probes.saturating_add(1) };
    }

    /// The verdict. What forbids calls comes before what discourages them.
    pub(super) fn state(&self, policy: Policy, now: Instant) -> EndpointState {
        if self.identity == Identity::Wrong {
            EndpointState::WrongChain
        } else if self.resting(now).is_some() {
            EndpointState::Resting
        } else if self.heard.is_none() {
            EndpointState::Untried
        } else if self.failures > 0 || self.error_rate > TOO_MANY_ERRORS {
            EndpointState::Failing
        } else if self.dissented.is_some_and(|at| now < at + DISSENT) {
            EndpointState::Disagreeing
        } else if self.lag > policy.max_lag {
            EndpointState::Lagging
        } else {
            EndpointState::Healthy
        }
    }

    /// How long until it is to be probed; zero when that is now. What is in trouble is asked soon, then less and less
    /// often; what rests, when that is over.
    pub(super) fn until_probe(&self, policy: Policy, now: Instant) -> Duration {
        let Some(heard) = self.heard else { return Duration::ZERO };
        let wait = match self.state(policy, now) {
            EndpointState::Resting => return self.resting(now).unwrap_or_default(),
            // However busy: a node can be another's in the meantime.
            EndpointState::Untried | EndpointState::Healthy => {
                let Some(looked) = self.looked else { return Duration::ZERO };
                return (looked + policy.probe_interval).saturating_duration_since(now);
            }
            EndpointState::Lagging
            | EndpointState::Disagreeing
            | EndpointState::Failing
            | EndpointState::WrongChain => {
                FIRST_PROBE.saturating_mul(1 << self.vain_probes.min(16)).min(policy.probe_interval)
            }
        };
        (heard + wait).saturating_duration_since(now)
    }

    /// For how long yet it gets no calls.
    pub(super) fn resting(&self, now: Instant) -> Option<Duration> {
        self.rest_until.map(|until| until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    pub(super) const fn identity(&self) -> Identity {
        self.identity
    }

    pub(super) const fn latency(&self) -> Option<Duration> {
        self.latency
    }

    pub(super) const fn error_rate(&self) -> f64 {
        self.error_rate
    }

    pub(super) const fn head(&self) -> Option<u64> {
        self.head
    }

    pub(super) fn lag(&self) -> Option<u64> {
        self.head.map(|_| self.lag)
    }

    pub(super) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    pub(super) const fn answered(&self) -> Option<Instant> {
        self.answered
    }
}

#[cfg(test)]
mod tests;
