//! What an operator orders, and the trail of it.

use super::{RescanStore, StoreError};
use crate::{clock::Millis, request::StateName};
use async_trait::async_trait;
use phat_protocol::{ContractId, RequestId};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};
use utoipa::ToSchema;

/// What an operator's order is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A chain, by its configured name. While it is paused, nothing new is executed or submitted for
    /// it; watching it and settling what is under way go on.
    Chain(String),
    /// A contract. While it is paused, it isn't run.
    Contract(ContractId),
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(name) => write!(formatter, "chain {name}"),
            Self::Contract(id) => write!(formatter, "contract {id}"),
        }
    }
}

/// A pause that holds. It survives restarts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pause {
    /// Since when, unix milliseconds.
    pub since_ms: i64,
    /// Why, in the operator's words.
    pub reason: Option<String>,
}

/// Every pause that holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pauses {
    /// Of chains, by their configured names. A chain may have left the configuration.
    pub chains: BTreeMap<String, Pause>,
    /// Of contracts.
    pub contracts: BTreeMap<ContractId, Pause>,
}

/// What became of an order to try a request again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retried {
    /// It was ignored, and is observed again; or it waited in this state after a failure, and is tried
    /// now.
    Now {
        /// Its chain's configured name.
        chain: String,
        /// Where it stands.
        state: StateName,
    },
    /// There is nothing to try again.
    Needless(NoRetry),
    /// There is no such request.
    Unknown,
}

/// Why there is nothing to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRetry {
    /// The enclave runs it.
    #[error("it is being executed now")]
    Running,
    /// It is next without an order.
    #[error("it waits for its turn alone, and no failure holds it back")]
    Due,
    /// An operator paused what it is for.
    #[error("its chain or its contract is paused; resume that, and it is tried")]
    Paused,
    /// A transaction carries it.
    #[error("its report is under way in a transaction, which is sent again and replaced as it needs")]
    Submitted,
    /// It was answered.
    #[error("it is answered")]
    Fulfilled,
    /// It was answered, and the consumer failed.
    #[error(
        "its report was accepted on chain and the consumer's callback failed; until it expires, anyone may have the \
         oracle call back again (retryCallback)"
    )]
    CallbackFailed,
    /// Its time is over.
    #[error("it is expired, so no answer is accepted any more")]
    Expired,
    /// It isn't on the chain.
    #[error("its block was reorganised away; it lives again once the chain has it again")]
    Orphaned,
}

/// What an operator did, as the trail of events tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A chain or contract was paused.
    Paused,
    /// The pause was ended.
    Resumed,
    /// A chain's blocks are gone over again.
    RescanOrdered,
    /// That is done no more.
    RescanCancelled,
    /// A contract was deployed.
    Deployed,
    /// The worker was registered on a chain.
    Registered,
    /// A contract's owner changed its state or its secrets.
    OwnerActed,
}

impl Act {
    /// The event's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::RescanOrdered => "rescan_ordered",
            Self::RescanCancelled => "rescan_cancelled",
            Self::Deployed => "deployed",
            Self::Registered => "registered",
            Self::OwnerActed => "owner_acted",
        }
    }
}

/// What the API's writes keep. Every method that changes something leaves an event, in the same
/// transaction.
#[async_trait]
pub trait AdminStore: RescanStore {
    /// Pauses it. What is paused already stays as it is. Answers the pause that holds.
    async fn pause(&self, subject: &Subject, reason: Option<&str>, now: Millis) -> Result<Pause, StoreError>;

    /// Ends the pause. Answers whether there was one.
    async fn resume(&self, subject: &Subject, now: Millis) -> Result<bool, StoreError>;

    /// Every pause that holds.
    async fn pauses(&self) -> Result<Pauses, StoreError>;

    /// Has a request tried now that is ignored, or that waits after a failure.
    async fn retry(&self, id: RequestId, now: Millis) -> Result<Retried, StoreError>;

    /// Orders that the chain's blocks are gone over again from `from_block`, in the place of what
    /// was ordered before.
    async fn order_rescan(&self, chain: &str, from_block: u64, now: Millis) -> Result<(), StoreError>;

    /// Takes the order back. Answers the first block that was not read yet; none where nothing was
    /// ordered.
    async fn cancel_rescan(&self, chain: &str, now: Millis) -> Result<Option<u64>, StoreError>;

    /// Notes what an operator did elsewhere: in the enclave, or on chain.
    async fn note(
        &self,
        subject: &Subject,
        act: Act,
        detail: Option<serde_json::Value>,
        now: Millis,
    ) -> Result<(), StoreError>;
}
