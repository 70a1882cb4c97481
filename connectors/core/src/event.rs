use crate::{BlockRef, ChainError, TxHash};
use async_trait::async_trait;
use phat_protocol::{Digest, EvmAddress};
use std::ops::RangeInclusive;

/// The most topics of an EVM log: LOG4 has four.
pub const MAX_TOPICS: usize = 4;

/// Which of a chain's events are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventFilter {
    /// Logs of a contract on an EVM chain.
    Evm(EvmEventFilter),
    /// Events of a pallet on a Substrate chain.
    Substrate(SubstrateEventFilter),
}

/// Logs of one contract on an EVM chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmEventFilter {
    /// The contract.
    pub address: EvmAddress,
    /// What the log's topics must be, from the first on, at most [`MAX_TOPICS`]; none lets any pass that is there.
    pub topics: Vec<Option<Digest>>,
}

/// Events of one kind of one pallet on a Substrate chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubstrateEventFilter {
    /// The pallet, by its name in the runtime.
    pub pallet: String,
    /// The event, by its name in the pallet.
    pub event: String,
}

impl SubstrateEventFilter {
    /// Who tells such events, as [`ChainEvent::emitter`] has it.
    #[must_use]
    pub fn emitter(&self) -> String {
        let Self { pallet, event } = self;
        format!("{pallet}.{event}")
    }
}

/// Something that a contract or pallet told on chain, whoever it was meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainEvent {
    /// The block that holds it.
    pub block: BlockRef,
    /// The transaction that made it; the hash of the block where none did, as in a pallet's hooks.
    pub transaction: TxHash,
    /// Its place among all events of the block, from 0.
    pub index: u32,
    /// Who told it: a contract's address, or the names of a pallet and its event with a point between
    /// (`Balances.Transfer`).
    pub emitter: Vec<u8>,
    /// Its topics, at most [`MAX_TOPICS`] on an EVM chain.
    pub topics: Vec<Digest>,
    /// Its data, in the chain's own encoding.
    pub data: Vec<u8>,
}

impl EventFilter {
    /// Whether the event is one of those.
    #[must_use]
    pub fn admits(&self, event: &ChainEvent) -> bool {
        match self {
            Self::Evm(filter) => {
                event.emitter == filter.address.0
                    && filter.topics.len() <= event.topics.len()
                    && filter
                        .topics
                        .iter()
                        .zip(&event.topics)
                        .all(|(wanted, topic)| wanted.is_none_or(|it| it == *topic))
            }
            Self::Substrate(filter) => event.emitter == filter.emitter().into_bytes(),
        }
    }
}

/// Where events of any contract come from. Jobs that wait for one read them.
#[async_trait]
pub trait EventSource: Send + Sync {
    /// The events in `blocks` that any of the filters admits, in their order on the chain. One query for all
    /// filters.
    async fn events(&self, filters: &[EventFilter], blocks: RangeInclusive<u64>)
    -> Result<Vec<ChainEvent>, ChainError>;
}
