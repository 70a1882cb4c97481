use phat_protocol::CodeHash;

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
            Self::Internal => true,
        }
    }
}
