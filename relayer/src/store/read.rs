//! What the API reads. Times that end in `_ms` are unix milliseconds, the others unix seconds, as on
//! chain.

use super::{Checkpoint, StoreError};
use crate::{
    attempt::{AttemptId, AttemptState},
    clock::Millis,
    request::{IgnoreReason, Settlement, StateName},
    schema,
};
use async_trait::async_trait;
use phat_connector::{BlockRef, EntryEffect, Fees, TxHash};
use phat_enclave_api::LogEntry;
use phat_protocol::{BlockHash, ContractId, Outcome, Payee, Request, RequestId, Signature, WorkerAddress, serde_hex};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Which requests are meant: those that every filter lets through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Those in one of these states; any where there is none. None is named twice.
    pub states: Vec<StateName>,
    /// Those of this chain, by its configured name.
    pub chain: Option<String>,
    /// Those that this consumer asked: an address of 20 bytes, or an encoded account.
    pub consumer: Option<Vec<u8>>,
    /// Those that this contract is asked.
    pub contract: Option<ContractId>,
    /// Those whose run ended so.
    pub outcome: Option<Outcome>,
    /// Those that were seen first at this time or later.
    pub since: Option<Millis>,
    /// Those that were seen first before this time.
    pub until: Option<Millis>,
}

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Those that come after this one in the list: the last one of the page before.
    pub before: Option<RequestId>,
    /// The most that are listed.
    pub limit: u32,
}

/// A request in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestSummary {
    /// Its id.
    #[schema(value_type = schema::RequestId)]
    pub id: RequestId,
    /// Its chain's configured name.
    pub chain: String,
    /// The contract that is asked.
    #[schema(value_type = schema::ContractId)]
    pub contract_id: ContractId,
    /// Who asked: an address of 20 bytes, or an encoded account.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub consumer: Vec<u8>,
    /// Where it stands.
    pub state: StateName,
    /// Why it isn't executed here, for one that is ignored.
    pub ignored: Option<IgnoreReason>,
    /// How it ended, for one that is settled.
    pub settlement: Option<Settlement>,
    /// How the run ended, for one that was executed.
    #[schema(value_type = Option<schema::Outcome>)]
    pub outcome: Option<Outcome>,
    /// The height of its block.
    pub block: u64,
    /// When it was seen first.
    pub observed_at_ms: i64,
    /// When its state changed last.
    pub updated_at_ms: i64,
    /// Until when an answer is accepted.
    pub expires_at: u64,
    /// What went wrong at the last step, if it did.
    pub last_error: Option<String>,
}

/// All that is known of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLife {
    /// What a list shows of it.
    pub summary: RequestSummary,
    /// Everything that its id binds.
    pub request: Request,
    /// What was asked.
    pub payload: Vec<u8>,
    /// The hash of its block.
    pub block_hash: BlockHash,
    /// The transaction that made it.
    pub transaction: TxHash,
    /// The request that the same transaction had made in a block that was reorganised away.
    pub replaces: Option<RequestId>,
    /// The request that the same transaction made when it was mined again, the newest if there are several.
    pub replaced_by: Option<RequestId>,
    /// How often the present step was tried.
    pub tries: u32,
    /// Not tried again before this time.
    pub next_try_at_ms: i64,
    /// Whether the block that settled it is at the configured finality.
    pub is_final: bool,
    /// The signed answer.
    pub report: Option<StoredReport>,
    /// The nonces used for it, oldest first.
    pub attempts: Vec<AttemptRecord>,
    /// What happened to it, oldest first.
    pub events: Vec<EventRecord>,
}

/// A signed answer, and what the run cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoredReport {
    /// How the run ended.
    #[schema(value_type = schema::Outcome)]
    pub outcome: Outcome,
    /// The number that the chain sees for it.
    pub outcome_number: u8,
    /// The answer, or the contract's own error.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub output: Vec<u8>,
    /// When it ran: the worker's claim.
    pub executed_at: u64,
    /// Who is paid.
    #[schema(value_type = schema::Payee)]
    pub payee: Payee,
    /// The worker.
    #[schema(value_type = schema::WorkerAddress)]
    pub worker: WorkerAddress,
    /// The worker's signature.
    #[schema(value_type = schema::Signature)]
    pub signature: Signature,
    /// What vouched for the worker.
    pub attestation: String,
    /// Why the run failed, in words.
    pub reason: Option<String>,
    /// What the contract logged.
    #[schema(value_type = Vec<schema::LogEntry>)]
    pub logs: Vec<LogEntry>,
    /// Fuel that the run used.
    pub fuel: u64,
    /// How long it took, milliseconds.
    pub elapsed_ms: u64,
    /// When it was stored.
    pub reported_at_ms: i64,
}

