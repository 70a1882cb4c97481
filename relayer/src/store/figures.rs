use super::StoreError;
use crate::{
    clock::Millis,
    request::{SettlementKind, StateName},
};
use async_trait::async_trait;
use std::collections::BTreeMap;

/// What waits on one chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queues {
    /// Requests in each state.
    pub requests: BTreeMap<StateName, u64>,
    /// Since when the oldest request has been in each state that a stage takes it out of.
    pub oldest: BTreeMap<StateName, Millis>,
    /// Attempts whose end is not known.
    pub open_attempts: u64,
    /// The height up to which the chain was watched.
    pub watched: Option<u64>,
}

/// One committed change of a request's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place in the order of commits.
    pub sequence: i64,
    /// The chain's configured name.
    pub chain: String,
    /// The state before, and since when; none for a request that was seen first.
    pub from: Option<(StateName, Millis)>,
    /// The state after.
    pub to: StateName,
    /// Whether the consumer heard, where it settled.
    pub settled: Option<SettlementKind>,
    /// When.
    pub at: Millis,
    /// When the request was seen first.
    pub observed_at: Millis,
}

/// Some steps, and how far the events were looked through for them.
#[derive(Debug)]
pub struct Steps {
    /// In the order of commits, each beside its chain's configured name.
    pub steps: Vec<(String, Result<Step, StoreError>)>,
    /// The place of the last; none when there is none.
    pub reached: Option<i64>,
}

/// What the metrics read.
#[async_trait]
pub trait FigureStore: Send + Sync {
    /// What waits on a chain, and for how long.
    async fn queues(&self, chain: &str) -> Result<Queues, StoreError>;

    /// The place of the last event before `time`: what is counted starts behind it.
    async fn place(&self, time: Millis) -> Result<i64, StoreError>;

    /// The steps behind the place `after`, in order, at most `limit`. A row that can't be read stands
    /// among them as an error, and hides no other.
    async fn steps(&self, after: i64, limit: u32) -> Result<Steps, StoreError>;
}
