//! How to mend what a component said, for `relayer doctor` and the status alike.

use phat_connector::ChainError;
use phat_enclave_api::EnclaveError;

/// How to mend what a chain end said.
pub(crate) fn of_chain(chain: &str, error: &ChainError) -> String {
    match error {
        ChainError::Unreachable { .. } => format!("start the node, or mend chains.{chain}.rpc_url"),
        ChainError::Behind { .. } => format!("wait, or name an endpoint of chains.{chain} that follows its chain"),
        ChainError::Disagreement { .. } => {
            format!("`relayer chain show {chain}` shows its endpoints; find out which is wrong, and replace it")
        }
        ChainError::RateLimited { .. } => {
            format!("ask the provider for more calls, or raise chains.{chain}.poll_interval")
        }
        ChainError::WrongChain { .. } => format!("mend chains.{chain}.rpc_url or chains.{chain}.chain_id"),
        ChainError::NoOracle { .. } => {
            format!("mend chains.{chain}.oracle, or deploy one (`relayer oracle deploy`)")
        }
        ChainError::NotSigned { .. } => {
            format!("look at the signer, or mend signer_url and public_key of chains.{chain}'s wallet")
        }
        ChainError::InsufficientFunds { account, .. } => format!("send money to {account}"),
        ChainError::Node { .. } | ChainError::Malformed { .. } | ChainError::Reverted { .. } => {
            format!("look at the node, or set another chains.{chain}.rpc_url")
        }
    }
}

/// How to mend what the enclave said.
pub(crate) const fn of_enclave(error: &EnclaveError) -> &'static str {
    match error {
        EnclaveError::Unreachable { .. } => "start it (`enclave serve`), or mend enclave.endpoint",
        EnclaveError::Busy => "wait, or raise its limits",
        EnclaveError::Fault(_) => "its log has the cause",
        EnclaveError::Malformed(_) | EnclaveError::Refused(_) => {
            "mend enclave.endpoint, or run an enclave of this release"
        }
    }
}

/// How to have an enclave accepted that nothing vouches for.
pub(crate) const OF_SIMULATION: &str =
    "on a development machine set enclave.allow_simulated = true; elsewhere use another enclave";
