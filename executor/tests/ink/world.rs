//! Deployed ink! contracts, which are spoken to by their metadata.
#![expect(clippy::unwrap_used, reason = "what a test needs and can't have fails it")]

use crate::support::{executor_with_javascript, query};
use async_trait::async_trait;
use parity_scale_codec::Encode;
use phat_executor::{
    Contracts, Entry, Executor, ExecutorConfig, HostFault, KnownContract, Mode, Run, RunEnd, RunResult, State,
};
use phat_metadata::{Bundle, Interface, Returned};
use phat_protocol::{CodeHash, ContractId, Digest, Owner, keccak256};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt, fs,
    path::Path,
    sync::{Arc, Mutex},
};

/// Who deploys, and calls in transactions.
pub(crate) const OWNER: [u8; 32] = [0x0e; 32];

/// An ink! contract's code, and what its metadata says.
#[derive(Clone)]
pub(crate) struct Kind {
    pub(crate) code_hash: CodeHash,
    code: Arc<[u8]>,
    interface: Arc<Interface>,
}

impl Kind {
    /// A committed bundle.
    pub(crate) fn committed(name: &str) -> Self {
        let artifacts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../phat-contracts/artifacts/ink");
        let path = artifacts.join(name).with_extension("contract");
        let text = fs::read(&path).unwrap_or_else(|error| {
            panic!("{}: {error}; run `cargo xtask guests`", path.display());
        });
        let Bundle { wasm, interface, .. } = Bundle::read(&text).unwrap();
        Self { code_hash: phat_protocol::code_hash(&wasm), code: wasm.into(), interface: Arc::new(interface.unwrap()) }
    }
}

/// Contracts, as a host keeps them.
#[derive(Default)]
struct Kept {
    contracts: Mutex<BTreeMap<ContractId, (KnownContract, Arc<Interface>)>>,
    codes: Mutex<BTreeMap<CodeHash, Kind>>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Kept")
    }
}

#[async_trait]
impl Contracts for Kept {
    async fn contract(&self, id: ContractId) -> Result<Option<KnownContract>, HostFault> {
        Ok(self.contracts.lock().unwrap().get(&id).map(|(contract, _)| contract.clone()))
    }

    async fn code(&self, hash: CodeHash) -> Result<Option<Arc<[u8]>>, HostFault> {
        Ok(self.codes.lock().unwrap().get(&hash).map(|kind| Arc::clone(&kind.code)))
    }
}

/// An executor, and what was deployed.
pub(crate) struct World {
    pub(crate) executor: Executor,
    kept: Arc<Kept>,
}

/// What came of a message.
pub(crate) struct Answer {
    pub(crate) run: RunResult,
    returned: Option<Result<Returned, String>>,
}

impl Answer {
    /// The message's result.
    #[track_caller]
    pub(crate) fn value(self) -> Value {
        match (self.returned, self.run.end) {
            (Some(Ok(Returned::Value { value, .. })), _) => value,
            (other, end) => panic!("{other:?} of {end:?}"),
        }
    }
}

impl World {
    pub(crate) fn new(config: &ExecutorConfig) -> Self {
        Self { executor: executor_with_javascript(config), kept: Arc::default() }
    }

    /// Makes the code known, for contracts that make others of it.
    pub(crate) fn upload(&self, kind: &Kind) {
        self.kept.codes.lock().unwrap().insert(kind.code_hash, kind.clone());
    }

