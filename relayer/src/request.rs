//! The life of a request.

use crate::schema;
use phat_connector::TxHash;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use utoipa::ToSchema;

/// Where a request stands. The transitions are in [`State::next`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Seen on chain at the configured finality.
    Observed,
    /// It can't be executed here now. Not the end: it is looked at again when the contract arrives or
    /// advances, until it expires.
    Ignored(IgnoreReason),
    /// The enclave answered, and the signed report is stored.
    Reported,
    /// A transaction that carries the report is stored, and was or will be broadcast.
    Submitted,
    /// The chain shows the answer.
    Settled(Settlement),
    /// Its time ran out without an answer.
    Expired,
    /// Its block was reorganised away.
    Orphaned,
}

/// The name of a state, as the database and the API write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// [`State::Observed`]
    Observed,
    /// [`State::Ignored`]
    Ignored,
    /// [`State::Reported`]
    Reported,
    /// [`State::Submitted`]
    Submitted,
    /// [`State::Settled`]
    Settled,
    /// [`State::Expired`]
    Expired,
    /// [`State::Orphaned`]
    Orphaned,
}

impl StateName {
    /// Every state, in the order of a life.
    pub const ALL: [Self; 7] =
        [Self::Observed, Self::Ignored, Self::Reported, Self::Submitted, Self::Settled, Self::Expired, Self::Orphaned];

    /// The name as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Ignored => "ignored",
            Self::Reported => "reported",
            Self::Submitted => "submitted",
            Self::Settled => "settled",
            Self::Expired => "expired",
            Self::Orphaned => "orphaned",
        }
    }
}

impl StateName {
    /// Whether the relayer has something to do for a request in this state.
    #[must_use]
    pub const fn is_waiting(self) -> bool {
        match self {
            Self::Observed | Self::Reported | Self::Submitted => true,
            Self::Ignored | Self::Settled | Self::Expired | Self::Orphaned => false,
        }
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Text that names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of observed, ignored, reported, submitted, settled, expired, orphaned; found {0:?}")]
pub struct UnknownState(pub String);

impl FromStr for StateName {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or_else(|| UnknownState(text.to_owned()))
    }
}

/// Why a request isn't executed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, ToSchema)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum IgnoreReason {
    /// The enclave has no such contract.
    #[error("the enclave has no such contract")]
    UnknownContract,
    /// The contract is at a lower revision than the request accepts.
    #[error("the contract is at a lower revision than the request accepts")]
    StaleRevision,
    /// The enclave refuses the request for ever.
    #[error("the enclave refuses it: {why}")]
    Refused {
        /// In the enclave's words.
        why: String,
    },
}

/// How the chain shows that a request is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settlement {
    /// Whether the consumer's callback succeeded.
    pub kind: SettlementKind,
    /// The transaction that carried the answer, whoever sent it; none when only the slot tells.
    #[schema(value_type = Option<schema::TxHash>)]
    pub transaction: Option<TxHash>,
    /// The height of its block.
    pub block: u64,
}

/// Whether the consumer heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettlementKind {
    /// The callback succeeded.
    Fulfilled,
    /// The callback failed; anyone may try it again until the request expires.
    CallbackFailed,
}

/// A step that the state doesn't allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request that is {from} can't become {to}")]
pub struct InvalidTransition {
    /// The state it is in.
    pub from: StateName,
    /// The state it was to get.
    pub to: StateName,
}

impl State {
    /// The state's name.
    #[must_use]
    pub const fn name(&self) -> StateName {
        match self {
            Self::Observed => StateName::Observed,
            Self::Ignored(_) => StateName::Ignored,
            Self::Reported => StateName::Reported,
            Self::Submitted => StateName::Submitted,
            Self::Settled(_) => StateName::Settled,
            Self::Expired => StateName::Expired,
            Self::Orphaned => StateName::Orphaned,
        }
    }

    /// The state after `self`, where that step exists.
    ///
    /// # Errors
    /// When a request in this state never takes that step.
    pub fn next(from: StateName, to: Self) -> Result<Self, InvalidTransition> {
        if StateName::may_become(from, to.name()) { Ok(to) } else { Err(InvalidTransition { from, to: to.name() }) }
    }
}

impl StateName {
    /// Whether a request in state `from` may get state `to`.
    #[must_use]
    pub const fn may_become(from: Self, to: Self) -> bool {
        match to {
            // Seen again after a reorganisation, or its contract arrived or advanced.
            Self::Observed => matches!(from, Self::Orphaned | Self::Ignored),
            Self::Ignored => matches!(from, Self::Observed),
            // Executed; or its attempt died; or it came back after a reorganisation with its report.
            Self::Reported => matches!(from, Self::Observed | Self::Submitted | Self::Orphaned),
            // Sent; or the block that settled it was reorganised away.
            Self::Submitted => matches!(from, Self::Reported | Self::Settled),
            // Whoever answered it. A failed callback may still succeed.
            Self::Settled => {
                matches!(from, Self::Observed | Self::Ignored | Self::Reported | Self::Submitted | Self::Settled)
            }
            Self::Expired => matches!(from, Self::Observed | Self::Ignored | Self::Reported | Self::Submitted),
            // Its own block was reorganised away, and with it whatever came of it.
            Self::Orphaned => !matches!(from, Self::Orphaned),
        }
    }
}

#[cfg(test)]
mod tests;
