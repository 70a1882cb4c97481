//! The executor as the worker uses it.

use crate::store::LoadedContract;
use async_trait::async_trait;
use phat_executor::{Contracts, Entry, Executor, HostFault, KeyRoot, LogLevel, Mode, Run, RunEnd, RunResult, Vrf};
use phat_protocol::{Answer, ContractId, Outcome};
use std::sync::Arc;

/// What runs contracts.
#[async_trait]
pub(crate) trait Runner: Send + Sync + 'static {
    /// Every reason for which the module can't become a contract; none when it can.
    fn check(&self, wasm: &[u8]) -> Vec<String>;

    /// Runs a contract to its end.
    ///
    /// # Errors
    /// When the host fails; how the contract fails is no error.
    async fn run(&self, run: Run) -> Result<RunResult, HostFault>;
}

#[async_trait]
impl Runner for Executor {
    fn check(&self, wasm: &[u8]) -> Vec<String> {
        match Self::check(self, wasm) {
            Ok(_) => Vec::new(),
            Err(refusals) => refusals.iter().map(ToString::to_string).collect(),
        }
    }

    async fn run(&self, run: Run) -> Result<RunResult, HostFault> {
        Self::run(self, run).await
    }
}

/// A call of a contract: whose, and what it may do.
pub(crate) struct Call {
    pub(crate) contract: ContractId,
    pub(crate) entry: Entry,
    pub(crate) mode: Mode,
    pub(crate) caller: [u8; 32],
    pub(crate) input: Vec<u8>,
    /// For the run that answers a request, and no other.
    pub(crate) vrf: Option<Arc<Vrf>>,
}

/// Who calls a contract for a request or a simulation.
pub(crate) const NO_CALLER: [u8; 32] = [0; 32];

impl Call {
    /// A run of this call. The key root is the contracts' own also for a simulation: the executor
    /// derives that mode's root from it.
    pub(crate) fn of(self, loaded: LoadedContract, key_root: Arc<KeyRoot>, contracts: Arc<dyn Contracts>) -> Run {
        Run {
            code_hash: loaded.record.code_hash,
            code: loaded.code,
            contract: self.contract,
            entry: self.entry,
            mode: self.mode,
            caller: self.caller,
            input: self.input,
            state: loaded.state,
            secrets: loaded.secrets,
            contracts,
            key_root: Some(key_root),
            vrf: self.vrf,
            deadline: None,
        }
    }
}

/// Why a run did not end in Ok, in words; none when it did.
pub(crate) fn reason(result: &RunResult, answer: &Answer) -> Option<String> {
    match (answer.outcome, &result.end) {
        (Outcome::Ok, _) => None,
        (_, RunEnd::Failed { reason, .. }) => Some(reason.clone()),
        (Outcome::OutputTooLarge, RunEnd::Returned { .. }) => {
            Some("the answer is longer than the request's max_output".to_owned())
        }
        (Outcome::BadContract, RunEnd::Returned { .. }) => {
            Some("what the contract returned is no answer: it lacks the message, or breaks the encoding".to_owned())
        }
        (Outcome::EgressDenied, RunEnd::Returned { .. }) => {
            Some("the contract answered an error after the egress policy denied its last HTTP call".to_owned())
        }
        (
            Outcome::ContractError
            | Outcome::Trapped
            | Outcome::OutOfFuel
            | Outcome::OutOfMemory
            | Outcome::TimedOut
            | Outcome::Disagreed,
            RunEnd::Returned { .. },
        ) => Some("the contract answered an error".to_owned()),
    }
}

/// What a contract logged, as far as `most` bytes of text go.
pub(crate) fn kept_logs(result: &RunResult, most: u32) -> Vec<(u8, String)> {
    let mut left = usize::try_from(most).unwrap_or(usize::MAX);
    result
        .logs
        .iter()
        .map_while(|line| {
            left = left.checked_sub(line.message.len())?;
            Some((level_number(line.level), line.message.clone()))
        })
        .collect()
}

/// The number that a guest gave the level by.
const fn level_number(level: LogLevel) -> u8 {
    match level {
        LogLevel::Error => 1,
        LogLevel::Warn => 2,
        LogLevel::Info => 3,
        LogLevel::Debug => 4,
        LogLevel::Trace => 5,
    }
}
