use crate::{Account, ChainError, TxHash};
use async_trait::async_trait;
use phat_protocol::{Amount, Report, Request, Signature};
use serde::{Deserialize, Serialize};

/// One signed report on its way to the oracle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The request, whole: the oracle stores only its hash.
    pub request: Request,
    /// The answer.
    pub report: Report,
    /// The workers' signatures, ordered by signer.
    pub signatures: Vec<Signature>,
}

/// What a transaction offers for its inclusion, in the chain's smallest unit: for each unit of gas on an EVM chain, and
/// beyond the fee for the whole of it, as a tip, on a Substrate chain, where both are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fees {
    /// The most that is paid in all (EIP-1559's maxFeePerGas, or a legacy gas price).
    pub max_fee: Amount,
    /// The part that goes to the block's author (EIP-1559's maxPriorityFeePerGas).
    pub max_priority_fee: Amount,
}

/// What a transaction that is made now would meet. Read once for all that are made together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The next nonce that no mined transaction of the submitter uses, at the newest block.
    pub mined_nonce: u64,
    /// The next nonce that no transaction of the submitter uses, those in the node's pool counted; never
    /// below `mined_nonce`.
    pub pending_nonce: u64,
    /// What inclusion in the next blocks costs.
    pub fees: Fees,
    /// The most that a transaction may offer in all (`max_fee`), by the operator's word.
    pub fee_cap: Option<Amount>,
    /// The most gas that one transaction may use; on a Substrate chain the reference time of its weight, in
    /// picoseconds.
    pub gas_limit: u64,
    /// Whether transactions have no sender that pays for them. Then a nonce may be left out: one that nothing uses holds
    /// up none above it, and is lost once a higher one is used. An attempt that no report needs any more is given up,
    /// where a filler would use its nonce otherwise.
    pub is_unsigned: bool,
}

/// A signed transaction that has not been sent. It is stored before it is broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedTransaction {
    /// The hash that it will be known by.
    pub hash: TxHash,
    /// The bytes to broadcast.
    pub raw: Vec<u8>,
    /// The nonce that it uses.
    pub nonce: u64,
    /// The most gas that it may use.
    pub gas_limit: u64,
    /// What it offers.
    pub fees: Fees,
}

/// What the node said to a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It is in the pool, or was there already.
    Pooled,
    /// Its nonce is used: by one of this attempt's transactions or by a stranger's. The receipts tell.
    NonceUsed,
    /// It offers too little: less than the chain's base fee, or about as much as another transaction with
    /// this nonce, which is in the pool.
    Underpriced,
    /// It can't be mined any more as it was signed: the blocks that it was good for are over, or the chain's rules
    /// changed. No pool keeps it, and another with its nonce needs to offer no more.
    Expired,
}

/// Where reports go, by one account that sends and pays. A chain may have several. Stage `submit` calls
/// it, and `settle` for the account's nonce.
#[async_trait]
pub trait ReportSink: Send + Sync {
    /// The account that sends and pays.
    fn submitter(&self) -> Account;

    /// Who is named as payee in reports for this chain.
    fn payee(&self) -> phat_protocol::Payee;

    /// The next nonce that no mined transaction of the submitter uses, at the newest block.
    async fn mined_nonce(&self) -> Result<u64, ChainError>;

    /// The submitter's balance, smallest unit.
    async fn balance(&self) -> Result<Amount, ChainError>;

    /// Nonce, fees and room, as they are now. One round trip.
    async fn outlook(&self) -> Result<Outlook, ChainError>;

    /// How many of the entries, from the first, one transaction carries that may use `gas_limit`: as
    /// many as are sure to get by with it, and the first in any case. Asks no one.
    fn fitting(&self, entries: &[Entry], gas_limit: u64) -> usize;

    /// Simulates the batch and signs a transaction for it. Sends nothing. One round trip.
    ///
    /// # Errors
    /// `Reverted` when the whole transaction would revert, `InsufficientFunds` when the submitter
    /// can't pay for it.
    async fn prepare(&self, entries: &[Entry], nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError>;

    /// Signs a transfer of nothing to the submitter itself, to fill a nonce that no report needs any
    /// more. Not called where nobody pays.
    async fn prepare_filler(&self, nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError>;

    /// Sends a transaction that is stored. Sending it twice is harmless.
    async fn broadcast(&self, raw: &[u8]) -> Result<Acceptance, ChainError>;
}
