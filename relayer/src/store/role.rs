//! The roles of the store: one trait for each stage.

use super::StoreError;
use crate::{
    attempt::{AttemptId, MinedAttempt, OpenAttempt},
    clock::Millis,
    request::{IgnoreReason, SettlementKind},
};
use async_trait::async_trait;
use phat_connector::{Account, BlockRef, Entry, EntryRefusal, ObservedRequest, PreparedTransaction, Receipt, TxHash};
use phat_enclave_api::Execution;
use phat_protocol::{ContractId, Request, RequestId};

/// A block that was watched up to, and included.
pub type Checkpoint = BlockRef;

/// One replica's right to work on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseToken(pub [u8; 16]);

/// A lease that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// Who holds it.
    pub token: LeaseToken,
    /// Until when.
    pub until: Millis,
}

/// A request that this replica may execute.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The request's id.
    pub id: RequestId,
    /// Everything that the id binds.
    pub request: Request,
    /// What was asked.
    pub payload: Vec<u8>,
    /// Its block.
    pub block: BlockRef,
    /// How often it was tried before.
    pub tries: u32,
}

/// A request that is tried again later.
#[derive(Clone, Debug)]
pub struct Postponed {
    /// The request's id.
    pub id: RequestId,
    /// Why, in words.
    pub why: String,
    /// When.
    pub next_try_at: Millis,
}

/// A report that the oracle would not take now, and that is tried again later.
#[derive(Clone, Debug)]
pub struct RefusedReport {
    /// The request's id.
    pub id: RequestId,
    /// Why.
    pub refusal: EntryRefusal,
    /// When.
    pub next_try_at: Millis,
}

/// A stored report that no open attempt carries.
#[derive(Clone, Debug)]
pub struct ReadyReport {
    /// The request and its signed answer.
    pub entry: Entry,
    /// The request's id.
    pub id: RequestId,
    /// The height of the request's block.
    pub block: u64,
    /// How often it was tried since the last success.
    pub tries: u32,
}

/// An attempt to be stored before its first broadcast.
#[derive(Clone, Debug)]
pub struct NewAttempt {
    /// The chain's configured name.
    pub chain: String,
    /// The account whose nonce it is.
    pub submitter: Account,
    /// The requests, in the transaction's order. None where it only fills a nonce.
    pub requests: Vec<RequestId>,
    /// The signed transaction.
    pub transaction: PreparedTransaction,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum Attempted {
    /// One of its transactions was mined.
    Mined(Receipt),
    /// Someone else's transaction used the nonce, or it is left out.
    Dead,
}

/// A request that may be over: the chain is read again to find out.
#[derive(Clone, Copy, Debug)]
pub struct Suspect {
    /// The request's id.
    pub id: RequestId,
    /// The height of its block: no event of it lies below.
    pub block: u64,
    /// Until when an answer is accepted, unix seconds.
    pub expires_at: u64,
}

/// What re-reading the chain said of a request.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It was answered, at the configured finality.
    Settled {
        /// Whether the consumer's callback succeeded.
        kind: SettlementKind,
        /// The transaction that carried the answer; none when only the slot tells.
        transaction: Option<TxHash>,
        /// Its block.
        block: BlockRef,
    },
    /// Its time is over.
    Expired,
}

/// An answer that was read from a block which may have been replaced before it was watched: then nothing would tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unproven {
    /// The answered request.
    pub id: RequestId,
    /// The block with the answer.
    pub block: BlockRef,
}

/// What stage `watch` keeps.
#[async_trait]
pub trait WatchStore: Send + Sync {
    /// The newest checkpoints, newest first.
    async fn checkpoints(&self, chain: &str, limit: u32) -> Result<Vec<Checkpoint>, StoreError>;

    /// Stores the requests and moves the cursor to `checkpoint`, both or neither. A request that is
    /// there already stays as it is, unless it was orphaned: then it lives again. Answers how many
    /// are new.
    async fn observe(
        &self,
        chain: &str,
        requests: &[ObservedRequest],
        checkpoint: Checkpoint,
        now: Millis,
    ) -> Result<u64, StoreError>;

    /// Goes back to `ancestor`: later checkpoints are dropped, the requests of later blocks become
    /// orphaned, attempts that were mined in later blocks are open again, and requests that someone
    /// else answered there are looked at again. Answers how many were orphaned. Without an ancestor
    /// all are.
    async fn rewind(&self, chain: &str, ancestor: Option<Checkpoint>, now: Millis) -> Result<u64, StoreError>;
}

/// What stage `execute` keeps.
#[async_trait]
pub trait ExecuteStore: Send + Sync {
    /// Leases up to `limit` requests of the chain that wait to be executed, taking turns between
    /// consumers, the oldest of each first.
    async fn lease(&self, chain: &str, lease: Lease, limit: u32, now: Millis) -> Result<Vec<Leased>, StoreError>;

    /// Stores the signed report: `Observed -> Reported`.
    async fn report(
        &self,
        id: RequestId,
        token: LeaseToken,
        execution: &Execution,
        now: Millis,
    ) -> Result<(), StoreError>;

