//! What happened, in the order in which it was committed.

use super::StoreError;
use crate::schema;
use async_trait::async_trait;
use phat_protocol::{ContractId, RequestId};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

/// One thing that happened to a request or a job, or that an operator did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its place among all events; later ones have higher numbers.
    pub sequence: u64,
    /// When, unix milliseconds.
    pub at_ms: i64,
    /// What: the state that a request took, or another step of its life; `paused`, `resumed`,
    /// `rescan_ordered`, `rescan_cancelled`, `deployed` or `registered` for what an operator did, `owner_acted` for
    /// what a contract's owner did; `job_ran` or `job_refused` for the end of a job's run, and `job_added`,
    /// `job_changed`, `job_left`, `job_removed`, `job_paused`, `job_resumed` or `job_run_ordered` for what was done about
    /// a job.
    pub event: String,
    /// The request that it happened to; none for an operator's act.
    #[schema(value_type = Option<schema::RequestId>)]
    pub request: Option<RequestId>,
    /// The chain's configured name; none for an act that is about no chain.
    pub chain: Option<String>,
    /// The contract that is asked, or that the act is about.
    #[schema(value_type = Option<schema::ContractId>)]
    pub contract: Option<ContractId>,
    /// What belongs to it.
    pub detail: Option<serde_json::Value>,
}

/// Which events are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Those of this chain alone, by its configured name.
    pub chain: Option<String>,
    /// Those of this request alone.
    pub request: Option<RequestId>,
    /// Those of this contract alone, and of requests that ask it.
    pub contract: Option<ContractId>,
}

impl EventFilter {
    /// Whether the event is one of those.
    #[must_use]
    pub fn lets_through(&self, event: &Event) -> bool {
        self.chain.as_ref().is_none_or(|chain| event.chain.as_ref() == Some(chain))
            && self.request.is_none_or(|request| event.request == Some(request))
            && self.contract.is_none_or(|contract| event.contract == Some(contract))
    }
}

/// Some events, and how far the table was looked through for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// Those that the filter lets through, oldest first.
    pub events: Vec<Event>,
    /// The next page is what comes after this sequence.
    pub reached: u64,
    /// Whether there may be more already.
    pub is_full: bool,
}

/// What the stream of events reads.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// The number of commits, as it changes: more events may be there then.
    fn changes(&self) -> watch::Receiver<u64>;

    /// The sequence of the newest event; 0 when nothing happened yet.
    async fn newest_event(&self) -> Result<u64, StoreError>;

    /// Looks through at most `limit` events after sequence `after`.
    async fn events(&self, filter: &EventFilter, after: u64, limit: u32) -> Result<EventPage, StoreError>;
}
