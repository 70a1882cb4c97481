use super::{Config, ConfigError};
use crate::clock::{SystemClock, SystemRandomness};
use phat_executor::{
    ConfigError as ExecutorError, ContractShare, EgressError, Executor, HostServices, SystemResolver, WorkerFacts,
};
use phat_protocol::ContractId;
use std::sync::Arc;

/// The largest integer that RFC 8785's JSON can hold exactly.
const MAX_EXACT: u64 = (1 << 53) - 1;

impl Config {
    /// What no single setting shows.
    pub(super) fn validate(&self) -> Vec<ConfigError> {
        let zero = [
            ("concurrency.requests", self.concurrency.requests == 0),
            ("concurrency.simulations", self.concurrency.simulations == 0),
            ("concurrency.calls", self.concurrency.calls == 0),
            ("concurrency.actions", self.concurrency.actions == 0),
            ("concurrency.deployments", self.concurrency.deployments == 0),
            ("store.commit_batch", self.store.commit_batch == 0),
            ("store.upkeep_interval", self.store.upkeep_interval.is_zero()),
            ("store.retry_interval", self.store.retry_interval.is_zero()),
        ];
        let inexact =
            [("limits.fuel", self.limits.fuel > MAX_EXACT), ("limits.fuel_slice", self.limits.fuel_slice > MAX_EXACT)];
        let named = |settings: &[(&'static str, bool)], what: String| {
            let wrong = settings.iter().filter(|(_, wrong)| *wrong);
            wrong.map(|(key, _)| ConfigError::whole(key, what.clone())).collect::<Vec<_>>()
        };
        let mut errors = named(&zero, "must be above zero".to_owned());
        errors.extend(named(&inexact, not_exact()));
        errors.extend(self.judge_contracts());
        errors.extend(self.judged_by_executor());
        errors
    }

    /// The executor judges its own settings, by being made.
    fn judged_by_executor(&self) -> Vec<ConfigError> {
        let host = HostServices {
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
            resolver: Arc::new(SystemResolver::default()),
            worker: WorkerFacts::default(),
            javascript: None,
        };
        match Executor::new(&self.executor(), &self.machine(), host) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.into_iter().map(|error| self.of_executor(error)).collect(),
        }
    }

    /// What is wrong with the limits of contracts, and with naming one twice.
    fn judge_contracts(&self) -> Vec<ConfigError> {
        let mut errors = Vec::new();
        for (index, contract) in self.contracts.iter().enumerate() {
            let key = |name: &str| format!("contracts[{index}].{name}");
            if self.contracts.iter().take(index).any(|other| other.id == contract.id) {
                errors.push(ConfigError::whole(&key("id"), "is there already"));
            }
            match contract.limits_over(&self.limits) {
                Ok(limits) if limits.fuel > MAX_EXACT => {
                    errors.push(ConfigError::whole(&key("limits.fuel"), not_exact()));
                }
                Ok(_) => {}
                Err(wrong) => errors.extend(wrong.into_iter().map(|(limit, what)| {
                    ConfigError::whole(key(&format!("limits.{limit}")).trim_end_matches('.'), what)
                })),
            }
        }
        errors
    }

    fn of_executor(&self, error: ExecutorError) -> ConfigError {
        let entry = |id: ContractId| {
            let index = self.contracts.iter().position(|contract| contract.id == id).unwrap_or_default();
            format!("contracts[{index}]")
        };
        match error {
            ExecutorError::Contract { contract, error } => {
                let error = self.of_executor(*error);
                ConfigError { key: format!("{}.{}", entry(contract), error.key), ..error }
            }
            ExecutorError::Weight(contract) => {
                let what = format!("must be from 1 to {}", ContractShare::MAX_WEIGHT);
                ConfigError::whole(&format!("{}.weight", entry(contract)), what)
            }
            ExecutorError::NoRuns(contract) => {
                ConfigError::whole(&format!("{}.concurrent_runs", entry(contract)), "must be above zero")
            }
            ExecutorError::MemoryPages(key) => {
                ConfigError::whole(key, "must be at least limits.calls.memory_pages, and that of every contract")
            }
            ExecutorError::Zero(key) => ConfigError::whole(key, "must be above zero"),
            ExecutorError::Grace => ConfigError::whole("limits.grace", "must be shorter than limits.wall_time"),
            ExecutorError::Threads(cause) => ConfigError::whole("resources.threads", cause.to_string()),
            ExecutorError::Egress(EgressError::Host { index, host }) => {
                let what = format!("{host:?} is neither a name nor an address");
                ConfigError::whole(&format!("egress.allow[{index}].host"), what)
            }
            ExecutorError::Egress(EgressError::Root { index, reason }) => {
                ConfigError::whole(&format!("egress.allow[{index}].root_pem"), reason)
            }
            ExecutorError::Egress(EgressError::Duplicate { index, host, port }) => {
                ConfigError::whole(&format!("egress.allow[{index}]"), format!("{host}:{port} is there already"))
            }
            ExecutorError::Egress(EgressError::Client(cause)) => ConfigError::whole("egress", cause),
        }
    }
}

fn not_exact() -> String {
    format!("must be at most {MAX_EXACT}, which JSON can hold exactly")
}
