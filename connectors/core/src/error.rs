use std::time::Duration;

/// What can go wrong at a chain end. Whether to try again is decided here, where the error is made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChainError {
    /// The endpoint can't be reached, hung up, or took too long.
    #[error("endpoint {endpoint} is unreachable: {cause}")]
    Unreachable {
        /// The endpoint, without credentials.
        endpoint: String,
        /// What the transport said.
        cause: String,
    },
    /// The endpoint asks for fewer calls.
    #[error("endpoint {endpoint} limits the rate of calls")]
    RateLimited {
        /// The endpoint, without credentials.
        endpoint: String,
        /// How long to wait, where it said so.
        retry_after: Option<Duration>,
    },
    /// The endpoint serves another chain than the configured one.
    #[error("endpoint {endpoint} serves chain {found}, not {expected}")]
    WrongChain {
        /// The endpoint, without credentials.
        endpoint: String,
        /// The configured chain.
        expected: String,
        /// The chain that answered.
        found: String,
    },
    /// The endpoint hasn't reached a block that others have, or that was asked for.
    #[error("endpoint {endpoint} has not reached block {wanted}; it is at {head}")]
    Behind {
        /// The endpoint, without credentials.
        endpoint: String,
        /// Its newest block.
        head: u64,
        /// The block that it was asked about.
        wanted: u64,
    },
    /// No quorum of the endpoints answers the same.
    #[error("fewer than {needed} endpoints agree on the answer to {method}: {}", endpoints.join(", "))]
    Disagreement {
        /// The method called.
        method: String,
        /// How many have to agree.
        needed: usize,
        /// Those that answered, without credentials.
        endpoints: Vec<String>,
    },
    /// There is no oracle of ours at the configured address.
    #[error("no oracle answers at {address}: {cause}")]
    NoOracle {
        /// The configured address.
        address: String,
        /// What was found instead.
        cause: String,
    },
    /// The node answered an error of its own.
    #[error("the node answered error {code} to {method}: {message}")]
    Node {
        /// The method called.
        method: String,
        /// JSON-RPC error code.
        code: i64,
        /// The node's words.
        message: String,
        /// Whether the same call may succeed later.
        transient: bool,
    },
    /// The answer can't be read.
    #[error("the node's answer to {method} can't be read: {cause}")]
    Malformed {
        /// The method called.
        method: String,
        /// What was wrong with it.
        cause: String,
    },
    /// The call would revert.
    #[error("the oracle would revert: {reason}")]
    Reverted {
        /// The custom error's name and arguments, or the raw data.
        reason: String,
    },
    /// What signs for the submitter gave no signature.
    #[error("nothing signs for account {account}: {cause}")]
    NotSigned {
        /// The submitter.
        account: super::Account,
        /// What the signer said.
        cause: String,
        /// Whether it may sign the same later.
        transient: bool,
    },
    /// The submitter can't pay for the transaction.
    #[error("account {account} holds {balance} and needs {needed}")]
    InsufficientFunds {
        /// The submitter.
        account: super::Account,
        /// Its balance, smallest unit.
        balance: phat_protocol::Amount,
        /// What the transaction may cost, smallest unit.
        needed: phat_protocol::Amount,
    },
}

impl ChainError {
    /// The variant's name, for counting.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::RateLimited { .. } => "rate_limited",
            Self::WrongChain { .. } => "wrong_chain",
            Self::Behind { .. } => "behind",
            Self::Disagreement { .. } => "disagreement",
            Self::NoOracle { .. } => "no_oracle",
            Self::Node { .. } => "node",
            Self::Malformed { .. } => "malformed",
            Self::Reverted { .. } => "reverted",
            Self::NotSigned { .. } => "not_signed",
            Self::InsufficientFunds { .. } => "insufficient_funds",
        }
    }

    /// Whether the same call may succeed later without anyone changing a setting.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::RateLimited { .. }
            | Self::Behind { .. }
            | Self::Disagreement { .. }
            | Self::InsufficientFunds { .. }
            | Self::Malformed { .. } => true,
            Self::Node { transient, .. } | Self::NotSigned { transient, .. } => *transient,
            Self::WrongChain { .. } | Self::NoOracle { .. } | Self::Reverted { .. } => false,
        }
    }

    /// How long the endpoint asked us to wait.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            Self::Unreachable { .. }
            | Self::WrongChain { .. }
            | Self::Behind { .. }
            | Self::Disagreement { .. }
            | Self::NoOracle { .. }
            | Self::Node { .. }
            | Self::Malformed { .. }
            | Self::Reverted { .. }
            | Self::NotSigned { .. }
            | Self::InsufficientFunds { .. } => None,
        }
    }
}
