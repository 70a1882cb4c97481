use super::{Check, remedy};
use phat_enclave_api::{Attestation, EnclaveError, Status};

/// The enclave: whether it answers, what vouches for it, whether it can sign.
#[must_use]
pub fn enclave(status: &Result<Status, EnclaveError>, allow_simulated: bool) -> Vec<Check> {
    let status = match status {
        Ok(status) => status,
        Err(error) => {
            return vec![Check::fail("enclave", error.to_string(), remedy::of_enclave(error))];
        }
    };
    let mut checks = vec![version(status), attestation(status.attestation, allow_simulated)];
    checks.push(match &status.fault {
        None => Check::ok("enclave: signing", format!("worker {}", status.keys.worker)),
        Some(fault) => {
            Check::fail("enclave: signing", format!("it can't sign: {fault}"), "mend what it says; its log has more")
        }
    });
    checks.push(Check::ok("enclave: configuration", format!("hash {}", status.config_hash)));
    checks
}

fn version(status: &Status) -> Check {
    let ours = env!("CARGO_PKG_VERSION");
    if status.version == ours {
        return Check::ok("enclave", format!("it answers; release {ours}"));
    }
    let finding = format!("it is of release {}, and this relayer of {ours}", status.version);
    Check::warn("enclave", finding, "run both of the same release")
}

fn attestation(attestation: Attestation, allow_simulated: bool) -> Check {
    const SUBJECT: &str = "enclave: attestation";
    match attestation {
        Attestation::Simulated if allow_simulated => Check::warn(
            SUBJECT,
            "simulated: nothing vouches for it, and enclave.allow_simulated accepts that",
            "well on a development machine; elsewhere use another enclave",
        ),
        Attestation::Simulated => Check::fail(SUBJECT, "simulated: nothing vouches for it", remedy::OF_SIMULATION),
    }
}
