//! What can go wrong between a relayer and its node, and which calls it happens to.

use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{collections::BTreeMap, time::Duration};

/// One way for an endpoint to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The node is asked this much later.
    Delay(Duration),
    /// The node is not asked, and the connection closes without a word.
    Drop,
    /// The node is asked, and the connection closes without a word.
    LoseAnswer,
    /// The node is not asked, and the connection stays open and silent until the caller closes it.
    Hang,
    /// The node is not asked, and the connection is reset (RST).
    Reset,
    /// The connection closes in the middle of the answer.
    Truncate,
    /// Status 429, with a `Retry-After` of so many seconds where there is one.
    RateLimit(Option<u32>),
    /// A status that says that the server failed, and a page for people.
    ServerError(u16),
    /// The node seems to be so many blocks behind: its newest block, what it says of accounts and contracts, the receipts
    /// and the logs that it has.
    StaleHead(u64),
    /// There are no logs.
    MissingLogs,
    /// Each log is there twice.
    DuplicatedLogs,
    /// There are no receipts.
    MissingReceipts,
    /// Another node is asked, at this URL: one of another chain.
    WrongChain(String),
}

impl Fault {
    /// Its name, which doesn't tell how much.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Delay(_) => "delay",
            Self::Drop => "drop",
            Self::LoseAnswer => "lost answer",
            Self::Hang => "hung socket",
            Self::Reset => "reset",
            Self::Truncate => "truncate",
            Self::RateLimit(None) => "429 without Retry-After",
            Self::RateLimit(Some(_)) => "429 with Retry-After",
            Self::ServerError(_) => "5xx",
            Self::StaleHead(_) => "stale head",
            Self::MissingLogs => "missing logs",
            Self::DuplicatedLogs => "duplicated logs",
            Self::MissingReceipts => "missing receipts",
            Self::WrongChain(_) => "wrong chain",
        }
    }
}

/// A fault, and what it happens to.
#[derive(Clone, Debug)]
pub struct Rule {
    fault: Fault,
    /// None for all of them.
    methods: Option<&'static [&'static str]>,
    probability: f64,
    /// How often it still happens.
    left: u64,
}

impl Rule {
    /// Happens to every HTTP request, whatever is called.
    #[must_use]
    pub const fn new(fault: Fault) -> Self {
        Self { fault, methods: None, probability: 1.0, left: u64::MAX }
    }

    /// Happens so often, and then no more.
    #[must_use]
    pub const fn times(mut self, times: u64) -> Self {
        self.left = times;
        self
    }

    /// Happens to requests that call one of these methods.
    #[must_use]
    pub const fn on(mut self, methods: &'static [&'static str]) -> Self {
        self.methods = Some(methods);
        self
    }

    /// Happens to this part of them, from 0 to 1.
    #[must_use]
    pub const fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    fn concerns(&self, called: &[String]) -> bool {
        self.methods.is_none_or(|methods| called.iter().any(|method| methods.contains(&method.as_str())))
    }
}

/// The rules of the moment, and how often each fault happened.
#[derive(Debug)]
pub(super) struct Plan {
    rules: Vec<Rule>,
    randomness: StdRng,
    counts: BTreeMap<&'static str, u64>,
}

impl Plan {
    pub(super) fn new(seed: u64) -> Self {
        Self { rules: Vec::new(), randomness: StdRng::seed_from_u64(seed), counts: BTreeMap::new() }
    }

    pub(super) fn reseed(&mut self, seed: u64) {
        self.randomness = StdRng::seed_from_u64(seed);
    }

    pub(super) fn inject(&mut self, rules: impl IntoIterator<Item = Rule>) {
        self.rules = rules.into_iter().collect();
    }

    /// What is to happen to a request that calls these methods, in the rules' order.
    pub(super) fn draw(&mut self, called: &[String]) -> Vec<Fault> {
        let Self { rules, randomness, .. } = self;
        let drawn =
            rules.iter().filter(|rule| rule.left > 0 && rule.concerns(called) && randomness.gen_bool(rule.probability));
        drawn.map(|rule| rule.fault.clone()).collect()
    }

    /// It happened.
    pub(super) fn count(&mut self, fault: &Fault) {
        *self.counts.entry(fault.name()).or_default() += 1;
        if let Some(rule) = self.rules.iter_mut().find(|rule| rule.fault == *fault) {
            rule.left = rule.left.saturating_sub(1);
        }
    }

    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.clone()
    }
}
