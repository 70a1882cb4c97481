//! How a run ended, and what it leaves.

use super::{Event, LogLine};
use crate::{Instantiated, StateChanges, egress::Denial};
use phat_protocol::{Answer, ContractId, Outcome};
use std::{collections::BTreeMap, time::Duration};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The guest returned.
    Returned {
        /// What it passed to `seal_return`; bit 0 asks to revert.
        flags: u32,
        /// Its return value, SCALE-encoded.
        data: Vec<u8>,
    },
    /// The run was stopped.
    Failed {
        /// Trapped, OutOfFuel, OutOfMemory, TimedOut, OutputTooLarge or BadContract.
        outcome: Outcome,
        /// Why, for people.
        reason: String,
    },
}

/// How one HTTP request of a guest went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpResult {
    /// A response came, with this status.
    Status(u16),
    /// The egress policy forbids it.
    Denied(Denial),
    /// It failed otherwise, for this reason.
    Failed(String),
}

/// One HTTP request that a guest made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCall {
    /// Scheme, host and port, without the path: that may hold a secret.
    pub origin: String,
    /// How it went.
    pub result: HttpResult,
    /// From the request to the last byte.
    pub duration: Duration,
}

/// What a run leaves. Nothing of it is stored here: a committing caller stores `changes` and `instantiated`,
/// all of both or nothing, and everybody else drops them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunResult {
    /// How it ended.
    pub end: RunEnd,
    /// What it wrote, by contract; empty unless it returned without asking to revert.
    pub changes: BTreeMap<ContractId, StateChanges>,
    /// The contracts that it made, parents before their children; empty unless it returned without asking
    /// to revert. What their constructors wrote is among the changes.
    pub instantiated: Vec<Instantiated>,
    /// What it logged, oldest first.
    pub logs: Vec<LogLine>,
    /// What it deposited; empty unless it returned without asking to revert.
    pub events: Vec<Event>,
    /// Log lines and events beyond their limits, which were not kept.
    pub dropped_records: u64,
    /// Fuel spent.
    pub fuel_used: u64,
    /// From its first instruction to its end, waits included.
    pub elapsed: Duration,
    /// Every HTTP request, in order.
    pub http: Vec<HttpCall>,
    /// Whether the last HTTP call was denied by the egress policy.
    pub last_http_denied: bool,
}

impl RunResult {
    /// Whether the guest returned without asking to revert, so that its changes may be committed.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        match &self.end {
            RunEnd::Returned { flags, .. } => flags & 1 == 0,
            RunEnd::Failed { .. } => false,
        }
    }

    /// What a request is answered, where the run was its `handle_request`.
    #[must_use]
    pub fn answer(&self, max_output: u32) -> Answer {
        let answer = match &self.end {
            RunEnd::Returned { data, .. } => Answer::from_returned(data, max_output),
            RunEnd::Failed { outcome, .. } => Answer::empty(*outcome),
        };
        match answer.outcome {
            Outcome::ContractError | Outcome::Trapped if self.last_http_denied => {
                Answer { outcome: Outcome::EgressDenied, ..answer }
            }
            Outcome::Ok
            | Outcome::ContractError
            | Outcome::Trapped
            | Outcome::OutOfFuel
            | Outcome::OutOfMemory
            | Outcome::TimedOut
            | Outcome::OutputTooLarge
            | Outcome::EgressDenied
            | Outcome::BadContract
            | Outcome::Disagreed => answer,
        }
    }
}
