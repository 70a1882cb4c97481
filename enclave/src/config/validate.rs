use super::{Config, ConfigError};

/// The largest integer that RFC 8785's JSON can hold exactly.
const MAX_EXACT: u64 = (1 << 53) - 1;

impl Config {
    /// What no single setting shows. The executor judges its own settings when it is made.
    pub(super) fn validate(&self) -> Vec<ConfigError> {
        let mut errors = Vec::new();
        let above_zero = [
            ("concurrency.requests", self.concurrency.requests == 0),
            ("concurrency.simulations", self.concurrency.simulations == 0),
            ("concurrency.deployments", self.concurrency.deployments == 0),
            ("store.commit_batch", self.store.commit_batch == 0),
            ("store.upkeep_interval", self.store.upkeep_interval.is_zero()),
            ("store.retry_interval", self.store.retry_interval.is_zero()),
            ("limits.code_bytes", self.limits.code_bytes == 0),
            ("limits.fuel", self.limits.fuel == 0),
            ("limits.fuel_slice", self.limits.fuel_slice == 0),
            ("limits.memory_pages", self.limits.memory_pages == 0),
            ("limits.wall_time", self.limits.wall_time.is_zero()),
            ("resources.concurrent_runs", self.resources.concurrent_runs == 0),
            ("resources.cached_modules", self.resources.cached_modules == 0),
            ("resources.cached_code_bytes", self.resources.cached_code_bytes == 0),
        ];
        errors.extend(
            above_zero
                .into_iter()
                .filter(|(_, zero)| *zero)
                .map(|(key, _)| ConfigError::whole(key, "must be above zero")),
        );
        if self.limits.grace >= self.limits.wall_time {
            errors.push(ConfigError::whole("limits.grace", "must be shorter than limits.wall_time"));
        }
        for (key, value) in [("limits.fuel", self.limits.fuel), ("limits.fuel_slice", self.limits.fuel_slice)] {
            if value > MAX_EXACT {
                errors
                    .push(ConfigError::whole(key, format!("must be at most {MAX_EXACT}, which JSON can hold exactly")));
            }
        }
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&self.log.filter) {
            errors.push(ConfigError::whole("log.filter", error.to_string()));
        }
        errors
    }
}
