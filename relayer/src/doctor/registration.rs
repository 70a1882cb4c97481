use super::{Check, remedy};
use phat_connector::ChainError;
use phat_enclave_api::Status;
use phat_protocol::Digest;
use std::time::Duration;

/// A registration that ends sooner than this, in seconds, should be renewed.
const SOON: u64 = 3 * 24 * 60 * 60;

/// What a registry knows of the enclave's worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Who registered it; none when nobody did.
    pub operator: Option<String>,
    /// The last second in which it is active, unix seconds.
    pub expiry: u64,
    /// Whether it is banned for ever.
    pub revoked: bool,
    /// Whether its reports count now.
    pub active: bool,
    /// Its measurement.
    pub measurement: Digest,
    /// The hash of its configuration.
    pub config_hash: Digest,
    /// Whether the wallet may register workers.
    pub may_register: bool,
    /// Whether the registry allows workers with the enclave's code and configuration as they are now.
    pub pair_allowed: bool,
}

/// Whether the worker's reports count on a chain, and for how long. `now` is the chain's time, unix
/// seconds.
#[must_use]
pub fn registration(chain: &str, status: &Status, registration: &Result<Registration, ChainError>, now: u64) -> Check {
    let subject = format!("chain {chain}: registration");
    let register = format!("`relayer worker register --chain {chain}`");
    let allow = "the registry's admin runs `relayer oracle allow`";
    let known = match registration {
        Ok(known) => known,
        Err(error) => return Check::fail(subject, error.to_string(), remedy::of_chain(chain, error)),
    };
    let changed = known.config_hash != status.config_hash || known.measurement != status.measurement;
    let again = match (known.pair_allowed, known.may_register) {
        (true, true) => register,
        (false, true) => format!("{allow}, then {register}"),
        (true, false) => format!("the registry's admin makes the wallet an operator, then {register}"),
        (false, false) => format!("{allow} and makes the wallet an operator, then {register}"),
    };
    if known.active {
        let left = known.expiry.saturating_sub(now);
        let lasts = humantime::format_duration(Duration::from_secs(left / 60 * 60));
        return if changed {
            let finding =
                format!("the enclave's code or configuration changed since it was registered; it counts for {lasts}");
            Check::warn(subject, finding, again)
        } else if left < SOON {
            Check::warn(subject, format!("active, for {lasts} more"), again)
        } else {
            Check::ok(subject, format!("worker {} is active for {lasts}", status.keys.worker))
        };
    }
    let worker = status.keys.worker;
    let (finding, mend) = if known.revoked {
        let mend = format!("give the enclave a new data directory, and so a new worker key, then {again}");
        (format!("worker {worker} was revoked, for ever"), mend)
    } else if known.operator.is_none() {
        (format!("worker {worker} is not registered"), again)
    } else if known.expiry < now {
        (format!("the registration of worker {worker} ended"), again)
    } else {
        (format!("the registry allows workers with the code and configuration of worker {worker} no more"), again)
    };
    Check::fail(subject, finding, mend)
}
