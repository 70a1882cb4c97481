#![expect(clippy::cast_possible_truncation, reason = "the SCALE derive casts the variant's index")]

use crate::schema;
use parity_scale_codec::Encode;
use phat_connector::{BlockRef, ChainEvent};
use phat_protocol::{BlockHash, Chain, Digest, keccak256, serde_hex};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a job runs. Its SCALE encoding is what a contract is told where the job asks for that.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum JobTrigger {
    /// An operator ordered it.
    #[codec(index = 0)]
    Order {
        /// When, unix milliseconds.
        at_ms: u64,
    },
    /// The calendar said so.
    #[codec(index = 1)]
    Cron {
        /// The time that was due, unix milliseconds.
        at_ms: u64,
    },
    /// A chain reached a height.
    #[codec(index = 2)]
    Blocks {
        /// The chain.
        #[schema(value_type = schema::Chain)]
        chain: Chain,
        /// The height that was due.
        block_number: u64,
        /// That block's hash.
        #[schema(value_type = schema::BlockHash)]
        block_hash: BlockHash,
    },
    /// A chain told of something.
    #[codec(index = 3)]
    Event {
        /// The chain.
        #[schema(value_type = schema::Chain)]
        chain: Chain,
        /// The height of the block that holds it.
        block_number: u64,
        /// That block's hash.
        #[schema(value_type = schema::BlockHash)]
        block_hash: BlockHash,
        /// The transaction that made it.
        #[schema(value_type = schema::TxHash)]
        transaction: Digest,
        /// Its place among all events of the block, from 0.
        index: u32,
        /// Who told it: a contract's 20-byte address on an EVM chain; on a Substrate chain the names of the pallet and the
        /// event with a point between, as text.
        #[serde(with = "serde_hex")]
        #[schema(value_type = schema::Bytes)]
        emitter: Vec<u8>,
        /// Its topics.
        #[schema(value_type = Vec<schema::Digest>)]
        topics: Vec<Digest>,
        /// Its data, in the chain's own encoding.
        #[serde(with = "serde_hex")]
        #[schema(value_type = schema::Bytes)]
        data: Vec<u8>,
    },
}

impl JobTrigger {
    /// The chain is at that height.
    #[must_use]
    pub const fn block(chain: Chain, block: BlockRef) -> Self {
        Self::Blocks { chain, block_number: block.number, block_hash: block.hash }
    }

    /// The chain told that.
    #[must_use]
    pub fn event(chain: Chain, event: ChainEvent) -> Self {
        let ChainEvent { block, transaction, index, emitter, topics, data } = event;
        Self::Event {
            chain,
            block_number: block.number,
            block_hash: block.hash,
            transaction: transaction.0,
            index,
            emitter,
            topics,
            data,
        }
    }

    /// The kind, as JSON names it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Order { .. } => "order",
            Self::Cron { .. } => "cron",
            Self::Blocks { .. } => "blocks",
            Self::Event { .. } => "event",
        }
    }
}

/// What an event is known by wherever its transaction stands: a transaction that a reorganisation moves to another block
/// tells the same again. `nth` counts the like of it within its transaction, from 0.
pub(crate) fn identity(event: &ChainEvent, nth: u32) -> Digest {
    Digest(keccak256(&(event.transaction.0, &event.emitter, &event.topics, &event.data, nth).encode()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_is_told_what_the_guide_says() {
        let event = JobTrigger::Event {
            chain: Chain::Evm(31337),
            block_number: 5,
            block_hash: BlockHash([1; 32]),
            transaction: Digest([2; 32]),
            index: 3,
            emitter: vec![4; 20],
            topics: vec![Digest([5; 32])],
            data: vec![6],
        };
        let encoded = hex::encode(event.encode());
        let parts = [
            "03",
            "00697a000000000000",
            "0500000000000000",
            &"01".repeat(32),
            &"02".repeat(32),
            "03000000",
            &format!("50{}", "04".repeat(20)),
            &format!("04{}", "05".repeat(32)),
            "0406",
        ];
        assert_eq!(encoded, parts.concat());
        assert_eq!(hex::encode(JobTrigger::Cron { at_ms: 1 }.encode()), "010100000000000000");
        assert_eq!(hex::encode(JobTrigger::Order { at_ms: 1 }.encode()), "000100000000000000");
        let block = JobTrigger::block(Chain::Evm(1), BlockRef { number: 2, hash: BlockHash([3; 32]) });
        let expected = format!("02{}{}{}", "000100000000000000", "0200000000000000", "03".repeat(32));
        assert_eq!(hex::encode(block.encode()), expected);
    }
}