/// One nonce that was used for a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttemptRecord {
    /// Its name.
    pub id: AttemptId,
    /// The account whose nonce it is.
    pub submitter: String,
    /// The nonce.
    pub nonce: u64,
    /// Where it stands.
    pub state: AttemptState,
    /// When it was stored.
    pub created_at_ms: i64,
    /// When it changed last.
    pub updated_at_ms: i64,
    /// What it did to the request.
    #[schema(value_type = Option<schema::EntryEffect>)]
    pub effect: Option<EntryEffect>,
    /// Every transaction signed for it, oldest first.
    pub transactions: Vec<TransactionRecord>,
}

/// An attempt whose end is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenAttemptRecord {
    /// Its name.
    pub id: AttemptId,
    /// The account whose nonce it is.
    pub submitter: String,
    /// The nonce.
    pub nonce: u64,
    /// The requests that it answers; 0 where it only fills the nonce.
    pub requests: u64,
    /// The transactions signed for it: one, and one for each replacement.
    pub transactions: u64,
    /// When it was stored.
    pub created_at_ms: i64,
    /// When one of its transactions was sent last; none before the first time.
    pub broadcast_at_ms: Option<i64>,
}

/// A stage that requests wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Observed ones wait to be executed.
    Execute,
    /// Reported ones wait to be submitted.
    Submit,
    /// Submitted ones wait for their transaction to be mined.
    Settle,
}

impl Stage {
    /// Every stage, in the order of a life.
    pub const ALL: [Self; 3] = [Self::Execute, Self::Submit, Self::Settle];

    /// The state of the requests that wait for it.
    #[must_use]
    pub const fn state(self) -> StateName {
        match self {
            Self::Execute => StateName::Observed,
            Self::Submit => StateName::Reported,
            Self::Settle => StateName::Submitted,
        }
    }
}

/// The requests of one chain that wait for one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageAge {
    /// The stage.
    pub stage: Stage,
    /// How many wait; at least 1.
    pub requests: u64,
    /// Since when the oldest waits.
    pub oldest_since: Millis,
}

/// How many requests there are of each kind; kinds without any are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In each state.
    pub by_state: BTreeMap<StateName, u64>,
    /// Of those that were executed, by how the run ended.
    pub by_outcome: BTreeMap<Outcome, u64>,
}

/// One transaction of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransactionRecord {
    /// Its hash.
    #[schema(value_type = schema::TxHash)]
    pub hash: TxHash,
    /// The most gas that it may use.
    pub gas_limit: u64,
    /// What it offers.
    #[schema(value_type = schema::Fees)]
    pub fees: Fees,
    /// When it was signed and stored.
    pub prepared_at_ms: i64,
    /// When it was sent last.
    pub broadcast_at_ms: Option<i64>,
    /// The block that holds it.
    #[schema(value_type = Option<schema::BlockRef>)]
    pub block: Option<BlockRef>,
    /// Whether it succeeded as a whole.
    pub succeeded: Option<bool>,
    /// Gas that it used.
    pub gas_used: Option<u64>,
}

/// One thing that happened to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventRecord {
    /// When.
    pub at_ms: i64,
    /// What.
    pub event: String,
    /// What belongs to it.
    pub detail: Option<serde_json::Value>,
}

/// What the API reads.
#[async_trait]
pub trait ReadStore: Send + Sync {
    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// One page of the requests that the filter lets through, newest first; in the order in which they were
    /// stored where several were seen at once. When there is no request `before`, none.
    async fn requests(&self, filter: &RequestFilter, page: Page) -> Result<Vec<RequestSummary>, StoreError>;

    /// How many requests the filter lets through.
    async fn count(&self, filter: &RequestFilter) -> Result<Counts, StoreError>;

    /// All that is known of one request.
    async fn request(&self, id: RequestId) -> Result<Option<RequestLife>, StoreError>;

    /// How many requests of a chain are in each state.
    async fn counts(&self, chain: &str) -> Result<BTreeMap<StateName, u64>, StoreError>;

    /// What waits for each stage of a chain; stages that nothing waits for are left out.
    async fn stage_ages(&self, chain: &str) -> Result<Vec<StageAge>, StoreError>;

    /// The attempts of the chain whose end is not known, by nonce: at most `limit`.
    async fn open_attempt_records(&self, chain: &str, limit: u32) -> Result<Vec<OpenAttemptRecord>, StoreError>;

    /// The block up to which a chain was watched.
    async fn cursor(&self, chain: &str) -> Result<Option<Checkpoint>, StoreError>;
}
