use super::Check;
use phat_enclave_api::EnclaveError;
use phat_protocol::ContractId;

/// A contract of the catalogue, and whether the enclave has it.
#[derive(Clone, Debug)]
pub struct Presence {
    /// Its id.
    pub id: ContractId,
    /// Its name here.
    pub name: String,
    /// Whether the enclave has it.
    pub in_enclave: Result<bool, EnclaveError>,
}

/// The contracts of the catalogue, each of which the enclave should have.
#[must_use]
pub fn contracts(catalogue: &[Presence]) -> Vec<Check> {
    let mut checks: Vec<Check> = catalogue.iter().filter_map(missing).collect();
    if checks.is_empty() {
        checks.push(match catalogue.len() {
            0 => Check::warn(
                "contracts",
                "none was deployed through this relayer, so every request is ignored",
                "`relayer contract deploy FILE.wasm`",
            ),
            count => Check::ok("contracts", format!("the enclave has all {count} of the catalogue")),
        });
    }
    checks
}

fn missing(contract: &Presence) -> Option<Check> {
    let subject = format!("contract {}", contract.name);
    let Presence { id, .. } = contract;
    match &contract.in_enclave {
        Ok(true) => None,
        Ok(false) => Some(Check::fail(
            subject,
            format!("the enclave lacks {id}, so its requests are ignored"),
            "deploy it again, with the same code, init data, owner and salt (`relayer contract show` has them)",
        )),
        Err(error) => Some(Check::fail(subject, format!("{id}: {error}"), "the enclave's log has the cause")),
    }
}
