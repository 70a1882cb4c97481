//! What the oracle stores and tells, in the parts that we use. Fields are found by name, so that a runtime may have more.

use phat_connector::EntryRefusal;
use phat_protocol::{BlockHash, ContractId, Digest, GenesisHash, OracleChain, RequestId, keccak256, substrate};
use subxt::{ext::scale_decode::DecodeAsType, utils::AccountId32};

/// A request, in `Requests`.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct StoredRequest {
    pub(crate) sequence: u64,
    pub(crate) parent_hash: [u8; 32],
    pub(crate) requester: AccountId32,
    pub(crate) contract_id: [u8; 32],
    pub(crate) min_revision: u64,
    pub(crate) payload: Vec<u8>,
    pub(crate) max_output: u32,
    pub(crate) expires_at: u64,
    pub(crate) payment: u128,
    pub(crate) submitted_at: u64,
    pub(crate) state: RequestState,
}

/// Where a stored request stands.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) enum RequestState {
    Pending,
    CallbackFailed(StoredReport),
}

/// An answer that its consumer did not take.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct StoredReport {
    pub(crate) outcome: u8,
    pub(crate) output: Vec<u8>,
    pub(crate) executed_at: u64,
}

impl StoredReport {
    /// What binds it: the hash that the EVM oracle keeps of such an answer.
    pub(crate) fn digest(&self) -> Digest {
        phat_protocol::evm::slot_hash(self.outcome, &self.output, self.executed_at)
    }
}

/// The stored request as its id binds it.
impl StoredRequest {
    pub(crate) fn identified(&self, genesis: GenesisHash, instance: &str) -> substrate::Request {
        substrate::Request {
            genesis,
            instance: instance.to_owned(),
            sequence: self.sequence,
            parent_hash: BlockHash(self.parent_hash),
            requester: self.requester.0.to_vec(),
            contract_id: ContractId(self.contract_id),
            min_revision: self.min_revision,
            payload_hash: Digest(keccak256(&self.payload)),
            max_output: self.max_output,
            expires_at: self.expires_at,
            payment: self.payment,
        }
    }

    /// Its id, by its content.
    pub(crate) fn id(&self, genesis: GenesisHash, instance: &str) -> RequestId {
        self.identified(genesis, instance).request_id()
    }
}

/// A worker, in `Workers`.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct StoredWorker {
    pub(crate) operator: AccountId32,
    pub(crate) expiry: u64,
    pub(crate) revoked: bool,
    pub(crate) measurement: [u8; 32],
    pub(crate) config_hash: [u8; 32],
}

/// What an account has, in `System.Account`.
#[derive(Debug, Default, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct StoredAccount {
    pub(crate) nonce: u64,
    pub(crate) data: AccountData,
}

/// Its balance.
#[derive(Debug, Default, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct AccountData {
    pub(crate) free: u128,
}

/// Why an entry was passed over, or a call failed, by the oracle's name for it.
pub(crate) fn refusal(name: &str) -> EntryRefusal {
    match name {
        "NotPending" => EntryRefusal::NotPending,
        "Expired" => EntryRefusal::Expired,
        "ExecutedInFuture" => EntryRefusal::ExecutedInFuture,
        "UnknownWorker" => EntryRefusal::NotRegistered,
        "WrongSignatureCount" | "BadSignature" | "SignersNotAscending" | "SameOperator" => EntryRefusal::BadSignatures,
        "Paused" => EntryRefusal::Paused,
        other => EntryRefusal::Other(other.to_owned()),
    }
}