    /// Runs a constructor, and keeps the contract if it ran.
    pub(crate) async fn deploy(
        &self,
        kind: &Kind,
        constructor: &str,
        arguments: &[&str],
    ) -> Result<ContractId, Vec<u8>> {
        self.upload(kind);
        let entry = kind.interface.constructor(constructor).unwrap();
        let input = kind.interface.encode(entry, &owned(arguments)).unwrap();
        let id = ContractId(keccak256(&(kind.code_hash.0, &input).encode()));
        let run = Run {
            code_hash: kind.code_hash,
            code: Arc::clone(&kind.code),
            contract: id,
            entry: Entry::Deploy,
            mode: Mode::Transaction,
            caller: OWNER,
            input,
            contracts: Arc::clone(&self.kept) as _,
            ..query("(module)")
        };
        let result = self.executor.run(run).await.unwrap();
        match &result.end {
            RunEnd::Returned { flags: 0, .. } => {}
            RunEnd::Returned { data, .. } => return Err(data.clone()),
            RunEnd::Failed { outcome, reason } => panic!("{outcome}: {reason}"),
        }
        let contract = kept(kind.code_hash, Arc::clone(&kind.code), Owner(Digest(OWNER)));
        self.kept.contracts.lock().unwrap().insert(id, (contract, Arc::clone(&kind.interface)));
        self.commit(&result);
        Ok(id)
    }

    /// Asks a contract; what it writes is dropped.
    pub(crate) async fn ask(&self, contract: ContractId, message: &str, arguments: &[&str]) -> Answer {
        self.call(contract, message, arguments, Mode::Query, [0; 32]).await
    }

    /// Has a contract run a message of its owner's; what it writes stays.
    pub(crate) async fn tell(&self, contract: ContractId, message: &str, arguments: &[&str]) -> Answer {
        let answer = self.call(contract, message, arguments, Mode::Transaction, OWNER).await;
        self.commit(&answer.run);
        answer
    }

    async fn call(
        &self,
        contract: ContractId,
        message: &str,
        arguments: &[&str],
        mode: Mode,
        caller: [u8; 32],
    ) -> Answer {
        let (known, interface) = self.kept.contracts.lock().unwrap()[&contract].clone();
        let entry = interface.message(message).unwrap();
        let input = interface.encode(entry, &owned(arguments)).unwrap();
        let run = self.executor.run(self.run(contract, known, input, mode, caller)).await.unwrap();
        let returned = match &run.end {
            RunEnd::Returned { data, .. } => Some(interface.decode(entry, data).map_err(|error| error.to_string())),
            RunEnd::Failed { .. } => None,
        };
        Answer { run, returned }
    }

    /// Sends bytes that no metadata describes.
    pub(crate) async fn raw(&self, contract: ContractId, input: &[u8]) -> RunResult {
        let (known, _) = self.kept.contracts.lock().unwrap()[&contract].clone();
        self.executor.run(self.run(contract, known, input.to_vec(), Mode::Query, [0; 32])).await.unwrap()
    }

    fn run(&self, contract: ContractId, known: KnownContract, input: Vec<u8>, mode: Mode, caller: [u8; 32]) -> Run {
        Run {
            code_hash: known.code_hash,
            code: known.code,
            contract,
            mode,
            caller,
            input,
            state: known.state,
            contracts: Arc::clone(&self.kept) as _,
            ..query("(module)")
        }
    }

    /// Keeps what a transaction wrote and made.
    fn commit(&self, result: &RunResult) {
        let mut contracts = self.kept.contracts.lock().unwrap();
        for made in &result.instantiated {
            let Kind { code, interface, .. } = self.kept.codes.lock().unwrap()[&made.code_hash].clone();
            let contract = kept(made.code_hash, code, made.owner);
            contracts.insert(made.contract_id, (contract, interface));
        }
        for (id, changes) in &result.changes {
            let (contract, _) = contracts.get_mut(id).expect("a change of a contract that is there");
            let state = Arc::make_mut(&mut contract.state);
            for (key, value) in changes {
                match value {
                    Some(value) => state.insert(key.clone(), value.clone()),
                    None => state.remove(key),
                };
            }
        }
    }
}

fn owned(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|argument| (*argument).to_owned()).collect()
}

/// A contract that has written nothing so far.
fn kept(code_hash: CodeHash, code: Arc<[u8]>, owner: Owner) -> KnownContract {
    KnownContract { code_hash, code, owner, state: Arc::new(State::new()), secrets: Arc::default() }
}
