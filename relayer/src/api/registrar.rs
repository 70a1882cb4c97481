use async_trait::async_trait;
use phat_connector::{ChainError, TxHash};
use phat_enclave_api::{Quote, QuoteFor};

/// Registers the enclave's worker on one chain, as the chain's wallet.
#[async_trait]
pub trait Registrar: Send + Sync {
    /// For whom a quote has to be made now: the registry, the wallet as operator, a recent block.
    async fn quote_for(&self) -> Result<QuoteFor, RegistrarError>;

    /// Sends the registration, and waits until it is mined.
    async fn register(&self, quote_for: &QuoteFor, quote: &Quote) -> Result<Registered, RegistrarError>;
}

/// A registration that was mined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The transaction.
    pub transaction: TxHash,
    /// The height of its block.
    pub block: u64,
    /// The last second in which the worker is active, unix seconds.
    pub expires_at: u64,
}

/// Why a worker isn't registered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RegistrarError {
    /// The chain end failed, or the registry would revert.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The registry allows no worker with this code and configuration.
    #[error(
        "registry {registry} doesn't allow workers of this enclave's code and configuration (PairNotAllowed); its \
         admin allows them: `{remedy}`"
    )]
    PairNotAllowed {
        /// The registry.
        registry: String,
        /// The command that allows them.
        remedy: String,
    },
    /// The transaction was sent, and not mined in time. It may still be.
    #[error("transaction {transaction} is not mined yet; it may still be")]
    NotMined {
        /// The transaction.
        transaction: TxHash,
    },
    /// The transaction was mined and failed.
    #[error("transaction {transaction} failed in block {block}")]
    Failed {
        /// The transaction.
        transaction: TxHash,
        /// The height of its block.
        block: u64,
    },
}