    /// `Observed -> Ignored`.
    async fn ignore(
        &self,
        id: RequestId,
        token: LeaseToken,
        reason: &IgnoreReason,
        now: Millis,
    ) -> Result<(), StoreError>;

    /// Gives leases back after a failure; each request is tried again at its time. A lease that is
    /// another's by now stays.
    async fn give_back(&self, postponed: &[Postponed], token: LeaseToken) -> Result<(), StoreError>;

    /// Whether the lease is held still, and neither the request's chain nor its contract is paused.
    async fn may_run(&self, id: RequestId, token: LeaseToken) -> Result<bool, StoreError>;

    /// Gives a lease back that was not made use of. A lease that is another's by now stays.
    async fn release(&self, id: RequestId, token: LeaseToken) -> Result<(), StoreError>;

    /// The first `limit` contracts, by their ids and from `after` on, that requests of the chain are
    /// ignored for want of.
    async fn wanted(
        &self,
        chain: &str,
        after: Option<ContractId>,
        limit: u32,
        now: Millis,
    ) -> Result<Vec<ContractId>, StoreError>;

    /// `Ignored -> Observed` for every request of the contract that was ignored for want of it.
    /// Answers how many. Called when a contract is deployed or advances.
    async fn reconsider(&self, contract: ContractId, now: Millis) -> Result<u64, StoreError>;
}

/// What stage `submit` keeps.
#[async_trait]
pub trait SubmitStore: Send + Sync {
    /// Reports that wait to be submitted, oldest first.
    async fn ready(&self, chain: &str, limit: u32, now: Millis) -> Result<Vec<ReadyReport>, StoreError>;

    /// Stores attempts, their transactions and their entries: `Reported -> Submitted` for each
    /// request, all or none.
    ///
    /// # Errors
    /// `Conflict` when a nonce is in use, when a request isn't `Reported` any more, or when there is a
    /// request and its chain is paused.
    async fn begin(&self, attempts: &[NewAttempt], now: Millis) -> Result<Vec<AttemptId>, StoreError>;

    /// Stores a replacement for the attempt's transactions.
    async fn add_transaction(
        &self,
        attempt: AttemptId,
        transaction: &PreparedTransaction,
        now: Millis,
    ) -> Result<(), StoreError>;

    /// The entries of the attempt whose requests still wait for it, in order.
    async fn entries(&self, attempt: AttemptId) -> Result<Vec<Entry>, StoreError>;

    /// Notes that the transactions were sent.
    async fn sent(&self, hashes: &[TxHash], now: Millis) -> Result<(), StoreError>;

    /// Puts reports off that the oracle would not take now. A reason that is new for a request becomes a
    /// part of its life.
    async fn put_off(&self, refused: &[RefusedReport], now: Millis) -> Result<(), StoreError>;

    /// The attempts of the chain whose end is not known, by nonce.
    async fn open_attempts(&self, chain: &str) -> Result<Vec<OpenAttempt>, StoreError>;
}

/// What stage `settle` keeps.
#[async_trait]
pub trait SettleStore: Send + Sync {
    /// Requests that are not over and whose expiry lies at or before `expires_at` (unix seconds).
    async fn overdue(&self, chain: &str, expires_at: u64) -> Result<Vec<Suspect>, StoreError>;

    /// Settled requests whose callback failed and whose expiry lies after `expires_after` (unix
    /// seconds): anyone may still make it succeed.
    async fn retryable(&self, chain: &str, expires_after: u64) -> Result<Vec<Suspect>, StoreError>;

    /// Writes what the chain says of a request, from whatever state allows it.
    async fn conclude(&self, id: RequestId, verdict: &Verdict, now: Millis) -> Result<(), StoreError>;

    /// What [`conclude`](Self::conclude) settled in blocks up to the cursor and nobody proved yet, the lowest first, at
    /// most `limit` of them.
    async fn unproven(&self, chain: &str, limit: u32) -> Result<Vec<Unproven>, StoreError>;

    /// Writes of unproven answers which are in their blocks still, and which went with them: those requests are looked
    /// at again.
    async fn prove(&self, there: &[RequestId], gone: &[RequestId], now: Millis) -> Result<(), StoreError>;

    /// Writes how an attempt ended. Requests that it answered become `Settled`, those that it had no
    /// effect on go back to `Reported`. When `is_final` is false the attempt stays open, since the
    /// block may go away.
    async fn attempted(
        &self,
        attempt: AttemptId,
        ended: &Attempted,
        is_final: bool,
        now: Millis,
    ) -> Result<(), StoreError>;

    /// The newest attempts of the chain, at most `limit` of them, that were in a block which counted as final.
    async fn newest_mined(&self, chain: &str, limit: u32) -> Result<Vec<MinedAttempt>, StoreError>;

    /// The attempt's block, which counted as final, is gone: it is open again, and what it settled may be taken back.
    ///
    /// # Errors
    /// `Conflict` when it isn't mined.
    async fn reopen(&self, attempt: AttemptId, now: Millis) -> Result<(), StoreError>;

    /// The transaction that had settled the attempt's requests is gone from the chain:
    /// `Settled -> Submitted`.
    async fn unsettle(&self, attempt: AttemptId, now: Millis) -> Result<(), StoreError>;
}
