//! Orders to go over a chain's blocks again.

use super::{Checkpoint, StoreError};
use crate::clock::Millis;
use async_trait::async_trait;
use phat_connector::ObservedRequest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An operator's order to go over a chain's blocks again, as far as it is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rescan {
    /// The first block that is still to be read.
    pub next_block: u64,
    /// When it was ordered, unix milliseconds.
    pub ordered_at_ms: i64,
    /// Why the next blocks could not be read the last time, in words; none when they were not tried yet.
    pub last_error: Option<String>,
}

/// What was read for an order.
#[derive(Clone, Debug)]
pub struct Rescanned {
    /// The order, as it stood before the blocks were read.
    pub order: Rescan,
    /// The block up to which the chain was watched before they were read.
    pub cursor: Checkpoint,
    /// The requests in them.
    pub requests: Vec<ObservedRequest>,
    /// The first block that is still to be read; none where that were all.
    pub next: Option<u64>,
}

/// What stage `rescan` keeps.
#[async_trait]
pub trait RescanStore: Send + Sync {
    /// The order that stands for the chain.
    async fn rescan(&self, chain: &str) -> Result<Option<Rescan>, StoreError>;

    /// Stores the requests that were found and moves the order on, or ends it where nothing is left:
    /// both or neither. An order that was given anew meanwhile, or taken back, stays so. Answers how
    /// many requests are new.
    ///
    /// # Errors
    /// `Conflict` when the chain was reorganised below the cursor since: what was read may be gone.
    async fn rescanned(&self, chain: &str, part: &Rescanned, now: Millis) -> Result<u64, StoreError>;

    /// Notes why the order's next blocks could not be read.
    async fn rescan_failed(&self, chain: &str, order: &Rescan, why: &str) -> Result<(), StoreError>;
}
