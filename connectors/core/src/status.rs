use crate::{Account, BlockRef, ChainError, Entry, TxHash};
use async_trait::async_trait;
use phat_protocol::{Digest, RequestId, WorkerAddress};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the oracle's storage says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnChainState {
    /// It waits for an answer.
    Pending,
    /// It was answered, and its callback failed. The hash binds the answer.
    CallbackFailed(Digest),
    /// Answered, cancelled, or never there: the resolutions tell which.
    Closed,
}

/// How a request left the pending state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolutionKind {
    /// Answered.
    Fulfilled {
        /// Whether the callback succeeded.
        callback_ok: bool,
    },
    /// Its callback was tried again and succeeded.
    CallbackRetried,
    /// Expired, and refunded.
    Cancelled,
}

/// An event that closes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The request.
    pub id: RequestId,
    /// What happened.
    pub kind: ResolutionKind,
    /// In which block.
    pub block: BlockRef,
    /// By which transaction, whoever sent it.
    pub transaction: TxHash,
}

/// Why the oracle would not take an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryRefusal {
    /// It isn't pending: answered, cancelled or never there.
    NotPending,
    /// Its time is over.
    Expired,
    /// `executedAt` lies too far ahead of the chain's clock; it will pass.
    ExecutedInFuture,
    /// A signer is no active worker: it was never registered, its registration is over, or it was revoked.
    NotRegistered,
    /// The signatures are not what the oracle asks for.
    BadSignatures,
    /// The oracle is paused.
    Paused,
    /// Anything else, in the oracle's words.
    Other(String),
}

impl EntryRefusal {
    /// The variant's name, for counting.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NotPending => "not_pending",
            Self::Expired => "expired",
            Self::ExecutedInFuture => "executed_in_future",
            Self::NotRegistered => "not_registered",
            Self::BadSignatures => "bad_signatures",
            Self::Paused => "paused",
            Self::Other(_) => "other",
        }
    }
}

impl fmt::Display for EntryRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotPending => "it was answered or cancelled, or is not known there",
            Self::Expired => "its time is over",
            Self::ExecutedInFuture => "it was executed at a time that the chain has not reached",
            Self::NotRegistered => "its signer is no active worker there",
            Self::BadSignatures => "its signatures are not what the oracle asks for",
            Self::Paused => "the oracle is paused",
            Self::Other(reason) => reason,
        })
    }
}

/// What one entry of a mined transaction did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryEffect {
    /// It answered its request.
    Fulfilled {
        /// Whether the callback succeeded.
        callback_ok: bool,
    },
    /// The oracle passed over it.
    Skipped(EntryRefusal),
}

/// A transaction that was mined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its hash.
    pub hash: TxHash,
    /// The block that holds it.
    pub block: BlockRef,
    /// Whether it succeeded as a whole.
    pub succeeded: bool,
    /// Gas that it used.
    pub gas_used: u64,
    /// What became of each entry that the oracle spoke of. An entry that is missing had no effect.
    pub effects: Vec<(RequestId, EntryEffect)>,
}

/// A transaction that was broadcast. Some chains find it by its hash, others by the nonce that it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its hash.
    pub hash: TxHash,
    /// The account that signed it.
    pub account: Account,
    /// The nonce that it uses.
    pub nonce: u64,
}

/// A request that was asked, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The request.
    pub id: RequestId,
    /// The height of the block that holds it.
    pub block: u64,
}

/// What a chain and its oracle say of themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainFacts {
    /// The chain, as the oracle's requests name it.
    pub chain: phat_protocol::Chain,
    /// The oracle's address or instance name.
    pub oracle: String,
    /// The worker registry's address or instance name.
    pub registry: String,
    /// How many signatures a report needs.
    pub threshold: u32,
    /// Whether the oracle is paused.
    pub paused: bool,
}

/// What became of requests and transactions. Stages `submit` and `settle`, and the readiness check,
/// call it.
#[async_trait]
pub trait OracleStatus: Send + Sync {
    /// Checks that the endpoint serves the configured chain, and reads the oracle's settings. Called
    /// at start-up and by the readiness check.
    async fn facts(&self) -> Result<ChainFacts, ChainError>;

    /// The state of each request at `block`, or at the newest block. One call for all of them.
    async fn states(&self, ids: &[RequestId], block: Option<u64>) -> Result<Vec<OnChainState>, ChainError>;

    /// How the requests left the pending state, up to block `to`, in the order of the chain. One that the endpoints
    /// don't show any more is missing.
    async fn resolutions(&self, requests: &[Asked], to: u64) -> Result<Vec<Resolution>, ChainError>;

    /// Why the oracle would refuse each entry now; none where it would take it. `submit` calls it
    /// before it builds transactions. One round trip for all of them.
    async fn refusals(&self, entries: &[Entry]) -> Result<Vec<Option<EntryRefusal>>, ChainError>;

    /// The receipts of those transactions that were mined on the canonical chain. `settle` asks for
    /// every one of an attempt.
    async fn receipts(&self, transactions: &[Sent]) -> Result<Vec<Receipt>, ChainError>;

    /// Whether the worker's reports count now.
    async fn is_active(&self, worker: WorkerAddress) -> Result<bool, ChainError>;
}
