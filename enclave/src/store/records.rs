//! What the store's rows hold, SCALE-encoded before it is sealed.

use parity_scale_codec::{Decode, Encode, Error, Input};
use phat_enclave_api::{Attestation, Contract, Execution, LogEntry};
use phat_executor::{Secrets, State};
use phat_protocol::{CodeHash, ContractId, ContractSeed, Owner, Report, Salt, Signature, WorkerAddress};
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

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
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
pub(crate) struct ContractRecord {
    pub(crate) code_hash: CodeHash,
    pub(crate) init_data: Vec<u8>,
    pub(crate) owner: Owner,
    pub(crate) salt: Salt,
    pub(crate) revision: u64,
    /// The highest nonce of an owner's query that was accepted; 0 before the first.
    pub(crate) query_nonce: u64,
}

impl Decode for ContractRecord {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        let (code_hash, init_data, owner, salt, revision) = Decode::decode(input)?;
        // A record of format 1 ends here.
        let query_nonce = if input.remaining_len()? == Some(0) { 0 } else { u64::decode(input)? };
        Ok(Self { code_hash, init_data, owner, salt, revision, query_nonce })
    }
}

impl ContractRecord {
    /// A contract that was just made.
    pub(crate) const fn new(code_hash: CodeHash, init_data: Vec<u8>, owner: Owner, salt: Salt) -> Self {
        Self { code_hash, init_data, owner, salt, revision: 0, query_nonce: 0 }
    }

    /// The id, computed from what it is a hash of.
    pub(crate) fn contract_id(&self) -> ContractId {
        let Self { code_hash, init_data, owner, salt, revision: _, query_nonce: _ } = self;
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

/// A contract's state and secrets at one revision. They are sealed with the revision, so that those of
/// another can't stand in for them.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
pub(super) struct StateRecord {
    pub(super) revision: u64,
    pub(super) state: State,
    pub(super) secrets: SecretSet,
}

impl Decode for StateRecord {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        let (revision, state) = Decode::decode(input)?;
        // A record of format 1 ends here.
        let secrets = if input.remaining_len()? == Some(0) { SecretSet::default() } else { Decode::decode(input)? };
        Ok(Self { revision, state, secrets })
    }
}

impl StateRecord {
    /// The record's bytes, which are wiped when they are sealed.
    pub(super) fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        // As long as they will be: growing would leave copies behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(self.encoded_size()));
        self.encode_to(&mut *plain);
        plain
    }
}

/// A whole set of secrets as its owner encoded it: SCALE `Vec<(name, value, origins)>`; empty where
/// none was ever set. It is not shown, and wiped when it is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct SecretSet(pub(crate) Zeroizing<Vec<u8>>);

impl SecretSet {
    /// The secrets; none when they can't be read.
    pub(super) fn secrets(&self) -> Option<Secrets> {
        if self.0.is_empty() { Some(Secrets::default()) } else { Secrets::from_plain(&self.0).ok() }
    }
}

impl Encode for SecretSet {
    fn size_hint(&self) -> usize {
        self.0.size_hint()
    }

    fn encode_to<T: parity_scale_codec::Output + ?Sized>(&self, output: &mut T) {
        self.0.encode_to(output);
    }
}

impl Decode for SecretSet {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        Vec::decode(input).map(Zeroizing::new).map(Self)
    }
}

impl fmt::Debug for SecretSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretSet(redacted)")
    }
}

/// What a contract has at one revision.
#[derive(Clone, Debug, Default)]
pub(crate) struct Committed {
    pub(crate) state: Arc<State>,
    pub(crate) secrets: Arc<Secrets>,
}

/// All that a run needs of a contract.
#[derive(Clone, Debug)]
pub(crate) struct LoadedContract {
    pub(crate) record: ContractRecord,
    pub(crate) code: Arc<[u8]>,
    pub(crate) state: Arc<State>,
    pub(crate) secrets: Arc<Secrets>,
}
