//! Host calls: whatever a guest passes to whichever host functions, each answers, waits or traps, and what the run
//! leaves is within its limits.

use crate::{
    host::{SECRET_VALUE, Stage},
    plan::{MODULE, input},
};
use phat_executor::{Entry, ExecutorConfig, HttpResult, Limits, Mode, RunEnd, RunResult};
use phat_protocol::Outcome;
use std::sync::LazyLock;

/// Two executors that differ in the length of a slice alone, which no answer may depend on.
static STAGES: LazyLock<[Stage; 2]> = LazyLock::new(|| [2_000_000, 5_000].map(stage));

fn stage(slice: u64) -> Stage {
    let mut config = ExecutorConfig::default();
    let limits = &mut config.limits;
    (limits.fuel, limits.fuel_slice) = (20_000_000, slice);
    limits.storage.overlay_bytes = 64 * 1024;
    limits.records.log_lines = 20;
    // What one run keeps, the next must not find.
    limits.cache.contract_bytes = 0;
    // The secret that every query reads first may be sent nowhere: nothing is.
    Stage::new(&config, Vec::new())
}

/// The first byte says how the contract is called, and the rest which host calls it makes.
pub fn fuzz(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let entry = if kind & 1 == 0 { Entry::Call } else { Entry::Deploy };
    let mode = if kind & 2 == 0 { Mode::Query } else { Mode::Transaction };
    let input = input(rest);
    let [stage, sliced] = &*STAGES;
    let results = [stage, sliced].map(|stage| stage.run(&MODULE, entry, mode, &input));
    let [Some(result), Some(again)] = results else { return };
    assert_eq!((&result.end, result.fuel_used), (&again.end, again.fuel_used), "slices change the result");
    assert_eq!((&result.changes, &result.logs), (&again.changes, &again.logs), "slices change what is left");
    // What it was told itself it may log.
    let knows_secret = input.windows(SECRET_VALUE.len()).any(|part| part == SECRET_VALUE.as_bytes());
    judge(&result, stage.executor().limits(), knows_secret);
}

fn judge(result: &RunResult, limits: &Limits, knows_secret: bool) {
    if let RunEnd::Failed { outcome, reason } = &result.end {
        match outcome {
            // As does what isn't supported.
            Outcome::Trapped | Outcome::OutOfFuel | Outcome::OutputTooLarge | Outcome::BadContract => {}
            Outcome::Ok
            | Outcome::ContractError
            | Outcome::OutOfMemory
            | Outcome::TimedOut
            | Outcome::EgressDenied
            | Outcome::Disagreed => panic!("{outcome}: {reason}"),
        }
        assert!(result.changes.is_empty() && result.events.is_empty() && result.instantiated.is_empty());
    }
    let size = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
    let written = result.changes.values().flatten().map(|(key, value)| key.len() + size(value)).sum();
    assert!(at_most(written, limits.storage.overlay_bytes), "{written} bytes written");
    assert!(
        at_most(result.logs.len(), limits.records.log_lines) && at_most(result.events.len(), limits.records.events)
    );
    for line in &result.logs {
        assert!(at_most(line.message.len(), limits.records.log_line_bytes), "{line:?}");
        assert!(knows_secret || !line.message.contains(SECRET_VALUE), "{line:?}");
        assert!(!line.message.contains('\n'), "{line:?}");
    }
    assert!(at_most(result.http.len(), limits.http.requests));
    for call in &result.http {
        match &call.result {
            HttpResult::Denied(_) | HttpResult::Failed(_) => {}
            HttpResult::Status(status) => panic!("{} answered {status}", call.origin),
        }
    }
}

fn at_most(count: usize, limit: u32) -> bool {
    u32::try_from(count).is_ok_and(|count| count <= limit)
}
