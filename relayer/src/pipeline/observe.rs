//! The events that a reader of the log can count on: one function for each.

use super::StageError;
use crate::{request::IgnoreReason, store::StoreError};
use phat_connector::{BlockRef, EntryRefusal, TxHash};
use phat_enclave_api::Execution;
use phat_protocol::RequestId;
use std::{ops::RangeInclusive, time::Duration};
use tracing::{debug, error, info, warn};

pub(super) fn step_failed(stage: &str, chain: &str, cause: &StageError, wait: Duration) {
    warn!(stage, chain, %cause, wait_ms = wait.as_millis(), "step failed");
}

pub(super) fn overtaken(stage: &str, chain: &str, what: &str) {
    info!(stage, chain, what, "overtaken");
}

pub(super) fn watched(chain: &str, blocks: &RangeInclusive<u64>, seen: usize, new: u64) {
    if new > 0 {
        info!(chain, from = blocks.start(), to = blocks.end(), seen, new, "requests observed");
    } else {
        debug!(chain, from = blocks.start(), to = blocks.end(), seen, "blocks watched");
    }
}

pub(super) fn reorganised(chain: &str, cursor: BlockRef, ancestor: Option<BlockRef>, orphaned: u64) {
    let ancestor = ancestor.map(|block| block.number);
    warn!(chain, cursor = cursor.number, ?ancestor, orphaned, "chain reorganised");
}

pub(super) fn listening_failed(chain: &str, cause: &phat_connector::ChainError, wait: Duration) {
    warn!(chain, %cause, wait_ms = wait.as_millis(), "subscription failed; polling goes on");
}

pub(super) fn executed(chain: &str, request: RequestId, execution: &Execution) {
    info!(
        chain, %request, outcome = %execution.report.outcome, reason = execution.reason, fuel = execution.fuel,
        elapsed_ms = execution.elapsed_ms, attestation = %execution.attestation, "request executed"
    );
}

pub(super) fn ignored(chain: &str, request: RequestId, reason: &IgnoreReason) {
    warn!(chain, %request, %reason, "request ignored");
}

pub(super) fn execution_failed(chain: &str, request: RequestId, cause: &StageError, wait: Duration) {
    warn!(chain, %request, %cause, wait_ms = wait.as_millis(), "execution failed");
}

pub(super) fn lease_kept(chain: &str, request: RequestId, cause: &StoreError) {
    warn!(chain, %request, %cause, "lease not given back; it runs out");
}

pub(super) fn refused(chain: &str, request: RequestId, refusal: &EntryRefusal) {
    warn!(chain, %request, ?refusal, "oracle refuses the report for now");
}

pub(super) fn submitted(chain: &str, transaction: TxHash, nonce: u64, reports: usize) {
    info!(chain, %transaction, nonce, reports, "reports submitted");
}

pub(super) fn replaced(chain: &str, transaction: TxHash, nonce: u64, filler: bool) {
    warn!(chain, %transaction, nonce, filler, "transaction replaced");
}

pub(super) fn mined(chain: &str, transaction: TxHash, block: u64, succeeded: bool, is_final: bool) {
    info!(chain, %transaction, block, succeeded, is_final, "transaction mined");
}

pub(super) fn attempt_dead(chain: &str, nonce: u64) {
    warn!(chain, nonce, "nonce was used by a stranger's transaction");
}

pub(super) fn unsettled(chain: &str, nonce: u64) {
    warn!(chain, nonce, "transaction left the chain by a reorganisation");
}

pub(super) fn concluded(chain: &str, request: RequestId, verdict: &str) {
    info!(chain, %request, verdict, "request concluded from the chain");
}

pub(super) fn task_died(task: &str, cause: &str) {
    error!(task, cause, "task died");
}
