use crate::{ContractId, Payload, Report};
use codec::{Decode, Encode, MaxEncodedLen};
use phat_protocol::{BlockHash, Digest, GenesisHash, OracleChain, substrate};
use scale_info::TypeInfo;

/// A request as it is stored until it is answered or cancelled: all that its id binds but for genesis and instance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct StoredRequest<AccountId, Balance, BlockNumber> {
    /// The pallet's count of requests; starts at 1.
    pub sequence: u64,
    /// The hash of the block before the request's.
    pub parent_hash: [u8; 32],
    /// Who asked, and is called back.
    pub requester: AccountId,
    /// The contract that is asked.
    pub contract_id: ContractId,
    /// The least revision of its state that may answer.
    pub min_revision: u64,
    /// What is asked.
    pub payload: Payload,
    /// The longest output, in bytes.
    pub max_output: u32,
    /// Until when an answer is accepted, unix seconds.
    pub expires_at: u64,
    /// What is paid for the answer.
    pub payment: Balance,
    /// The request's block.
    pub submitted_at: BlockNumber,
    /// Where it stands.
    pub state: RequestState<AccountId>,
}

/// Where a stored request stands. One that is answered or cancelled is stored no more.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum RequestState<AccountId> {
    /// It waits for an answer, and its payment is on hold.
    Pending,
    /// It was answered and paid, and its consumer failed when it was called with this.
    CallbackFailed(Report<AccountId>),
}

impl<AccountId: Encode, Balance: Copy + Into<u128>, BlockNumber> StoredRequest<AccountId, Balance, BlockNumber> {
    /// The request as every party of the protocol knows it.
    pub(crate) fn identified(&self, genesis: [u8; 32], instance: &str) -> substrate::Request {
        substrate::Request {
            genesis: GenesisHash(genesis),
            instance: instance.into(),
            sequence: self.sequence,
            parent_hash: BlockHash(self.parent_hash),
            requester: self.requester.encode(),
            contract_id: phat_protocol::ContractId(self.contract_id),
            min_revision: self.min_revision,
            payload_hash: Digest(sp_io::hashing::keccak_256(&self.payload)),
            max_output: self.max_output,
            expires_at: self.expires_at,
            payment: self.payment.into(),
        }
    }

    /// The request's id on this chain.
    pub(crate) fn id(&self, genesis: [u8; 32], instance: &str) -> crate::RequestId {
        self.identified(genesis, instance).request_id().0
    }

    /// Whether no answer came.
    pub(crate) fn is_pending(&self) -> bool {
        match self.state {
            RequestState::Pending => true,
            RequestState::CallbackFailed(_) => false,
        }
    }
}
