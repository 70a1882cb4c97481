use phat_protocol::{CodeHash, ContractId};

/// The host is at fault, and not the guest: there is no outcome, nothing is signed, and the run may
/// be tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    /// The code that was given is not that of the hash.
    #[error("the code's hash is {found}, not {expected}")]
    WrongCode {
        /// The hash that was asked for.
        expected: CodeHash,
        /// The hash of the bytes.
        found: CodeHash,
    },
    /// A run whose result may depend on nothing but its input needs a contract that the host lacks.
    #[error("the run needs contract {0}, which this worker doesn't have")]
    UnknownContract(ContractId),
    /// A run whose result may depend on nothing but its input needs code that the host lacks.
    #[error("the run needs code {0}, which this worker doesn't have")]
    UnknownCode(CodeHash),
    /// The host could not look for a contract or for code.
    #[error("can't look up what the run needs: {0}")]
    Lookup(String),
    /// A part of the executor died; the log says of what.
    #[error("the executor failed inside")]
    Internal,
}

impl HostFault {
    /// Whether the same run may go better another time.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::WrongCode { .. } => false,
            Self::UnknownContract(_) | Self::UnknownCode(_) | Self::Lookup(_) | Self::Internal => true,
        }
    }
}
