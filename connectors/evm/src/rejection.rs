//! Why a node doesn't take a transaction: its code says so where it is one that means the same everywhere, else
//! the chain's state does. What it says in words is never read.

use crate::{
    chain::Inner,
    node::{header_call, read_latest},
    wallet::insufficient,
};
use ethers::{
    types::{BlockNumber, H256, Transaction, U256, transaction::eip2718::TypedTransaction},
    utils::{keccak256, rlp::Rlp},
};
use phat_connector::{
    Acceptance, ChainError,
    rpc::{Answered, Call, CallError},
};

/// What a code alone says of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rejection {
    NonceTooLow,
    AlreadyKnown,
    Underpriced,
    InsufficientFunds,
}

/// Reads the codes of Ethereum's execution APIs that no client uses for anything else: those of
/// `eth_simulateV1` (-38010 and on), and those of their catalogue of errors (`src/error-groups`) for gas (800 and
/// on) and the pool (1000 and on). The catalogue's 1, a nonce that is too low, was proposed for "unauthorized"
/// before. Most clients answer -32000 for all (go-ethereum, Erigon, reth), -32010 (Nethermind), or a code that is
/// another's for something else (Besu's -32001 and -32004 are EIP-1474's "not found" and "not supported").
const fn rejection(code: i64) -> Option<Rejection> {
    match code {
        -38010 => Some(Rejection::NonceTooLow),
        1000 => Some(Rejection::AlreadyKnown),
        // Less than the base fee (twice), less than the node's own least, and no tenth more than what it replaces.
        -38012 | 806 | 802 | 1002 => Some(Rejection::Underpriced),
        -38014 | 809 => Some(Rejection::InsufficientFunds),
        _ => None,
    }
}

impl Inner {
    /// What became of a transaction that a node answered an error for.
    pub(crate) async fn why_rejected(&self, raw: &[u8], answered: Answered) -> Result<Acceptance, ChainError> {
        let code = rejection(answered.error.code);
        match code {
            Some(Rejection::NonceTooLow) => return Ok(Acceptance::NonceUsed),
            Some(Rejection::AlreadyKnown) => return Ok(Acceptance::Pooled),
            Some(Rejection::Underpriced) => return Ok(Acceptance::Underpriced),
            Some(Rejection::InsufficientFunds) | None => {}
        }
        let error = ChainError::from(CallError::Answered(answered));
        let Ok((transaction, signature)) = TypedTransaction::decode_signed(&Rlp::new(raw)) else { return Err(error) };
        let (Ok(sender), Some(nonce)) = (signature.recover(transaction.sighash()), transaction.nonce()) else {
            return Err(error);
        };
        let [known, mined, pooled, balance, latest] = self
            .node
            .batch([
                Call::new("eth_getTransactionByHash", [H256(keccak256(raw))]),
                Call::new("eth_getTransactionCount", (sender, BlockNumber::Latest)),
                Call::new("eth_getTransactionCount", (sender, BlockNumber::Pending)),
                Call::new("eth_getBalance", (sender, BlockNumber::Latest)),
                header_call(BlockNumber::Latest),
            ])
            .await?;
        let known: Option<Transaction> = known.read()?;
        let (mined, pooled, balance): (U256, U256, U256) = (mined.read()?, pooled.read()?, balance.read()?);
        let gas = transaction.gas().copied().unwrap_or_default();
        let offered = transaction.gas_price().unwrap_or_default();
        let needed = gas.saturating_mul(offered);
        if code == Some(Rejection::InsufficientFunds) {
            return Err(insufficient(sender, balance, needed));
        }
        if *nonce < mined {
            return Ok(Acceptance::NonceUsed);
        }
        if known.is_some() {
            return Ok(Acceptance::Pooled);
        }
        if *nonce < pooled {
            return Ok(Acceptance::Underpriced);
        }
        if balance < needed {
            return Err(insufficient(sender, balance, needed));
        }
        // Some nodes pool what can't be mined yet, others don't.
        if read_latest(latest)?.base_fee.is_some_and(|base_fee| offered < base_fee) {
            return Ok(Acceptance::Underpriced);
        }
        Err(error)
    }
}
