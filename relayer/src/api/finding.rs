//! What is wrong with a component, how much that matters, and how to mend it.

use super::chain::Silence;
use crate::{doctor::remedy, enclave::simulated_not_allowed, health::Component};
use phat_enclave_api::EnclaveError;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Nothing of the component's work can go on.
    Stops,
    /// A task met it; the work may go on all the same.
    Met,
    /// An operator should look at it.
    Noticed,
}

/// One thing that is wrong with a component.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) weight: Weight,
    pub(super) reason: String,
    pub(super) remedy: Option<String>,
}

/// A component that was looked at.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) component: Component,
    pub(super) findings: Vec<Finding>,
}

impl Finding {
    pub(super) fn stops(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { weight: Weight::Stops, reason: reason.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn noticed(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { weight: Weight::Noticed, reason: reason.into(), remedy: Some(remedy.into()) }
    }

    pub(super) const fn met(reason: String) -> Self {
        Self { weight: Weight::Met, reason, remedy: None }
    }

    /// Why a chain end says nothing of use.
    pub(super) fn silence(chain: &str, silence: &Silence) -> Self {
        let remedy = match silence {
            Silence::TooLate => format!("look at the node, or set another chains.{chain}.rpc_url"),
            Silence::Failed(error) => remedy::of_chain(chain, error),
        };
        Self::stops(silence.to_string(), remedy)
    }

    /// Why the enclave says nothing of use.
    pub(super) fn enclave(error: &EnclaveError) -> Self {
        Self::stops(error.to_string(), remedy::of_enclave(error))
    }

    /// The enclave is one that nothing vouches for, and the configuration accepts none.
    pub(super) fn simulated() -> Self {
        Self::stops(simulated_not_allowed().to_string(), remedy::OF_SIMULATION)
    }
}
