//! The chain: hashes from heights and forks, and the few requests in it.

use crate::phat_oracle::{self, RequestSubmittedFilter};
use ethers::{
    abi::{Tokenizable, encode},
    contract::EthEvent,
    types::{Address, Bytes, H256, U256},
};
use phat_protocol::{Amount, BlockHash, ContractId, Digest, EvmAddress, OracleChain, RequestId, evm, keccak256};
use serde_json::{Value, json};
use std::{collections::BTreeMap, ops::RangeInclusive};

/// The EIP-155 id of the chain.
pub const SYNTHETIC_CHAIN_ID: u64 = 7_777_777;

/// Seconds from one block to the next.
const BLOCK_TIME: u64 = 2;
/// For how long a request can be answered: the most that the protocol allows, in seconds.
const LIFETIME: u64 = 30 * 24 * 3600;

/// Who asks, and whom.
const CONSUMER: EvmAddress = EvmAddress([0xc0; 20]);
const CONTRACT: ContractId = ContractId([0x5e; 32]);

/// A transaction that asks once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntheticAsk {
    /// Its hash, wherever it is mined.
    pub transaction: H256,
    /// What is asked.
    pub payload: Vec<u8>,
    /// The oracle's number for it where it is mined now.
    pub sequence: u64,
}

/// A chain whose blocks follow from their heights.
#[derive(Clone, Debug)]
pub struct SyntheticChain {
    seed: u64,
    /// Unix seconds of block 0.
    genesis: u64,
    head: u64,
    /// From which height on each fork lies over those before it.
    forks: Vec<u64>,
    sequence: u64,
    asked: BTreeMap<u64, Vec<SyntheticAsk>>,
    /// How far below the head the node's safe and finalized blocks are.
    pub(super) safe: u64,
    pub(super) finalized: u64,
}

impl SyntheticChain {
    /// Blocks 0 to `head`, the newest of which was made at `now`, unix seconds. Another seed is another
    /// chain.
    #[must_use]
    pub fn new(seed: u64, head: u64, now: u64) -> Self {
        let genesis = now.saturating_sub(head.saturating_mul(BLOCK_TIME));
        Self { seed, genesis, head, forks: Vec::new(), sequence: 0, asked: BTreeMap::new(), safe: 32, finalized: 64 }
    }

    /// Its oracle's address.
    #[must_use]
    pub const fn oracle() -> EvmAddress {
        EvmAddress([0x0a; 20])
    }

    /// The height of the newest block.
    #[must_use]
    pub const fn head(&self) -> u64 {
        self.head
    }

    /// Has a transaction ask in a block.
    pub fn ask(&mut self, block: u64, payload: impl Into<Vec<u8>>) -> RequestId {
        let payload = payload.into();
        let transaction = H256(keccak256(&[b"transaction".as_slice(), &payload].concat()));
        self.mine(block, transaction, payload)
    }

    /// Has a transaction that a reorganisation dropped mined again.
    pub fn mine_again(&mut self, block: u64, ask: SyntheticAsk) -> RequestId {
        self.mine(block, ask.transaction, ask.payload)
    }

    fn mine(&mut self, block: u64, transaction: H256, payload: Vec<u8>) -> RequestId {
        self.sequence += 1;
        let ask = SyntheticAsk { transaction, payload, sequence: self.sequence };
        let id = self.request(block, &ask).request_id();
        self.asked.entry(block).or_default().push(ask);
        id
    }

    /// Makes so many blocks.
    pub const fn grow(&mut self, blocks: u64) {
        self.head += blocks;
    }

    /// Replaces the newest `depth` blocks by as many and one, in which nobody asks. Answers what was asked
    /// in those that are gone.
    pub fn reorganise(&mut self, depth: u64) -> Vec<SyntheticAsk> {
        let first = (self.head + 1).saturating_sub(depth);
        self.forks.push(first);
        self.head += 1;
        self.asked.split_off(&first).into_values().flatten().collect()
    }

