//! What a contract's owner signed: messages that change it, its secrets, and queries.

use super::{Running, Worker, deploy::new_contract};
use crate::{
    owner,
    runs::Call,
    store::{Accepted, Advance, Advanced, LoadedContract, SecretSet},
};
use phat_enclave_api::{Act, Acted, CallResult, Problem, Refusal, decrypt_secrets};
use phat_executor::{Entry, Mode, RunResult, Secrets, State};
use phat_protocol::{ActionKind, ContractId, Outcome, OwnerAction};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

impl Worker {
    /// Does what the owner signed. An action that fails or is refused changes nothing.
    pub(crate) async fn act(&self, act: Act) -> Result<Acted, Problem> {
        let Act { action, signature } = act;
        let contract_id = action.contract_id;
        let loaded = self.in_store(move |store| store.load_contract(contract_id)).await?;
        let loaded = loaded.ok_or(Problem::Refused(Refusal::UnknownContract { contract_id }))?;
        owner::verify(contract_id, &loaded.record.owner, &action, &signature).map_err(Problem::Refused)?;
        let (not_after, now) = (action.not_after, self.parts.time.now().max(self.parts.store.mark()));
        if not_after < now {
            return Err(Problem::Refused(Refusal::ActionExpired { not_after, now }));
        }
        let (kind, before) = (action.kind, loaded.record.revision);
        let (revision, run) = match kind {
            ActionKind::Message => {
                is_next(&action, before)?;
                self.message(action, loaded).await?
            }
            ActionKind::Secrets => {
                is_next(&action, before)?;
                (self.secrets(&action).await?, None)
            }
            ActionKind::Query => (before, Some(self.query(action, loaded).await?)),
        };
        let applied = match kind {
            ActionKind::Message | ActionKind::Secrets => revision > before,
            ActionKind::Query => run.as_ref().is_some_and(|run| run.outcome == Outcome::Ok),
        };
        tracing::info!(?kind, applied, revision, "the owner acted");
        Ok(Acted { attestation: self.parts.provider.attestation(), contract_id, kind, applied, revision, run })
    }

    /// Runs a message and commits what it wrote; the revision then, which is the old one where the run
    /// failed.
    async fn message(&self, action: OwnerAction, loaded: LoadedContract) -> Result<(u64, Option<CallResult>), Problem> {
        let _permit = self.actions.try_acquire().map_err(|_| Problem::Busy)?;
        let (contract, revision) = (action.contract_id, loaded.record.revision);
        let _running = Running::start(&self.running);
        let mut result = self.run(as_owner(action, &loaded, Mode::Transaction), loaded).await?;
        if !result.succeeded() {
            return Ok((revision, Some(self.told(result, revision))));
        }
        let step = self.step(contract, revision, &mut result).await?;
        let reached = self.advance(step).await?;
        Ok((reached, Some(self.told(result, reached))))
    }

    /// What a run is to change. It takes the changes out of the result.
    async fn step(&self, contract: ContractId, revision: u64, result: &mut RunResult) -> Result<Advance, Problem> {
        let mut changes = std::mem::take(&mut result.changes);
        let mut state = |id: ContractId| -> State {
            let own = changes.remove(&id).unwrap_or_default();
            own.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
        };
        let made = std::mem::take(&mut result.instantiated);
        let made = made.into_iter().map(|made| new_contract(made, &mut state)).collect();
        for id in changes.keys().copied().filter(|id| *id != contract) {
            // The executor lets a message call no other contract: its state is its own owner's history.
            if !self.in_store(move |store| store.descends(id, contract)).await? {
                tracing::error!(%id, "a message wrote to a contract that is not its own");
                return Err(Problem::Fault(format!("the message wrote to {id}, which is another's")));
            }
        }
        Ok(Advance { contract, revision, changes, made, secrets: None })
    }

    /// Opens and keeps a new set of secrets; the revision then.
    async fn secrets(&self, action: &OwnerAction) -> Result<u64, Problem> {
        let refused = |what: String| Problem::Refused(Refusal::BadSecrets { what });
        let _permit = self.actions.try_acquire().map_err(|_| Problem::Busy)?;
        let OwnerAction { contract_id, nonce, data, .. } = action;
        let plain = decrypt_secrets(data, contract_id, *nonce, self.parts.keys.x25519());
        let plain = plain.map_err(|error| refused(error.to_string()))?;
        self.check_secrets(&plain).map_err(refused)?;
        self.advance(Advance {
            contract: *contract_id,
            revision: nonce.saturating_sub(1),
            changes: BTreeMap::new(),
            made: Vec::new(),
            secrets: Some(SecretSet(plain)),
        })
        .await
    }

    /// Whether the set can be kept, and may be sent where its owner says.
    fn check_secrets(&self, plain: &Zeroizing<Vec<u8>>) -> Result<(), String> {
        let most = self.parts.secrets_bytes;
        if u32::try_from(plain.len()).map_or(true, |length| length > most) {
            return Err(format!("a set of {} bytes, and the limit is {most}", plain.len()));
        }
        let secrets = Secrets::from_plain(plain).map_err(|error| error.to_string())?;
        for (host, port) in secrets.origins().filter_map(phat_executor::Origin::plain_http) {
            let open =
                self.parts.egress.allow.iter().any(|entry| entry.http && entry.host == host && entry.port == port);
            if !open {
                return Err("an origin is http, and the egress policy opens it to https alone".to_owned());
            }
        }
        Ok(())
    }

    /// Runs a message as a query of the owner's. Its nonce is used from before the run on, so that no
    /// crash has it run again.
    async fn query(&self, action: OwnerAction, loaded: LoadedContract) -> Result<CallResult, Problem> {
        let _permit = self.calls.try_acquire().map_err(|_| Problem::Busy)?;
        let (contract, nonce, now) = (action.contract_id, action.nonce, self.parts.time.now());
        match self.in_store(move |store| store.accept_query(contract, nonce, now)).await? {
            Accepted::Now => {}
            Accepted::Before(last) => return Err(Problem::Refused(Refusal::StaleNonce { nonce, last })),
        }
        let revision = loaded.record.revision;
        let _running = Running::start(&self.running);
        let result = self.run(as_owner(action, &loaded, Mode::Query), loaded).await?;
        Ok(self.told(result, revision))
    }

    async fn advance(&self, step: Advance) -> Result<u64, Problem> {
        let (nonce, now) = (step.revision.saturating_add(1), self.parts.time.now());
        match self.in_store(move |store| store.advance(step, now)).await? {
            Advanced::Done(revision) => Ok(revision),
            Advanced::Moved(revision) => {
                Err(Problem::Refused(Refusal::WrongNonce { nonce, expected: revision.saturating_add(1) }))
            }
            // A deployment made it meanwhile: the same message, tried again, hears so.
            Advanced::Exists(child) => {
                Err(Problem::Fault(format!("{child}, which the message made, was made meanwhile")))
            }
        }
    }
}

/// Whether a message or secrets come next in the contract's history.
fn is_next(action: &OwnerAction, revision: u64) -> Result<(), Problem> {
    let (nonce, expected) = (action.nonce, revision.saturating_add(1));
    if nonce == expected { Ok(()) } else { Err(Problem::Refused(Refusal::WrongNonce { nonce, expected })) }
}

/// The action's message, called by the contract's owner.
fn as_owner(action: OwnerAction, loaded: &LoadedContract, mode: Mode) -> Call {
    Call {
        contract: action.contract_id,
        entry: Entry::Call,
        mode,
        caller: *loaded.record.owner.as_bytes(),
        input: action.data,
        vrf: None,
    }
}

#[cfg(test)]
mod tests;
