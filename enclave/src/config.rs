//! The enclave's settings: typed, with one documented default each.

mod contracts;
mod load;
mod validate;

pub use contracts::ContractConfig;
pub use load::{ConfigError, ConfigErrors, Source};

use phat_executor::{EgressPolicy, ExecutorConfig, Limits, Resources};
use phat_protocol::Digest;
use phat_telemetry::{LogSettings, OtlpEndpoint};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Every setting. The values of [`SAMPLE`] are the defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Contracts about which something is special.
    pub contracts: Vec<ContractConfig>,
    /// What a run may use.
    pub limits: Limits,
    /// Where it may go.
    pub egress: EgressPolicy,
    /// What the executor takes of the machine.
    pub resources: Resources,
    /// How much is done at once.
    pub concurrency: ConcurrencyConfig,
    /// How the store is kept.
    pub store: StoreConfig,
    /// How the process ends.
    pub shutdown: ShutdownConfig,
    /// What is logged.
    pub log: LogSettings,
    /// Where traces go.
    pub telemetry: TelemetryConfig,
}

/// Calls beyond these are answered "busy".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConcurrencyConfig {
    /// Requests that are being answered.
    pub requests: u32,
    /// Simulations.
    pub simulations: u32,
    /// Calls of messages as queries.
    pub calls: u32,
    /// Owners' messages and secrets.
    pub actions: u32,
    /// Deployments and checks of code.
    pub deployments: u32,
}

/// How the store is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// The most reports in one commit.
    pub commit_batch: u32,
    /// How often the high-water time is raised and expired reports are forgotten.
    #[serde(with = "humantime_serde")]
    pub upkeep_interval: Duration,
    /// How often a store that failed is tried again.
    #[serde(with = "humantime_serde")]
    pub retry_interval: Duration,
    /// Bytes of a run's log lines that are sealed with its report.
    pub log_bytes: u32,
}

/// How the process ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownConfig {
    /// How long runs under way are waited for.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
}

/// Where traces go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// A collector that takes traces by OTLP over HTTP; none, written as an empty text, exports nothing.
    #[serde(with = "empty_for_none")]
    pub otlp_endpoint: Option<OtlpEndpoint>,
}

/// A setting without a value stands in a file as an empty text, so that the defaults name every setting.
mod empty_for_none {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
    use std::{fmt, str::FromStr};

    pub(super) fn serialize<T: Clone + Into<String>, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.clone().map(Into::into).unwrap_or_default().serialize(serializer)
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: fmt::Display>,
        D: Deserializer<'de>,
    {
        match String::deserialize(deserializer)?.as_str() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(D::Error::custom),
        }
    }
}

/// The documented defaults, as a file to start from.
pub const SAMPLE: &str = include_str!("../enclave.toml");

/// The guest ABI that this release implements. It stands in the configuration hash, so that a worker
/// which offers contracts something else is another worker.
const GUEST_ABI: &str = "phat-guest-abi/v1";

impl Config {
    /// What the executor is given, and what can change an answer.
    #[must_use]
    pub fn executor(&self) -> ExecutorConfig {
        // A configuration that was loaded has none that are wrong.
        let special = self.contracts.iter().filter_map(|contract| {
            let limits = contract.limits_over(&self.limits).ok()?;
            (limits != self.limits).then_some((contract.id, limits))
        });
        ExecutorConfig { limits: self.limits.clone(), egress: self.egress.clone(), contracts: special.collect() }
    }

    /// What the executor takes of the machine, and how contracts share it.
    #[must_use]
    pub fn machine(&self) -> Resources {
        let shares = self.contracts.iter().map(|contract| (contract.id, contract.share()));
        Resources { shares: shares.collect(), ..self.resources.clone() }
    }

    /// The configuration hash: over [what can change an answer](Self::answering).
    ///
    /// # Errors
    /// Never for a configuration that was loaded; the JSON library has no infallible form.
    pub fn hash(&self) -> Result<Digest, serde_json::Error> {
        Ok(phat_protocol::config_hash(&serde_jcs::to_vec(&self.answering()?)?))
    }

    /// Every setting that can change an answer: the guest ABI, every limit and the egress policy, defaults
    /// included, and all limits of contracts that have other ones. Where the enclave listens and keeps its files, what it logs and how much it does at
    /// once change none.
    ///
    /// # Errors
    /// Never for a configuration that was loaded; the JSON library has no infallible form.
    pub fn answering(&self) -> Result<serde_json::Value, serde_json::Error> {
        #[derive(Serialize)]
        struct Answering {
            guest_abi: &'static str,
            #[serde(flatten)]
            executor: ExecutorConfig,
        }
        // A value's keys are unique, as RFC 8785 wants them.
        serde_json::to_value(Answering { guest_abi: GUEST_ABI, executor: self.executor() })
    }
}

#[cfg(test)]
mod tests;
