//! Ids and digests of the Substrate oracle, `pallet-phat-oracle`.

use crate::{
    BlockHash, Chain, ContractId, Digest, GenesisHash, OracleChain, Report, ReportData, RequestId, WorkerKeys,
    hash::keccak256,
};
use alloc::{string::String, vec::Vec};
use parity_scale_codec::Encode;

/// A request to a `pallet-phat-oracle`, with the place where it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Request {
    /// The chain.
    pub genesis: GenesisHash,
    /// The pallet's name in the runtime.
    pub instance: String,
    /// The pallet's count of requests; starts at 1.
    pub sequence: u64,
    /// Hash of the block before the request's.
    pub parent_hash: BlockHash,
    /// The encoded AccountId that asked.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_hex"))]
    pub requester: Vec<u8>,
    /// The contract that is asked.
    pub contract_id: ContractId,
    /// The least revision that the requester accepts.
    pub min_revision: u64,
    /// keccak256 of the payload.
    pub payload_hash: Digest,
    /// The longest output, in bytes.
    pub max_output: u32,
    /// Until when an answer is accepted, unix seconds.
    pub expires_at: u64,
    /// What was paid for the answer, in the chain's smallest unit.
    pub payment: u128,
}

fn tagged_hash(tag: &str, parts: impl Encode) -> [u8; 32] {
    let mut message = tag.as_bytes().to_vec();
    parts.encode_to(&mut message);
    keccak256(&message)
}

impl OracleChain for Request {
    fn chain(&self) -> Chain {
        Chain::Substrate(self.genesis)
    }

    fn request_id(&self) -> RequestId {
        RequestId(tagged_hash(
            "phat-request/v1",
            (
                self.genesis,
                &self.instance,
                self.sequence,
                self.parent_hash,
                &self.requester,
                self.contract_id,
                self.min_revision,
                self.payload_hash,
                self.max_output,
                self.expires_at,
                self.payment,
            ),
        ))
    }

    fn report_digest(&self, report: &Report) -> Digest {
        Digest(tagged_hash(
            "phat-report/v1",
            (
                self.genesis,
                &self.instance,
                report.request_id,
                report.outcome.number(),
                &report.output,
                report.executed_at,
                report.payee,
            ),
        ))
    }

    fn oracle(&self) -> Vec<u8> {
        self.instance.as_bytes().to_vec()
    }
    fn consumer(&self) -> Vec<u8> {
        self.requester.clone()
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

/// Where a worker registers on a Substrate chain, and how fresh its evidence is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Registration {
    /// The chain.
    pub genesis: GenesisHash,
    /// The pallet's name in the runtime.
    pub instance: String,
    /// The encoded AccountId that registers the worker.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_hex"))]
    pub operator: Vec<u8>,
    /// A recent block, at most [`crate::bounds::MAX_QUOTE_AGE`] old.
    pub block_number: u64,
    /// That block's hash.
    pub block_hash: BlockHash,
}

impl Registration {
    /// The 64 bytes that the worker's quote vouches for.
    #[must_use]
    pub fn report_data(&self, keys: &WorkerKeys, config_hash: &Digest) -> ReportData {
        ReportData::from_hash(tagged_hash(
            "phat-report-data/v1",
            (
                self.genesis,
                &self.instance,
                &self.operator,
                keys.worker,
                keys.x25519,
                keys.vrf_key_hash,
                config_hash,
                self.block_number,
                self.block_hash,
            ),
        ))
    }
}

/// Reports that are brought by an extrinsic without a sender, as the one signs who brings them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Submission {
    /// The chain.
    pub genesis: GenesisHash,
    /// The pallet's name in the runtime.
    pub instance: String,
    /// The AccountId that signs: the payee of every report.
    pub submitter: [u8; 32],
    /// The submitter's count of submissions; some may be left out.
    pub nonce: u64,
    /// The height of the last block that may hold it.
    pub last_block: u64,
    /// keccak256 of the encoded list of entries.
    pub entries_hash: Digest,
}

impl Submission {
    /// What the submitter signs.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(tagged_hash(
            "phat-submission/v1",
            (self.genesis, &self.instance, self.submitter, self.nonce, self.last_block, self.entries_hash),
        ))
    }
}
