//! What a run asks its host about other contracts and code, and keeps for as long as it lasts.

use super::{
    Mode, RunState,
    frame::Frame,
    wait::{LookWait, Reply},
};
use crate::{HostFault, KnownContract, limits::in_memory, seal::ReturnCode};
use parity_scale_codec::Encode;
use phat_protocol::{CodeHash, ContractId};
use std::sync::Arc;

/// What was found, or why it can't be had.
pub(super) type Found<T> = Result<T, Unfound>;

/// Why a run can't have a contract, or code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfound {
    /// The host has none.
    Absent,
    /// The run has asked for as many as it may.
    TooMany,
}

/// The host, as one run asks it.
pub(super) struct Lookup {
    /// The contract that the run was begun for.
    root: ContractId,
}

impl Lookup {
    pub(super) const fn new(root: ContractId) -> Self {
        Self { root }
    }

    /// A contract, of which the run sees the same state until its end.
    ///
    /// # Errors
    /// When the host can't look, or lacks what a transaction's result may not depend on.
    pub(super) async fn contract<'r>(
        &self,
        run: &'r mut RunState,
        id: ContractId,
    ) -> Result<Found<&'r KnownContract>, HostFault> {
        if run.overlay.known(&id).is_none() {
            if full(run) {
                return Ok(Err(Unfound::TooMany));
            }
            if !is_hash(&id) {
                return Ok(Err(Unfound::Absent));
            }
            match run.contracts.contract(id).await? {
                Some(known) => run.overlay.load(id, known),
                None if run.mode == Mode::Transaction => return Err(HostFault::UnknownContract(id)),
                None => return Ok(Err(Unfound::Absent)),
            }
        }
        Ok(run.overlay.known(&id).ok_or(Unfound::Absent))
    }

    /// Whether a contract that is to be made is there already.
    ///
    /// # Errors
    /// When the host can't look.
    pub(super) async fn exists(&self, run: &RunState, id: ContractId) -> Result<bool, HostFault> {
        Ok(run.overlay.known(&id).is_some() || run.contracts.contract(id).await?.is_some())
    }

    /// Code by its hash.
    ///
    /// # Errors
    /// When the host can't look, or lacks what a transaction's result may not depend on.
    pub(super) async fn code(&self, run: &mut RunState, hash: CodeHash) -> Result<Found<Arc<[u8]>>, HostFault> {
        if let Some(code) = run.overlay.code(&hash) {
            return Ok(Ok(Arc::clone(code)));
        }
        if full(run) {
            return Ok(Err(Unfound::TooMany));
        }
        match run.contracts.code(hash).await? {
            Some(code) => {
                run.overlay.load_code(hash, Arc::clone(&code));
                Ok(Ok(code))
            }
            None if run.mode == Mode::Transaction => Err(HostFault::UnknownCode(hash)),
            None => Ok(Err(Unfound::Absent)),
        }
    }

    /// Whether the run may call the contract: a transaction reaches the one that it was begun for and
    /// those that came from it, since it may write to no others.
    ///
    /// # Errors
    /// As [`Self::contract`].
    pub(super) async fn is_reachable(&self, run: &mut RunState, id: ContractId) -> Result<Found<bool>, HostFault> {
        let (mut next, mode) = (id, run.mode);
        loop {
            let owner = match self.contract(run, next).await {
                Ok(Ok(known)) => known.owner,
                Ok(Err(unfound)) => return Ok(Err(unfound)),
                // An owner that is no contract here is nobody's child.
                Err(HostFault::UnknownContract(_)) if next != id => return Ok(Ok(false)),
                Err(fault) => return Err(fault),
            };
            if mode != Mode::Transaction || next == self.root {
                return Ok(Ok(true));
            }
            let parent = ContractId(*owner.as_bytes());
            if !is_hash(&parent) {
                return Ok(Ok(false));
            }
            next = parent;
        }
    }

    /// Answers a guest's question.
    ///
    /// # Errors
    /// As [`Self::contract`].
    pub(super) async fn answer(&self, frame: &mut Frame, wait: LookWait) -> Result<Reply, HostFault> {
        let contract = frame.guest().frame.contract;
        let run = &mut *frame.guest_mut().run;
        Ok(match wait {
            LookWait::CodeHash { account, out } => match self.contract(run, account).await? {
                Ok(_) => match run.overlay.code_hash(&account) {
                    Some(hash) => Reply::Output(hash.0.to_vec(), out),
                    None => Reply::Code(ReturnCode::KeyNotFound),
                },
                Err(Unfound::Absent | Unfound::TooMany) => Reply::Code(ReturnCode::KeyNotFound),
            },
            LookWait::IsContract(account) => Reply::Truth(self.contract(run, account).await?.is_ok()),
            LookWait::CodeExists { hash, out } => Reply::Output(self.code(run, hash).await?.is_ok().encode(), out),
            LookWait::SetCodeHash(hash) => match self.code(run, hash).await? {
                Ok(_) => {
                    run.overlay.set_code_hash(contract, hash);
                    Reply::Code(ReturnCode::Success)
                }
                Err(Unfound::Absent | Unfound::TooMany) => Reply::Code(ReturnCode::CodeNotFound),
            },
        })
    }
}

/// Whether the run has looked up as many as it may.
fn full(run: &RunState) -> bool {
    run.overlay.loaded() >= in_memory(run.limits.calls.contracts)
}

/// Whether these bytes can be a contract's id, which is a hash: neither nobody, nor a padded Ethereum
/// address, nor the caller of a deployment without an owner. So that it needs no looking up.
fn is_hash(id: &ContractId) -> bool {
    id.0[..12] != [0; 12] && id.0 != [0xff; 32]
}
