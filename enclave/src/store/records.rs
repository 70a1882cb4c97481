//! What the store's rows hold, SCALE-encoded before it is sealed.

use parity_scale_codec::{Decode, Encode};
use phat_enclave_api::{Attestation, Contract, Execution, LogEntry};
use phat_executor::State;
use phat_protocol::{CodeHash, ContractId, ContractSeed, Owner, Report, Salt, Signature, WorkerAddress};
use std::sync::Arc;

/// A signed report, and what is told with it: a repeated call gets exactly this.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct SealedReport {
    pub(crate) report: Report,
    pub(crate) signature: Signature,
    pub(crate) worker: WorkerAddress,
    /// The request's, unix seconds: the report is kept until the high-water time reaches it.
    pub(crate) expires_at: u64,
    pub(crate) reason: Option<String>,
    pub(crate) logs: Vec<(u8, String)>,
    pub(crate) fuel: u64,
    pub(crate) elapsed_ms: u64,
}

impl SealedReport {
    pub(crate) fn execution(&self, attestation: Attestation) -> Execution {
        Execution {
            attestation,
            report: self.report.clone(),
            signature: self.signature,
            worker: self.worker,
            reason: self.reason.clone(),
            logs: self
                .logs
                .iter()
                .map(|(level, message)| LogEntry { level: *level, message: message.clone() })
                .collect(),
            fuel: self.fuel,
            elapsed_ms: self.elapsed_ms,
        }
    }
}

/// What a contract is made of, and how far its history has come.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct ContractRecord {
    pub(crate) code_hash: CodeHash,
    pub(crate) init_data: Vec<u8>,
    pub(crate) owner: Owner,
    pub(crate) salt: Salt,
    pub(crate) revision: u64,
}

impl ContractRecord {
    /// The id, computed from what it is a hash of.
    pub(crate) fn contract_id(&self) -> ContractId {
        let Self { code_hash, init_data, owner, salt, revision: _ } = self;
        ContractSeed { code_hash: *code_hash, init_data, owner: *owner, salt: *salt }.contract_id()
    }

    pub(crate) fn contract(&self) -> Contract {
        Contract {
            contract_id: self.contract_id(),
            code_hash: self.code_hash,
            init_data: self.init_data.clone(),
            owner: self.owner,
            salt: self.salt,
            revision: self.revision,
        }
    }
}

/// A contract that is to be kept, and its state.
#[derive(Clone, Debug)]
pub(crate) struct NewContract {
    pub(crate) record: ContractRecord,
    pub(crate) state: State,
}

/// What came of keeping new contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// This is kept of the first: what was there before, where there was something.
    Kept(ContractRecord),
    /// One of the others is there already: nothing was changed.
    Exists(ContractId),
}

/// A contract's state at one revision. It is sealed with the revision, so that state of another
/// revision can't stand in for it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct StateRecord {
    pub(super) revision: u64,
    pub(super) state: State,
}

/// All that a run needs of a contract.
#[derive(Clone, Debug)]
pub(crate) struct LoadedContract {
    pub(crate) record: ContractRecord,
    pub(crate) code: Arc<[u8]>,
    pub(crate) state: Arc<State>,
}
