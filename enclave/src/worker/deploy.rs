//! From code to a contract.

use super::{Running, Worker};
use crate::{
    runs::Call,
    store::{ContractRecord, LoadedContract, NewContract, Put},
};
use parity_scale_codec::DecodeAll;
use phat_enclave_api::{Code, Contract, Instantiate, Problem, Refusal};
use phat_executor::{Entry, Instantiated, Mode, RunEnd, RunResult, State};
use phat_protocol::{CodeHash, ContractId, Outcome};
use std::sync::Arc;

impl Worker {
    /// Checks and keeps a contract's code.
    pub(crate) async fn put_code(&self, wasm: Arc<[u8]>) -> Result<Code, Problem> {
        let _permit = self.deployments.try_acquire().map_err(|_| Problem::Busy)?;
        let code_hash = phat_protocol::code_hash(&wasm);
        let (runner, checked) = (Arc::clone(&self.parts.runner), Arc::clone(&wasm));
        let reasons = tokio::task::spawn_blocking(move || runner.check(&checked))
            .await
            .map_err(|error| Problem::Fault(format!("the check was lost: {error}")))?;
        if !reasons.is_empty() {
            return Err(Problem::Refused(Refusal::BadModule { reasons }));
        }
        let size = u64::try_from(wasm.len()).unwrap_or(u64::MAX);
        let now = self.parts.time.now();
        self.in_store(move |store| store.put_code(code_hash, &wasm, now)).await?;
        tracing::info!(%code_hash, size, "keeps code");
        Ok(Code { code_hash, size })
    }

    /// Runs `deploy` and keeps the contract. What `deploy` wrote is kept with it; when it fails,
    /// nothing is.
    pub(crate) async fn instantiate(&self, instantiate: Instantiate) -> Result<Contract, Problem> {
        let Instantiate { code_hash, init_data, owner, salt } = instantiate;
        let record = ContractRecord::new(code_hash, init_data, owner, salt);
        let contract_id = record.contract_id();
        if let Some(kept) = self.in_store(move |store| store.contract(contract_id)).await? {
            return Ok(kept.contract());
        }
        let _permit = self.deployments.try_acquire().map_err(|_| Problem::Busy)?;
        let code = self.code(code_hash).await?;
        let loaded = LoadedContract { record: record.clone(), code, state: Arc::default(), secrets: Arc::default() };
        let call = Call {
            contract: contract_id,
            entry: Entry::Deploy,
            mode: Mode::Transaction,
            caller: owner.deployer(),
            input: record.init_data.clone(),
            vrf: None,
        };
        let _running = Running::start(&self.running);
        let result = self.run(call, loaded).await?;
        if let Some((outcome, reason)) = deploy_failure(&result) {
            return Err(Problem::Refused(Refusal::DeployFailed { outcome, reason }));
        }
        let (first, made) = family(record, result)?;
        let (now, children) = (self.parts.time.now(), made.len());
        match self.in_store(move |store| store.put_contracts(&first, &made, now)).await? {
            Put::Kept(kept) => {
                tracing::info!(%contract_id, %code_hash, children, "keeps a contract");
                Ok(kept.contract())
            }
            // Another deployment made it meanwhile: the same one, tried again, hears so.
            Put::Exists(child) => Err(Problem::Fault(format!("{child}, which deploy made, was made meanwhile"))),
        }
    }

    async fn code(&self, code_hash: CodeHash) -> Result<Arc<[u8]>, Problem> {
        let kept = self.in_store(move |store| store.code(code_hash)).await?;
        kept.ok_or(Problem::Refused(Refusal::UnknownCode { code_hash }))
    }
}

/// How `deploy` failed and why, in words; none when it returned without asking to revert.
fn deploy_failure(result: &RunResult) -> Option<(Outcome, String)> {
    match &result.end {
        RunEnd::Failed { outcome, reason } => Some((*outcome, reason.clone())),
        RunEnd::Returned { .. } if result.succeeded() => None,
        RunEnd::Returned { data, .. } => {
            Some((Outcome::ContractError, format!("deploy reverted and returned {}", words(data))))
        }
    }
}

/// What a failed `deploy` returned, for people: the text where it is an error as the SDK writes it
/// (00 01, a code, SCALE `String`), the bytes otherwise.
fn words(returned: &[u8]) -> String {
    if let [0, 1, code, text @ ..] = returned
        && let Ok(text) = String::decode_all(&mut &*text)
    {
        return format!("error {code}: {text}");
    }
    format!("0x{}", hex::encode(returned))
}

/// The new contract and those that its `deploy` made, with their states. Writes to any other would be
/// another contract's history.
fn family(record: ContractRecord, mut result: RunResult) -> Result<(NewContract, Vec<NewContract>), Problem> {
    let mut state = |id: ContractId| -> State {
        let own = result.changes.remove(&id).unwrap_or_default();
        own.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    };
    let first = NewContract { state: state(record.contract_id()), record };
    let made = result.instantiated.into_iter().map(|made| new_contract(made, &mut state)).collect();
    match result.changes.into_keys().next() {
        Some(other) => Err(Problem::Refused(Refusal::DeployFailed {
            outcome: Outcome::BadContract,
            reason: format!("deploy wrote to another contract, {other}"),
        })),
        None => Ok((first, made)),
    }
}

/// A contract that a run made, with the state that the run left it.
pub(super) fn new_contract(made: Instantiated, state: &mut impl FnMut(ContractId) -> State) -> NewContract {
    let Instantiated { contract_id, code_hash, init_data, owner, salt } = made;
    NewContract { state: state(contract_id), record: ContractRecord::new(code_hash, init_data, owner, salt) }
}

#[cfg(test)]
mod tests {
    use super::words;
    use parity_scale_codec::Encode;

    #[test]
    fn an_error_of_the_sdk_is_told_in_its_own_words() {
        let returned = [vec![0, 1, 7], "no such pointer".encode()].concat();
        assert_eq!(words(&returned), "error 7: no such pointer");
    }

    #[test]
    fn other_bytes_are_told_as_they_are() {
        let trailing = [vec![0, 1, 7], "text".encode(), vec![0]].concat();
        assert_eq!(words(&[1, 1]), "0x0101");
        assert!(words(&trailing).starts_with("0x0001"));
    }
}
