//! The events that a reader of the log can count on: one function for each.

use super::{StageError, submit::Held};
use crate::{
    metrics::{ErrorKind, Fate, recorded},
    request::IgnoreReason,
    store::StoreError,
};
use phat_connector::{Account, BlockRef, ChainError, EntryRefusal, ObservedRequest, Receipt, TxHash};
use phat_enclave_api::Execution;
use phat_protocol::{Amount, RequestId};
use phat_telemetry::TraceParent;
use std::{ops::RangeInclusive, time::Duration};
use tracing::{Span, debug, error, error_span, info, warn};

#[cfg(test)]
mod tests;

/// The stages that work on a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Work {
    Watch,
    Execute,
    Submit,
    Settle,
}

/// The span of a stage's work on a request, in the request's own trace. It lasts until it is dropped.
///
/// It is of the highest level, so that no filter takes the request's id from the warnings within.
pub(super) fn span(work: Work, chain: &str, request_id: RequestId) -> Span {
    let span = match work {
        Work::Watch => error_span!("watch", %request_id, chain),
        Work::Execute => error_span!("execute", %request_id, chain),
        Work::Submit => error_span!("submit", %request_id, chain),
        Work::Settle => error_span!("settle", %request_id, chain),
    };
    TraceParent::of_request(&request_id.0).adopt(&span);
    span
}

/// The spans of a stage's work on many requests at once.
pub(super) fn spans(work: Work, chain: &str, requests: impl IntoIterator<Item = RequestId>) -> Vec<Span> {
    requests.into_iter().map(|request| span(work, chain, request)).collect()
}

pub(super) fn step_failed(stage: &str, chain: &str, cause: &StageError, wait: Duration) {
    recorded().stages.failed(chain, stage, kind(cause));
    warn!(stage, chain, %cause, wait_ms = wait.as_millis(), "step failed");
}

pub(super) fn overtaken(stage: &str, chain: &str, what: &str) {
    recorded().stages.overtaken(chain, stage);
    info!(stage, chain, what, "overtaken");
}

/// A request was seen in a block that was not watched before.
pub(super) fn observed(chain: &str, request: &ObservedRequest) {
    let ObservedRequest { block, transaction, .. } = request;
    span(Work::Watch, chain, request.id).in_scope(|| info!(block = block.number, %transaction, "request observed"));
}

pub(super) fn watched(chain: &str, blocks: &RangeInclusive<u64>, seen: usize, new: u64) {
    if new > 0 {
        info!(chain, from = blocks.start(), to = blocks.end(), seen, new, "requests observed");
    } else {
        debug!(chain, from = blocks.start(), to = blocks.end(), seen, "blocks watched");
    }
}

/// Old blocks were gone over again.
pub(super) fn rescanned(chain: &str, blocks: &RangeInclusive<u64>, seen: usize) {
    debug!(chain, from = blocks.start(), to = blocks.end(), seen, "blocks gone over again");
}

/// There were requests in them.
pub(super) fn found_again(chain: &str, seen: usize, new: u64) {
    info!(chain, seen, new, "requests found in blocks gone over again");
}

pub(super) fn rescan_failed(chain: &str, block: u64, cause: ChainError, wait: Duration) {
    let cause = StageError::from(cause);
    recorded().stages.failed(chain, "rescan", kind(&cause));
    warn!(chain, block, %cause, wait_ms = wait.as_millis(), "old blocks can't be gone over again");
}

pub(super) fn reorganised(chain: &str, cursor: BlockRef, ancestor: Option<BlockRef>, orphaned: u64) {
    recorded().stages.reorganised(chain);
    let ancestor = ancestor.map(|block| block.number);
    warn!(chain, cursor = cursor.number, ?ancestor, orphaned, "chain reorganised");
}

pub(super) fn listening_failed(chain: &str, cause: &phat_connector::ChainError, wait: Duration) {
    warn!(chain, %cause, wait_ms = wait.as_millis(), "subscription failed; polling goes on");
}

/// Called within the run's [`span`], like the three after it.
pub(super) fn executed(chain: &str, execution: &Execution) {
    recorded().stages.ran(chain, execution);
    let Execution { report, fuel, elapsed_ms, attestation, reason, .. } = execution;
    info!(outcome = %report.outcome, fuel, elapsed_ms, %attestation, "request executed");
    if let Some(reason) = reason {
        // The contract may have had a hand in the words.
        debug!(reason, "why it failed");
    }
}

pub(super) fn ignored(reason: &IgnoreReason) {
    warn!(%reason, "request ignored");
}

pub(super) fn execution_failed(chain: &str, cause: &StageError, wait: Duration) {
    recorded().stages.failed(chain, "execute", kind(cause));
    warn!(%cause, wait_ms = wait.as_millis(), "execution failed");
}

/// Called within the run's [`span`].
pub(super) fn held_back() {
    info!("not executed: its chain or contract is paused, or its lease is over");
}

