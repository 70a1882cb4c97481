//! Any message of a contract as a query: run, told, and forgotten.

use super::{Running, Worker, milliseconds};
use crate::runs::{self, NO_CALLER, kept_logs};
use phat_enclave_api::{Call, CallResult, EventEntry, LogEntry, Problem, Refusal};
use phat_executor::{Entry, Mode, RunEnd, RunResult};
use phat_protocol::Outcome;

impl Worker {
    /// Runs a message as a query with nobody as its caller, and signs nothing. Unlike a request's,
    /// this run ends with the call.
    pub(crate) async fn call(&self, call: Call) -> Result<CallResult, Problem> {
        let Call { contract_id, input } = call;
        let _permit = self.calls.try_acquire().map_err(|_| Problem::Busy)?;
        let loaded = self.in_store(move |store| store.load_contract(contract_id)).await?;
        let loaded = loaded.ok_or(Problem::Refused(Refusal::UnknownContract { contract_id }))?;
        let revision = loaded.record.revision;
        let call = runs::Call {
            contract: contract_id,
            entry: Entry::Call,
            mode: Mode::Query,
            caller: NO_CALLER,
            input,
            vrf: None,
        };
        let _running = Running::start(&self.running);
        let result = self.run(call, loaded).await?;
        Ok(self.told(result, revision))
    }

    /// What a message's caller is told of its run.
    pub(super) fn told(&self, result: RunResult, revision: u64) -> CallResult {
        let (outcome, reason) = judged(&result);
        let logs = kept_logs(&result, u32::MAX).into_iter().map(|(level, message)| LogEntry { level, message });
        let (fuel, elapsed_ms) = (result.fuel_used, milliseconds(result.elapsed));
        let (flags, output) = match result.end {
            RunEnd::Returned { flags, data } => (flags, data),
            RunEnd::Failed { .. } => (0, Vec::new()),
        };
        CallResult {
            attestation: self.parts.provider.attestation(),
            outcome,
            output,
            flags,
            reason,
            logs: logs.collect(),
            events: result
                .events
                .into_iter()
                .map(|event| EventEntry { contract: event.contract, topics: event.topics, data: event.data })
                .collect(),
            fuel,
            elapsed_ms,
            revision,
        }
    }
}

/// How a message's run ended, and why in words where it failed. Unlike a request's answer, what it
/// returned is not looked into: messages return what they like.
fn judged(result: &RunResult) -> (Outcome, Option<String>) {
    let (outcome, reason) = match &result.end {
        RunEnd::Returned { .. } if result.succeeded() => return (Outcome::Ok, None),
        RunEnd::Returned { .. } => (Outcome::ContractError, "the contract asked to revert".to_owned()),
        RunEnd::Failed { outcome, reason } => (*outcome, reason.clone()),
    };
    let denied = matches!(outcome, Outcome::ContractError | Outcome::Trapped) && result.last_http_denied;
    (if denied { Outcome::EgressDenied } else { outcome }, Some(reason))
}

#[cfg(test)]
mod tests;