    /// The ids of all requests in the chain, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestId> {
        let asked = self.asked.iter().flat_map(|(block, asks)| asks.iter().map(|ask| (*block, ask)));
        asked.map(|(block, ask)| self.request(block, ask).request_id()).collect()
    }

    /// The hash of the block at a height.
    #[must_use]
    pub fn hash(&self, number: u64) -> BlockHash {
        let fork = self.forks.iter().rposition(|first| *first <= number).map_or(0, |fork| fork + 1);
        let fork = u64::try_from(fork).unwrap_or(u64::MAX);
        BlockHash(keccak256(&[self.seed, fork, number].map(u64::to_be_bytes).concat()))
    }

    fn parent(&self, number: u64) -> BlockHash {
        number.checked_sub(1).map_or(BlockHash::default(), |parent| self.hash(parent))
    }

    const fn time(&self, number: u64) -> u64 {
        self.genesis + number * BLOCK_TIME
    }

    fn request(&self, block: u64, ask: &SyntheticAsk) -> evm::Request {
        evm::Request {
            chain_id: SYNTHETIC_CHAIN_ID,
            oracle: Self::oracle(),
            sequence: ask.sequence,
            parent_hash: self.parent(block),
            consumer: CONSUMER,
            contract_id: CONTRACT,
            min_revision: 0,
            payload_hash: Digest(keccak256(&ask.payload)),
            callback_gas_limit: 200_000,
            max_output: 256,
            expires_at: self.time(block) + LIFETIME,
            payment: Amount::from(1),
        }
    }

    /// A block as nodes answer it; none above the head.
    pub(super) fn block(&self, number: u64) -> Value {
        if number > self.head {
            return Value::Null;
        }
        let (hash, parent) = (H256(self.hash(number).0), H256(self.parent(number).0));
        let nothing = H256::zero();
        json!({
            "number": quantity(number),
            "hash": hash,
            "parentHash": parent,
            "sha3Uncles": nothing,
            "miner": Address::zero(),
            "stateRoot": nothing,
            "transactionsRoot": nothing,
            "receiptsRoot": nothing,
            "logsBloom": format!("0x{}", "00".repeat(256)),
            "difficulty": "0x0",
            "gasLimit": "0x1c9c380",
            "gasUsed": "0x0",
            "timestamp": quantity(self.time(number)),
            "extraData": "0x",
            "baseFeePerGas": "0x3b9aca00",
            "transactions": [],
            "uncles": [],
            "size": "0x1",
        })
    }

    /// The oracle's logs in a range, as nodes answer them.
    pub(super) fn logs(&self, blocks: RangeInclusive<u64>) -> Vec<Value> {
        let blocks = *blocks.start()..=(*blocks.end()).min(self.head);
        if blocks.is_empty() {
            return Vec::new();
        }
        let mut logs = Vec::new();
        for (block, asks) in self.asked.range(blocks) {
            for (index, ask) in asks.iter().enumerate() {
                logs.push(self.log(*block, index, ask));
            }
        }
        logs
    }

    fn log(&self, block: u64, index: usize, ask: &SyntheticAsk) -> Value {
        let request = self.request(block, ask);
        let id = request.request_id();
        let on_chain = phat_oracle::Request {
            sequence: request.sequence,
            parent_hash: request.parent_hash.0,
            consumer: Address::from(request.consumer.0),
            contract_id: request.contract_id.0,
            min_revision: request.min_revision,
            payload_hash: request.payload_hash.0,
            callback_gas_limit: request.callback_gas_limit,
            max_output: request.max_output,
            expires_at: request.expires_at,
            payment: U256::from_big_endian(&request.payment.0),
        };
        let data = encode(&[on_chain.into_token(), Bytes::from(ask.payload.clone()).into_token()]);
        let consumer = H256::from(Address::from(CONSUMER.0));
        json!({
            "address": Address::from(Self::oracle().0),
            "topics": [RequestSubmittedFilter::signature(), H256(id.0), H256(CONTRACT.0), consumer],
            "data": Bytes::from(data),
            "blockNumber": quantity(block),
            "blockHash": H256(self.hash(block).0),
            "transactionHash": ask.transaction,
            "transactionIndex": format!("{index:#x}"),
            "logIndex": format!("{index:#x}"),
            "removed": false,
        })
    }
}

/// A number as JSON-RPC has it.
pub(super) fn quantity(number: u64) -> String {
    format!("{number:#x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reorganisation_replaces_the_newest_blocks_alone_and_gives_back_what_was_asked_in_them() {
        let mut chain = SyntheticChain::new(1, 100, 1_800_000_000);
        let (kept, dropped) = (chain.ask(90, "kept"), chain.ask(99, "dropped"));
        assert_eq!(chain.requests(), [kept, dropped]);
        let before = chain.clone();
        let asks = chain.reorganise(3);
        assert_eq!(chain.head(), 101);
        assert_eq!(chain.hash(97), before.hash(97));
        for number in 98..=100 {
            assert_ne!(chain.hash(number), before.hash(number), "{number}");
        }
        assert_eq!(chain.requests(), [kept]);
        let [ask] = asks.try_into().unwrap();
        let again = chain.mine_again(99, ask);
        assert_ne!(again, dropped, "the id binds the parent block");
        // A later fork that begins lower lies over the first.
        let first = chain.clone();
        chain.reorganise(20);
        assert_eq!(chain.hash(81), first.hash(81));
        assert_ne!(chain.hash(82), first.hash(82));
        assert_ne!(chain.hash(99), first.hash(99));
    }
}
