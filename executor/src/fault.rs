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
    /// As many runs of the contract are under way as may be at once.
    #[error("{limit} runs of contract {contract} are under way, and no more may be")]
    ContractBusy {
        /// Whose.
        contract: ContractId,
        /// How many those are.
        limit: u32,
    },
    /// All guests together, or those of one contract, have what memory there is for them.
    #[error("a run of contract {0} needs more memory than other runs leave")]
    MemoryBusy(ContractId),
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
            Self::UnknownContract(_)
            | Self::UnknownCode(_)
            | Self::Lookup(_)
            | Self::ContractBusy { .. }
            | Self::MemoryBusy(_)
            | Self::Internal => true,
        }
    }

    /// Whether nothing is wrong but that too much is asked for at once.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        match self {
            Self::ContractBusy { .. } | Self::MemoryBusy(_) => true,
            Self::WrongCode { .. }
            | Self::UnknownContract(_)
            | Self::UnknownCode(_)
            | Self::Lookup(_)
            | Self::Internal => false,
        }
    }
}
