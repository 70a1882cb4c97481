//! Contracts that have other limits, or another share of the machine, than others.

use super::load::{Given, Source, put, walk};
use phat_executor::{ContractShare, Limits};
use phat_protocol::ContractId;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// What is special about one contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractConfig {
    /// Which.
    pub id: ContractId,
    /// Its part of the guest threads in relation to those of others: 1 to 10,000. Default 100.
    #[serde(default = "default_weight")]
    pub weight: u32,
    /// Its runs at once. Default `resources.contract_runs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_runs: Option<u32>,
    /// The limits of its runs that differ from others', as in `[limits]`. They bind its own runs, other
    /// contracts that these call included, and no run in which another contract calls it.
    #[serde(default)]
    pub limits: Table,
}

fn default_weight() -> u32 {
    ContractShare::default().weight
}

/// Limits that are judged before it is known whose run it is.
const SAME_FOR_ALL: &[&str] =
    &["code_bytes", "fuel_slice", "table_elements", "function_locals", "input_bytes", "secrets_bytes", "http.headers"];

/// A limit's path below `limits`, and what is wrong with it.
pub(super) type WrongLimit = (String, String);

impl ContractConfig {
    /// What the executor is told of the machine's use.
    #[must_use]
    pub const fn share(&self) -> ContractShare {
        ContractShare { weight: self.weight, concurrent_runs: self.concurrent_runs }
    }

    /// The limits of its runs, where others have `general`.
    pub(super) fn limits_over(&self, general: &Limits) -> Result<Limits, Vec<WrongLimit>> {
        let whole = |error: String| vec![(String::new(), error)];
        let general = Table::try_from(general).map_err(|error| whole(error.to_string()))?;
        let (mut given, mut unknown) = (Vec::new(), Vec::new());
        walk(&general, self.limits.clone(), &mut Vec::new(), &Source::Defaults, &mut given, &mut unknown);
        let mut wrong: Vec<_> = unknown.into_iter().map(|error| (error.key, error.what)).collect();
        let mut effective = general.clone();
        for limit in &given {
            match judge(&general, limit) {
                Ok(()) => put(&mut effective, limit),
                Err(what) => wrong.push((limit.path.join("."), what)),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Limits::deserialize(Value::Table(effective)).map_err(|error| whole(error.message().to_owned()))
    }
}

/// Judges one limit alone among others'.
fn judge(general: &Table, limit: &Given) -> Result<(), String> {
    if SAME_FOR_ALL.contains(&limit.path.join(".").as_str()) {
        return Err("is the same for all contracts".to_owned());
    }
    let mut table = general.clone();
    put(&mut table, limit);
    Limits::deserialize(Value::Table(table)).map(|_| ()).map_err(|error| error.message().to_owned())
}

#[cfg(test)]
mod tests;
