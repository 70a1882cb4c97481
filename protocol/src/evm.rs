//! Ids and digests of the EVM oracle, `PhatOracle`.

use crate::{
    Amount, BlockHash, Chain, ContractId, Digest, EvmAddress, OracleChain, Report, ReportData, RequestId, WorkerKeys,
    abi::{Words, typed_data_digest},
    hash::keccak256,
};
use alloc::vec::Vec;

/// A request to a `PhatOracle`, with the place where it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Request {
    /// The EIP-155 chain id.
    pub chain_id: u64,
    /// The oracle's address.
    pub oracle: EvmAddress,
    /// The oracle's count of requests; starts at 1.
    pub sequence: u64,
    /// Hash of the block before the request's.
    pub parent_hash: BlockHash,
    /// The account or contract that asked, and is called back.
    pub consumer: EvmAddress,
    /// The contract that is asked.
    pub contract_id: ContractId,
    /// The least revision that the consumer accepts.
    pub min_revision: u64,
    /// keccak256 of the payload.
    pub payload_hash: Digest,
    /// Gas that the callback gets.
    pub callback_gas_limit: u32,
    /// The longest output, in bytes.
    pub max_output: u32,
    /// Until when an answer is accepted, unix seconds.
    pub expires_at: u64,
    /// What was paid for the answer, in wei.
    pub payment: Amount,
}

impl OracleChain for Request {
    fn chain(&self) -> Chain {
        Chain::Evm(self.chain_id)
    }

    fn request_id(&self) -> RequestId {
        RequestId(
            Words::tagged("phat-request/v1")
                .uint(self.chain_id)
                .address(&self.oracle)
                .uint(self.sequence)
                .word(&self.parent_hash.0)
                .address(&self.consumer)
                .word(&self.contract_id.0)
                .uint(self.min_revision)
                .word(&self.payload_hash.0)
                .uint(self.callback_gas_limit)
                .uint(self.max_output)
                .uint(self.expires_at)
                .word(&self.payment.0)
                .keccak256(),
        )
    }

    /// The EIP-712 digest of `Report` in the domain of this request's oracle.
    fn report_digest(&self, report: &Report) -> Digest {
        let domain =
            Words::tagged("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
                .word(&keccak256(b"PhatOracle"))
                .word(&keccak256(b"1"))
                .uint(self.chain_id)
                .address(&self.oracle)
                .keccak256();
        let message =
            Words::tagged("Report(bytes32 requestId,uint8 outcome,bytes output,uint64 executedAt,bytes32 payee)")
                .word(&report.request_id.0)
                .uint(report.outcome.number())
                .word(&keccak256(&report.output))
                .uint(report.executed_at)
                .word(&report.payee.0)
                .keccak256();
        typed_data_digest(&domain, &message)
    }

    fn oracle(&self) -> Vec<u8> {
        self.oracle.0.to_vec()
    }
    fn consumer(&self) -> Vec<u8> {
        self.consumer.0.to_vec()
    }
    fn contract_id(&self) -> ContractId {
        self.contract_id
    }
    fn min_revision(&self) -> u64 {
        self.min_revision
    }
    fn payload_hash(&self) -> [u8; 32] {
        self.payload_hash.0
    }
    fn max_output(&self) -> u32 {
        self.max_output
    }
    fn expires_at(&self) -> u64 {
        self.expires_at
    }
}

/// A request's slot in the oracle's storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Never asked, answered, or cancelled.
    Empty,
    /// Asked, and not answered yet.
    Pending,
    /// Answered by a report with this hash, whose callback failed.
    CallbackFailed(Digest),
}

impl From<[u8; 32]> for Slot {
    fn from(word: [u8; 32]) -> Self {
        match word {
            [0, .., 0] if word == [0; 32] => Self::Empty,
            [0, .., 1] if word == crate::abi::left_pad(&[1]) => Self::Pending,
            hash => Self::CallbackFailed(Digest(hash)),
        }
    }
}

/// What a request's slot holds once its callback failed:
/// keccak256(abi.encode(outcome, keccak256(output), executedAt)). The outcome is a bare byte, since
/// chains treat it as opaque.
#[must_use]
pub fn slot_hash(outcome: u8, output: &[u8], executed_at: u64) -> Digest {
    Digest(Words::empty().uint(outcome).word(&keccak256(output)).uint(executed_at).keccak256())
}

/// Where a worker registers on an EVM chain, and how fresh its evidence is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Registration {
    /// The EIP-155 chain id.
    pub chain_id: u64,
    /// The `WorkerRegistry`'s address.
    pub registry: EvmAddress,
    /// The account that registers the worker.
    pub operator: EvmAddress,
    /// A recent block, at most [`crate::bounds::MAX_QUOTE_AGE`] old.
    pub block_number: u64,
    /// That block's hash.
    pub block_hash: BlockHash,
}

impl Registration {
    /// The 64 bytes that the worker's quote vouches for.
    #[must_use]
    pub fn report_data(&self, keys: &WorkerKeys, config_hash: &Digest) -> ReportData {
        ReportData::from_hash(
            Words::tagged("phat-report-data/v1")
                .uint(self.chain_id)
                .address(&self.registry)
                .address(&self.operator)
                .address(&EvmAddress(keys.worker.0))
                .word(&keys.x25519.0)
                .word(&keys.vrf_key_hash.0)
                .word(&config_hash.0)
                .uint(self.block_number)
                .word(&self.block_hash.0)
                .keccak256(),
        )
    }
}
