//! One nonce used for a batch of reports, and every transaction signed for it.

use crate::clock::Millis;
use phat_connector::{Account, BlockRef, Fees, TxHash};
use phat_protocol::RequestId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Names an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct AttemptId(pub i64);

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// One of its transactions may still be mined.
    Open,
    /// One of its transactions was mined, in a block at the configured finality.
    Mined,
    /// A transaction of someone else used its nonce.
    Dead,
}

impl AttemptState {
    /// The name as the database writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Mined => "mined",
            Self::Dead => "dead",
        }
    }
}

/// A transaction of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The hash that it is known by.
    pub hash: TxHash,
    /// The bytes to broadcast.
    pub raw: Vec<u8>,
    /// What it offers.
    pub fees: Fees,
    /// When it was signed and stored.
    pub prepared_at: Millis,
    /// When it was sent last; none before the first time.
    pub broadcast_at: Option<Millis>,
    /// The block that held it when `settle` last looked.
    pub mined_in: Option<BlockRef>,
}

/// An attempt whose nonce is not known to be used at the configured finality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAttempt {
    /// Its name.
    pub id: AttemptId,
    /// The account whose nonce it is.
    pub submitter: Account,
    /// The nonce.
    pub nonce: u64,
    /// The requests that it answers, in order.
    pub requests: Vec<RequestId>,
    /// Every transaction ever signed for it, oldest first. Never empty.
    pub transactions: Vec<Transaction>,
}

impl OpenAttempt {
    /// Whether one of its transactions was in a block when `settle` last looked.
    #[must_use]
    pub fn is_mined(&self) -> bool {
        self.mined_in().is_some()
    }

    /// The block that one of its transactions was in when `settle` last looked.
    #[must_use]
    pub fn mined_in(&self) -> Option<BlockRef> {
        self.transactions.iter().find_map(|transaction| transaction.mined_in)
    }
}

/// An attempt that was in a block which counted as final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinedAttempt {
    /// The row.
    pub id: AttemptId,
    /// Whose nonce it used.
    pub submitter: Account,
    /// The nonce.
    pub nonce: u64,
    /// The block.
    pub block: BlockRef,
}
