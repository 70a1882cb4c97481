use crate::{Chain, ContractId, Digest, OracleRequest, Report, RequestId, evm, substrate};
use alloc::vec::Vec;

/// What a chain family gives: a request's id, a report's digest, and the request as the guest sees
/// it. The enclave calls it and links no chain library.
pub trait OracleChain {
    /// The chain that the request was made on.
    fn chain(&self) -> Chain;
    /// The hash of everything in the request.
    fn request_id(&self) -> RequestId;
    /// What a worker signs to answer the request with `report`.
    fn report_digest(&self, report: &Report) -> Digest;
    /// The oracle's 20-byte address, or the pallet's instance name.
    fn oracle(&self) -> Vec<u8>;
    /// Who asked.
    fn consumer(&self) -> Vec<u8>;
    /// The contract that is asked.
    fn contract_id(&self) -> ContractId;
    /// The least revision of the contract's state that the consumer accepts.
    fn min_revision(&self) -> u64;
    /// keccak256 of the payload.
    fn payload_hash(&self) -> [u8; 32];
    /// The longest output, in bytes.
    fn max_output(&self) -> u32;
    /// Until when an answer is accepted, unix seconds.
    fn expires_at(&self) -> u64;

    /// The request as the guest sees it.
    fn oracle_request(&self, payload: Vec<u8>, block_hash: crate::BlockHash) -> OracleRequest {
        OracleRequest {
            chain: self.chain(),
            oracle: self.oracle(),
            request_id: self.request_id(),
            consumer: self.consumer(),
            payload,
            expires_at: self.expires_at(),
            block_hash,
        }
    }
}

/// A request of any chain family.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Request {
    /// Asked of a `PhatOracle`.
    Evm(evm::Request),
    /// Asked of a `pallet-phat-oracle`.
    Substrate(substrate::Request),
}

impl Request {
    fn family(&self) -> &dyn OracleChain {
        match self {
            Self::Evm(request) => request,
            Self::Substrate(request) => request,
        }
    }
}

impl OracleChain for Request {
    fn chain(&self) -> Chain {
        self.family().chain()
    }
    fn request_id(&self) -> RequestId {
        self.family().request_id()
    }
    fn report_digest(&self, report: &Report) -> Digest {
        self.family().report_digest(report)
    }
    fn oracle(&self) -> Vec<u8> {
        self.family().oracle()
    }
    fn consumer(&self) -> Vec<u8> {
        self.family().consumer()
    }
    fn contract_id(&self) -> ContractId {
        self.family().contract_id()
    }
    fn min_revision(&self) -> u64 {
        self.family().min_revision()
    }
    fn payload_hash(&self) -> [u8; 32] {
        self.family().payload_hash()
    }
    fn max_output(&self) -> u32 {
        self.family().max_output()
    }
    fn expires_at(&self) -> u64 {
        self.family().expires_at()
    }
}
