//! How a transaction is tried before it is signed.

use crate::{chain::ContractCall, gas, node::small, revert};
use ethers::types::{BlockNumber, Bytes, U64, U256};
use phat_connector::{
    ChainError,
    rpc::{Call, CallError, Reply},
};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// How many transactions in a row are tried by a plain call after an estimate that the bound covered.
const CALLS: u32 = 32;

/// What the node is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trial {
    /// Run it once.
    Call,
    /// Find out what gas it needs, which runs it many times.
    Estimate,
}

impl Trial {
    /// The call that tries it, at the newest block.
    pub(crate) fn call(self, call: ContractCall, bound: u64) -> Call {
        match self {
            Self::Call => {
                let gas = Some(U64::from(bound.min(gas::MAX_TRANSACTION)));
                Call::new("eth_call", (ContractCall { gas, ..call }, BlockNumber::Latest))
            }
            Self::Estimate => Call::new("eth_estimateGas", (call, BlockNumber::Latest)),
        }
    }
}

/// Whether the chain counts gas as Ethereum does, so that our own bound holds. Some count the cost of
/// another chain's data too; there each transaction is estimated, and batches are made smaller.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    /// How many more transactions a plain call is enough for.
    calls: AtomicU32,
    /// What the last estimate asked for beyond the bound, in thousandths of the bound.
    excess: AtomicU64,
}

impl Gauge {
    /// How the next transaction is to be tried.
    pub(crate) fn trial(&self) -> Trial {
        let left = self.calls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |calls| calls.checked_sub(1));
        if left.is_ok() { Trial::Call } else { Trial::Estimate }
    }

    /// What a transaction's bound may come to where it may have `limit`, by the last estimate.
    pub(crate) fn within(&self, limit: u64) -> u64 {
        let excess = u128::from(self.excess.load(Ordering::Relaxed));
        u64::try_from(u128::from(limit) * 1_000 / (excess + 1_000)).unwrap_or(limit)
    }

    /// The gas that the transaction should have, by what the node answered: `bound`, or its estimate
    /// and a fifth where that is more.
    ///
    /// # Errors
    /// `Reverted` where a contract spoke.
    pub(crate) fn gas(&self, trial: Trial, tried: Reply, bound: u64) -> Result<u64, ChainError> {
        match trial {
            Trial::Call => tried.read::<Bytes>().map_err(reverted).map(|_nothing| bound),
            Trial::Estimate => {
                let estimate = small("eth_estimateGas", tried.read::<U256>().map_err(reverted)?)?;
                let ample = estimate.saturating_add(estimate / 5);
                self.calls.store(if ample <= bound { CALLS } else { 0 }, Ordering::Relaxed);
                let excess = u128::from(ample.saturating_sub(bound)) * 1_000 / u128::from(bound.max(1));
                self.excess.store(u64::try_from(excess).unwrap_or(u64::MAX), Ordering::Relaxed);
                Ok(bound.max(ample))
            }
        }
    }
}

/// A simulation's error: `Reverted` where a contract spoke.
pub(crate) fn reverted(error: CallError) -> ChainError {
    match revert::data(&error) {
        Some(data) => ChainError::Reverted { reason: revert::describe(&data) },
        None => error.into(),
    }
}
