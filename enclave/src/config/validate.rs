use super::{Config, ConfigError};
use crate::clock::{SystemClock, SystemRandomness};
use phat_executor::{ConfigError as ExecutorError, EgressError, Executor, HostServices, SystemResolver, WorkerFacts};
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
        errors.extend(named(&inexact, format!("must be at most {MAX_EXACT}, which JSON can hold exactly")));
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
        };
        match Executor::new(&self.executor(), &self.resources, host) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.into_iter().map(of_executor).collect(),
        }
    }
}

fn of_executor(error: ExecutorError) -> ConfigError {
    match error {
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
