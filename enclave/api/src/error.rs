use phat_protocol::{ContractId, Outcome};
use serde::{Deserialize, Serialize};

/// Why the enclave won't do what it was asked. Asking again changes nothing until the named thing
/// changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Refusal {
    /// The enclave has no such contract.
    #[error("contract {contract_id} is not here")]
    UnknownContract {
        /// The contract.
        contract_id: ContractId,
    },
    /// The contract is here, at a lower revision than the request accepts.
    #[error("contract {contract_id} is at revision {revision}, and the request asks for {min_revision}")]
    StaleRevision {
        /// The contract.
        contract_id: ContractId,
        /// The revision that is here.
        revision: u64,
        /// The least revision that the request accepts.
        min_revision: u64,
    },
    /// The payload doesn't hash to what the request's id binds.
    #[error("the payload is not the request's")]
    WrongPayload,
    /// The request breaks a bound that every oracle keeps.
    #[error("the request is out of bounds: {what}")]
    OutOfBounds {
        /// Which bound.
        what: String,
    },
    /// The request's time is over.
    #[error("the request expired at {expires_at}, and it is {now}")]
    Expired {
        /// Until when an answer was accepted, unix seconds.
        expires_at: u64,
        /// The enclave's time or high-water mark, unix seconds.
        now: u64,
    },
    /// `executed_at` is too far from the enclave's clock.
    #[error("executed_at {executed_at} is too far from the enclave's clock, {now}")]
    ClockSkew {
        /// What the relayer named, unix seconds.
        executed_at: u64,
        /// The enclave's time, unix seconds.
        now: u64,
    },
    /// No one could be paid.
    #[error("the payee is not an account of the request's chain")]
    BadPayee,
    /// The code is not stored.
    #[error("code {code_hash} is not here")]
    UnknownCode {
        /// The code.
        code_hash: phat_protocol::CodeHash,
    },
    /// The module would not run.
    #[error("the module is refused: {}", reasons.join("; "))]
    BadModule {
        /// Every reason.
        reasons: Vec<String>,
    },
    /// `deploy` failed.
    #[error("deploy ended in {outcome}: {reason}")]
    DeployFailed {
        /// How it ended.
        outcome: Outcome,
        /// Why, in words.
        reason: String,
    },
    /// Nobody owns the contract, so nobody may act on it.
    #[error("contract {contract_id} has no owner, so it can't be changed")]
    NoOwner {
        /// The contract.
        contract_id: ContractId,
    },
    /// The action is not signed by the contract's owner.
    #[error("the action is not signed by the owner of contract {contract_id}")]
    BadSignature {
        /// The contract.
        contract_id: ContractId,
    },
    /// The action's time is over.
    #[error("the action was good until {not_after}, and it is {now}")]
    ActionExpired {
        /// Until when it was accepted, unix seconds.
        not_after: u64,
        /// The enclave's time or high-water mark, unix seconds.
        now: u64,
    },
    /// A message or secrets with another nonce than the next.
    #[error("the action has nonce {nonce}, and the contract's next is {expected}")]
    WrongNonce {
        /// The action's.
        nonce: u64,
        /// The contract's revision + 1.
        expected: u64,
    },
    /// An owner's query whose nonce is not above the last accepted one.
    #[error("the query has nonce {nonce}, and {last} was accepted already")]
    StaleNonce {
        /// The query's.
        nonce: u64,
        /// The last accepted.
        last: u64,
    },
    /// The secrets can't be opened, or are no set of secrets.
    #[error("the secrets are refused: {what}")]
    BadSecrets {
        /// Why; nothing secret is in it.
        what: String,
    },
    /// The message can't be read.
    #[error("the message can't be read: {what}")]
    Malformed {
        /// What is wrong with it.
        what: String,
    },
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// Asking again changes nothing.
    Refused(Refusal),
    /// As many runs as the settings allow are under way.
    Busy,
    /// The host's fault: nothing was signed, and it may go better later.
    Fault(String),
}

/// What the relayer sees when a call to the enclave fails.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EnclaveError {
    /// The enclave refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// As many runs as the enclave's settings allow are under way.
    #[error("the enclave is busy")]
    Busy,
    /// The enclave can't work now (a full disk, say).
    #[error("the enclave can't work: {0}")]
    Fault(String),
    /// The enclave is away.
    #[error("the enclave at {endpoint} is unreachable: {cause}")]
    Unreachable {
        /// Where it was looked for.
        endpoint: String,
        /// What the transport said.
        cause: String,
    },
    /// What answered is not an enclave of this protocol.
    #[error("the enclave's answer can't be read: {0}")]
    Malformed(String),
}

impl EnclaveError {
    /// The variant's name, for counting.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Busy => "busy",
            Self::Fault(_) => "fault",
            Self::Unreachable { .. } => "unreachable",
            Self::Malformed(_) => "malformed",
        }
    }

    /// Whether the same call may succeed later without anyone changing the request.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Busy | Self::Fault(_) | Self::Unreachable { .. } | Self::Malformed(_) => true,
            Self::Refused(Refusal::ClockSkew { .. }) => true,
            Self::Refused(
                Refusal::UnknownContract { .. }
                | Refusal::StaleRevision { .. }
                | Refusal::WrongPayload
                | Refusal::OutOfBounds { .. }
                | Refusal::Expired { .. }
                | Refusal::BadPayee
                | Refusal::UnknownCode { .. }
                | Refusal::BadModule { .. }
                | Refusal::DeployFailed { .. }
                | Refusal::NoOwner { .. }
                | Refusal::BadSignature { .. }
                | Refusal::ActionExpired { .. }
                | Refusal::WrongNonce { .. }
                | Refusal::StaleNonce { .. }
                | Refusal::BadSecrets { .. }
                | Refusal::Malformed { .. },
            ) => false,
        }
    }
}

impl From<Problem> for EnclaveError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Refused(refusal) => Self::Refused(refusal),
            Problem::Busy => Self::Busy,
            Problem::Fault(cause) => Self::Fault(cause),
        }
    }
}
