//! Why a request failed or what it waits for, as an operator understands it.

use crate::{
    clock::Millis,
    output::DecodedOutput,
    request::{IgnoreReason, SettlementKind, StateName},
    store::{AttemptRecord, RequestLife, StoredReport, TransactionRecord},
};
use phat_connector::{EntryEffect, EntryRefusal};
use phat_protocol::{OracleChain, Outcome};
use std::time::{Duration, UNIX_EPOCH};

/// One sentence; none when the consumer has an answer that is Ok.
pub(super) fn in_words(life: &RequestLife, decoded: Option<&DecodedOutput>, now: Millis) -> Option<String> {
    let run = life.report.as_ref().and_then(|report| failed_run(report, decoded));
    let stands = match life.summary.state {
        StateName::Observed => Some(format!("it waits to be executed{}", tried(life, now))),
        StateName::Ignored => Some(ignored(life)),
        StateName::Reported => Some(reported(life, now)),
        StateName::Submitted => Some(submitted(life)),
        StateName::Settled => settled(life, now),
        StateName::Expired => Some(expired(life)),
        StateName::Orphaned => Some(orphaned(life)),
    };
    let parts: Vec<String> = [run, stands].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn orphaned(life: &RequestLife) -> String {
    let dropped = format!("a reorganisation dropped its block {}", life.summary.block);
    match life.replaced_by {
        Some(replaced_by) => format!("{dropped}: its transaction was mined again and made request {replaced_by}"),
        None => format!(
            "{dropped}: it goes on where it was left once the chain shows it again, or ends at {}",
            moment(expires(life))
        ),
    }
}

/// How a run failed; none when it didn't.
pub(in crate::api) fn failed_run(report: &StoredReport, decoded: Option<&DecodedOutput>) -> Option<String> {
    (report.outcome != Outcome::Ok)
        .then(|| format!("the run ended in {}: {}", report.outcome, run_reason(report.reason.as_deref(), decoded)))
}

/// Why a run failed: in the contract's words where it has any, or else in the enclave's.
pub(in crate::api) fn run_reason(reason: Option<&str>, decoded: Option<&DecodedOutput>) -> String {
    match (decoded, reason) {
        (Some(DecodedOutput::Error { error_code, error_text }), _) => format!("{error_text} (code {error_code})"),
        (Some(DecodedOutput::Value { .. }) | None, Some(reason)) => reason.to_owned(),
        (Some(DecodedOutput::Value { .. }) | None, None) => "the enclave gave no reason".to_owned(),
    }
}

/// What went wrong at the present step, and when it is tried again.
fn tried(life: &RequestLife, now: Millis) -> String {
    let Some(error) = &life.summary.last_error else { return String::new() };
    let again =
        if life.next_try_at_ms > now.0 { format!("at {}", moment(life.next_try_at_ms)) } else { "at once".to_owned() };
    let times = if life.tries == 1 { "once".to_owned() } else { format!("{} times", life.tries) };
    format!(", tried {times} and again {again}: {error}")
}

fn ignored(life: &RequestLife) -> String {
    let contract = life.summary.contract_id;
    let until = moment(expires(life));
    match &life.summary.ignored {
        Some(IgnoreReason::UnknownContract) => format!(
            "the enclave has no contract {contract}: deploy it (`relayer contract deploy`) before {until}, and the \
             request is executed"
        ),
        Some(IgnoreReason::StaleRevision) => format!(
            "it accepts contract {contract} from revision {} on, and the enclave has a lower one: bring the contract \
             forward before {until}, and the request is executed",
            life.request.min_revision()
        ),
        Some(IgnoreReason::Refused { why }) => format!(
            "the enclave refuses it ({why}): once that is mended, `relayer request retry {}` has it executed, before \
             {until}",
            life.summary.id
        ),
        None => format!("it isn't executed here, and ends at {until}"),
    }
}

fn reported(life: &RequestLife, now: Millis) -> String {
    let before = life.attempts.last().and_then(without_effect).map_or_else(String::new, |why| format!(" ({why})"));
    format!("its report waits to be submitted{before}{}", tried(life, now))
}

fn submitted(life: &RequestLife) -> String {
    let Some(attempt) = life.attempts.last() else {
        return "its transaction is about to be sent".to_owned();
    };
    if let Some(why) = without_effect(attempt) {
        return format!("{why}; once that block is final, its report is submitted anew");
    }
    let nonce = attempt.nonce;
    match attempt.transactions.iter().rev().find(|transaction| transaction.broadcast_at_ms.is_some()) {
        Some(TransactionRecord { hash, broadcast_at_ms: Some(at), .. }) => {
            let others = attempt.transactions.len() - 1;
            let replaced = if others == 0 { String::new() } else { format!(", the last of {}", others + 1) };
            format!("it waits for transaction {hash} (nonce {nonce}, sent at {}{replaced}) to be mined", moment(*at))
        }
        Some(_) | None => format!("its transaction (nonce {nonce}) is about to be sent"),
    }
}

/// Why a mined transaction did not answer the request; none when it did, or is not mined.
fn without_effect(attempt: &AttemptRecord) -> Option<String> {
    let mined = attempt.transactions.iter().find(|transaction| transaction.block.is_some())?;
    let (hash, block) = (mined.hash, mined.block?.number);
    match (&attempt.effect, mined.succeeded) {
        (Some(EntryEffect::Fulfilled { .. }), _) => None,
        (_, Some(false)) => Some(format!("transaction {hash} reverted in block {block}")),
        (Some(EntryEffect::Skipped(refusal)), _) => Some(format!(
            "the oracle passed over it in transaction {hash} of block {block}: {}",
            refusal_in_words(refusal)
        )),
        (None, _) => Some(format!("transaction {hash} of block {block} had no effect on it")),
    }
}

fn refusal_in_words(refusal: &EntryRefusal) -> String {
    match refusal {
        EntryRefusal::NotPending => "it wasn't pending any more".to_owned(),
        EntryRefusal::Expired => "its time was over".to_owned(),
        EntryRefusal::ExecutedInFuture => "it was executed at a time that the chain has not reached".to_owned(),
        EntryRefusal::NotRegistered => {
            "its signer is no active worker there; `relayer worker show` tells more".to_owned()
        }
        EntryRefusal::BadSignatures => "its signatures don't count there".to_owned(),
        EntryRefusal::Paused => "it was paused".to_owned(),
        EntryRefusal::Other(reason) => reason.clone(),
    }
}

fn settled(life: &RequestLife, now: Millis) -> Option<String> {
    let settlement = life.summary.settlement.as_ref()?;
    match settlement.kind {
        SettlementKind::Fulfilled => None,
        SettlementKind::CallbackFailed => {
            let carried = settlement.transaction.map_or_else(String::new, |hash| format!(" in transaction {hash}"));
            let until = expires(life);
            let retry = if until >= now.0 {
                format!("anyone may try it again (`retryCallback`, with more gas) until {}", moment(until))
            } else {
                format!("it could be tried again until {}", moment(until))
            };
            Some(format!("the oracle took the answer{carried}, and the consumer's callback failed: {retry}"))
        }
    }
}

fn expired(life: &RequestLife) -> String {
    let at = moment(expires(life));
    let last_error = life.summary.last_error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
    match &life.report {
        None => match ignored_before(life) {
            Some(reason) => format!("it expired at {at} without having been executed: {reason}"),
            None => format!("it expired at {at} before it was executed{last_error}"),
        },
        Some(report) => {
            let since = moment(report.reported_at_ms);
            match life.attempts.last().map(|attempt| (attempt, without_effect(attempt))) {
                None => format!("it expired at {at}, and its report, there since {since}, was never sent{last_error}"),
                Some((_, Some(why))) => format!("it expired at {at} with a report, there since {since}: {why}"),
                Some((attempt, None)) => format!(
                    "it expired at {at} with a report, there since {since}: no transaction with it was mined in time \
                     (nonce {} was the last)",
                    attempt.nonce
                ),
            }
        }
    }
}

/// Why the request was ignored until it expired; none when it was not.
fn ignored_before(life: &RequestLife) -> Option<IgnoreReason> {
    let ignored = life
        .events
        .iter()
        .rfind(|event| event.event.parse::<StateName>().is_ok_and(|state| state != StateName::Expired))?;
    let is_ignored = ignored.event == StateName::Ignored.as_str();
    if is_ignored { serde_json::from_value(ignored.detail.clone()?).ok() } else { None }
}

/// The request's expiry, unix milliseconds.
fn expires(life: &RequestLife) -> i64 {
    i64::try_from(life.summary.expires_at).unwrap_or(i64::MAX).saturating_mul(1000)
}

/// A time in unix milliseconds, as people read it.
fn moment(unix_ms: i64) -> String {
    let since = Duration::from_millis(u64::try_from(unix_ms).unwrap_or(0));
    // RFC 3339 has four digits for the year.
    let last = Duration::from_secs(253_402_300_799);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since.min(last)).to_string()
}

#[cfg(test)]
mod tests;