/// Contracts that requests wait for could not be looked for.
pub(super) fn look_failed(chain: &str, cause: &StageError, wait: Duration) {
    recorded().stages.failed(chain, "execute", kind(cause));
    warn!(chain, %cause, wait_ms = wait.as_millis(), "missing contracts not looked for");
}

pub(super) fn lease_kept(cause: &StoreError) {
    warn!(%cause, "lease not given back; it runs out");
}

pub(super) fn refused(chain: &str, request: RequestId, refusal: &EntryRefusal) {
    recorded().stages.refused(chain, refusal);
    warn!(chain, %request, reason = refusal.kind(), %refusal, "oracle refuses the report for now");
}

/// The spans are those of the reports' requests.
pub(super) fn submitted(chain: &str, transaction: TxHash, nonce: u64, reports: &[Span]) {
    recorded().stages.submitted(chain, reports.len());
    for report in reports {
        report.in_scope(|| info!(%transaction, "report submitted"));
    }
    let reports = reports.len();
    info!(chain, %transaction, nonce, reports, "reports submitted");
}

/// One of several wallets is left alone for a while; the others go on.
pub(super) fn passed_over(chain: &str, wallet: &Account, cause: &StageError, wait: Duration) {
    recorded().stages.failed(chain, "submit", kind(cause));
    warn!(chain, %wallet, %cause, wait_ms = wait.as_millis(), "wallet passed over");
}

/// A transaction that isn't mined in time is not replaced any more.
pub(super) fn held(chain: &str, held: &Held) {
    let Held { wallet, nonce, offered, why, .. } = held;
    warn!(chain, %wallet, nonce, max_fee = %offered.max_fee, ?why, "transaction waits for fees to fall");
}

/// It was mined or replaced, or its nonce isn't the lowest any more.
pub(super) fn released(chain: &str, held: &Held) {
    let Held { wallet, nonce, .. } = held;
    info!(chain, %wallet, nonce, "transaction waits no more");
}

/// A wallet has less than it should.
pub(super) fn wallet_low(chain: &str, wallet: &Account, balance: Amount, least: Amount) {
    warn!(chain, %wallet, %balance, %least, "wallet has less than it should");
}

/// It has enough again.
pub(super) fn wallet_filled(chain: &str, wallet: &Account, balance: Amount) {
    info!(chain, %wallet, %balance, "wallet has enough again");
}

pub(super) fn replaced(chain: &str, transaction: TxHash, nonce: u64, filler: bool) {
    recorded().stages.transaction(chain, Fate::Replaced);
    warn!(chain, %transaction, nonce, filler, "transaction replaced");
}

/// A transaction was seen in a block; `again` when it was seen there before. The spans are those of the
/// requests that it was sent for.
pub(super) fn mined(chain: &str, receipt: &Receipt, requests: &[Span], again: bool, is_final: bool) {
    if !again {
        recorded().stages.mined(chain, receipt);
    }
    for request in requests {
        request.in_scope(|| info!(transaction = %receipt.hash, is_final, "transaction mined for the request"));
    }
    let Receipt { hash, block, succeeded, gas_used, .. } = receipt;
    info!(chain, transaction = %hash, block = block.number, succeeded, gas_used, is_final, "transaction mined");
}

pub(super) fn attempt_dead(chain: &str, nonce: u64) {
    recorded().stages.transaction(chain, Fate::Dead);
    warn!(chain, nonce, "nonce was used by a stranger's transaction");
}

pub(super) fn given_up(chain: &str, nonce: u64) {
    recorded().stages.transaction(chain, Fate::Dead);
    info!(chain, nonce, "no report needs the transaction any more, and its nonce is left out");
}

pub(super) fn unsettled(chain: &str, nonce: u64) {
    recorded().stages.transaction(chain, Fate::Dropped);
    warn!(chain, nonce, "transaction left the chain by a reorganisation");
}

pub(super) fn reopened(chain: &str, nonce: u64, block: BlockRef) {
    recorded().stages.transaction(chain, Fate::Dropped);
    warn!(chain, nonce, block = block.number, "transaction that was final left the chain by a reorganisation");
}

pub(super) fn answers_gone(chain: &str, block: BlockRef, answers: usize) {
    warn!(chain, block = block.number, answers, "answers of others left the chain by a reorganisation");
}

pub(super) fn concluded(chain: &str, request: RequestId, verdict: &str) {
    span(Work::Settle, chain, request).in_scope(|| info!(verdict, "request concluded from the chain"));
}

/// The part and the variant, and no word of what the error says.
const fn kind(error: &StageError) -> ErrorKind {
    match error {
        StageError::Store(error) => ErrorKind { component: "database", kind: error.kind() },
        StageError::Chain(error) => ErrorKind { component: "chain", kind: error.kind() },
        StageError::Enclave(error) => ErrorKind { component: "enclave", kind: error.kind() },
    }
}

pub(super) fn task_died(task: &str, cause: &str) {
    error!(task, cause, "task died");
}
