//! A chain end and an enclave that do what a test says.

use async_trait::async_trait;
use bytes::Bytes;
use phat_connector::{
    Acceptance, Account, Asked, BlockRef, ChainError, ChainFacts, EndpointPool, EndpointReport, EndpointState, Entry,
    EntryRefusal, Fees, Head, ObservedRequest, OnChainState, OracleStatus, Outlook, PreparedTransaction, Receipt,
    ReportSink, RequestSource, Resolution, Sent, TxHash,
};
use phat_enclave_api::{
    Act, Acted, Attestation, Call, CallResult, Code, Contract, Enclave, EnclaveError, EventEntry, Execute, Execution,
    Instantiate, LogEntry, Quote, QuoteFor, Refusal, Simulate, Simulation, Status,
};
use phat_executor::Limits;
use phat_protocol::{
    ActionKind, Amount, BlockHash, Chain, CodeHash, ContractId, ContractSeed, Digest, EvmAddress, Outcome, OwnerAction,
    Payee, RequestId, WorkerAddress, WorkerKeys, code_hash, evm,
};
use phat_relayer::api::{Registered, Registrar, RegistrarError};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    ops::RangeInclusive,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

pub(crate) const WORKER: WorkerAddress = WorkerAddress([7; 20]);
pub(crate) const WALLET: &str = "0x0909090909090909090909090909090909090909";

/// A chain with one oracle.
pub(crate) struct TestChain {
    /// What `facts` answers.
    pub(crate) facts: Mutex<Result<ChainFacts, ChainError>>,
    /// No call ever returns.
    pub(crate) hangs: AtomicBool,
    /// How often `facts` was asked.
    pub(crate) asked: AtomicU32,
    /// Whether the worker is active.
    pub(crate) active: AtomicBool,
    /// The newest block that counts.
    pub(crate) confirmed: AtomicU8,
    /// What the wallet has.
    pub(crate) balance: Mutex<Amount>,
    /// What its endpoints do.
    pub(crate) endpoints: Mutex<Vec<EndpointReport>>,
    /// What a registration answers.
    pub(crate) registration: Mutex<Result<Registered, RegistrarError>>,
}

impl Default for TestChain {
    fn default() -> Self {
        let facts = ChainFacts {
            chain: Chain::Evm(31337),
            oracle: "0x0a".to_owned(),
            registry: "0x0b".to_owned(),
            threshold: 1,
            paused: false,
        };
        let registered = Registered { transaction: TxHash(Digest([0xee; 32])), block: 42, expires_at: 2_000_000_000 };
        Self {
            facts: Mutex::new(Ok(facts)),
            hangs: AtomicBool::new(false),
            asked: AtomicU32::new(0),
            active: AtomicBool::new(true),
            confirmed: AtomicU8::new(25),
            balance: Mutex::new(Amount::from(1_000_000)),
            endpoints: Mutex::new(vec![endpoint("http://node", EndpointState::Healthy)]),
            registration: Mutex::new(Ok(registered)),
        }
    }
}

pub(crate) fn unreachable() -> ChainError {
    ChainError::Unreachable { endpoint: "http://node".to_owned(), cause: "connection refused".to_owned() }
}

pub(crate) fn block(number: u64) -> BlockRef {
    BlockRef { number, hash: BlockHash([u8::try_from(number).unwrap(); 32]) }
}

impl TestChain {
    async fn perhaps_hang(&self) {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}

const NOT_ASKED: &str = "the API has no business with this";

/// An endpoint in this state that answered three seconds ago.
pub(crate) fn endpoint(name: &str, state: EndpointState) -> EndpointReport {
    EndpointReport {
        name: name.to_owned(),
        priority: 1,
        state,
        in_use: state.is_well(),
        head: Some(30),
        lag: Some(2),
        latency: Some(Duration::from_millis(25)),
        error_rate: 0.2,
        last_error: None,
        resting: None,
        answered: Some(Duration::from_secs(3)),
    }
}

#[async_trait]
impl EndpointPool for TestChain {
    fn endpoints(&self) -> Vec<EndpointReport> {
        self.endpoints.lock().unwrap().clone()
    }

    async fn probe(&self) -> Duration {
        Duration::from_secs(1)
    }
}

#[async_trait]
impl OracleStatus for TestChain {
    async fn facts(&self) -> Result<ChainFacts, ChainError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.perhaps_hang().await;
        self.facts.lock().unwrap().clone()
    }
    async fn states(&self, _: &[RequestId], _: Option<u64>) -> Result<Vec<OnChainState>, ChainError> {
        panic!("{NOT_ASKED}")
    }
    async fn resolutions(&self, _: &[Asked], _: u64) -> Result<Vec<Resolution>, ChainError> {
        panic!("{NOT_ASKED}")
    }
    async fn refusals(&self, _: &[Entry]) -> Result<Vec<Option<EntryRefusal>>, ChainError> {
        panic!("{NOT_ASKED}")
    }
    async fn receipts(&self, _: &[Sent]) -> Result<Vec<Receipt>, ChainError> {
        panic!("{NOT_ASKED}")
    }
    async fn is_active(&self, worker: WorkerAddress) -> Result<bool, ChainError> {
        self.perhaps_hang().await;
        assert_eq!(worker, WORKER);
        self.facts.lock().unwrap().clone()?;
        Ok(self.active.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl RequestSource for TestChain {
    async fn head(&self) -> Result<Head, ChainError> {
        self.perhaps_hang().await;
        self.facts.lock().unwrap().clone()?;
        let confirmed = u64::from(self.confirmed.load(Ordering::SeqCst));
        let (latest, confirmed) = (block(confirmed.max(30)), block(confirmed));
        Ok(Head { latest, timestamp: 1000, confirmed, confirmed_timestamp: 900 })
    }
    async fn block(&self, _: u64) -> Result<Option<BlockRef>, ChainError> {
        panic!("{NOT_ASKED}")
    }
    async fn block_time(&self, number: u64) -> Result<Option<u64>, ChainError> {
        self.perhaps_hang().await;
        // Blocks come every three seconds, and the confirmed one at 900.
        Ok(Some(900 - 3 * (25 - number)))
    }
    async fn requests(&self, _: RangeInclusive<u64>) -> Result<Vec<ObservedRequest>, ChainError> {
        panic!("{NOT_ASKED}")
    }
    async fn listen(&self, _: &watch::Sender<u64>) -> Result<Infallible, ChainError> {
        panic!("{NOT_ASKED}")
    }
}

#[async_trait]
impl ReportSink for TestChain {
    fn submitter(&self) -> Account {
        Account(WALLET.to_owned())
    }
    fn payee(&self) -> Payee {
        EvmAddress([9; 20]).into()
    }
    async fn mined_nonce(&self) -> Result<u64, ChainError> {
        panic!("{NOT_ASKED}")
    }
    async fn balance(&self) -> Result<Amount, ChainError> {
        self.perhaps_hang().await;
        self.facts.lock().unwrap().clone()?;
        Ok(*self.balance.lock().unwrap())
    }
    async fn outlook(&self) -> Result<Outlook, ChainError> {
        self.perhaps_hang().await;
        self.facts.lock().unwrap().clone()?;
        let fees = Fees { max_fee: Amount::from(1), max_priority_fee: Amount::from(1) };
        Ok(Outlook { mined_nonce: 0, pending_nonce: 0, fees, fee_cap: None, gas_limit: 1 << 24, is_unsigned: false })
    }
    fn fitting(&self, _: &[Entry], _: u64) -> usize {
        panic!("{NOT_ASKED}")
    }
    async fn prepare(&self, _: &[Entry], _: u64, _: Fees) -> Result<PreparedTransaction, ChainError> {
        panic!("{NOT_ASKED}")
    }
    async fn prepare_filler(&self, _: u64, _: Fees) -> Result<PreparedTransaction, ChainError> {
        panic!("{NOT_ASKED}")
    }
    async fn broadcast(&self, _: &[u8]) -> Result<Acceptance, ChainError> {
        panic!("{NOT_ASKED}")
    }
}

#[async_trait]
impl Registrar for TestChain {
    async fn quote_for(&self) -> Result<QuoteFor, RegistrarError> {
        self.facts.lock().unwrap().clone()?;
        Ok(QuoteFor::Evm(evm::Registration {
            chain_id: 31337,
            registry: EvmAddress([0x0b; 20]),
            operator: EvmAddress([9; 20]),
            block_number: 30,
            block_hash: block(30).hash,
        }))
    }
    async fn register(&self, quote_for: &QuoteFor, quote: &Quote) -> Result<Registered, RegistrarError> {
        let QuoteFor::Evm(registration) = quote_for else { panic!("another chain's quote") };
        let vouched = registration.report_data(&quote.keys, &quote.config_hash);
        assert_eq!(vouched.0.as_slice(), quote.report_data, "the quote vouches for something else");
        self.registration.lock().unwrap().clone()
    }
}

/// An enclave that checks and keeps contracts, and runs nothing.
pub(crate) struct TestEnclave {
    /// What `status` answers.
    pub(crate) status: Mutex<Result<Status, EnclaveError>>,
    codes: Mutex<BTreeSet<CodeHash>>,
    contracts: Mutex<BTreeMap<ContractId, Contract>>,
    /// Calls that change something.
    pub(crate) writes: AtomicU32,
    /// What a trial run of a contract that is here answers.
    pub(crate) simulation: Mutex<Simulation>,
    /// Every trial run that was asked for.
    pub(crate) simulated: Mutex<Vec<Simulate>>,
    /// Every action of an owner that was passed on.
    pub(crate) acts: Mutex<Vec<Act>>,
}

impl Default for TestEnclave {
    fn default() -> Self {
        let keys = WorkerKeys { worker: WORKER, x25519: Digest([1; 32]), vrf_key_hash: Digest::default() };
        let status = Status {
            attestation: Attestation::Simulated,
            version: "0.1.0".to_owned(),
            keys,
            measurement: Digest([2; 32]),
            config_hash: Digest([3; 32]),
            config: json!({ "limits": { "fuel": 5000 } }),
            now: 1000,
            contracts: 0,
            running: 0,
            executions: 0,
            fault: None,
        };
        let simulation = Simulation {
            attestation: Attestation::Simulated,
            outcome: Outcome::Ok,
            output: b"42".to_vec(),
            reason: None,
            logs: vec![LogEntry { level: 3, message: "asked the source".to_owned() }],
            fuel: 1234,
            elapsed_ms: 56,
        };
        Self {
            status: Mutex::new(Ok(status)),
            codes: Mutex::default(),
            contracts: Mutex::default(),
            writes: AtomicU32::new(0),
            simulation: Mutex::new(simulation),
            simulated: Mutex::default(),
            acts: Mutex::default(),
        }
    }
}

impl TestEnclave {
    fn status_now(&self) -> Result<Status, EnclaveError> {
        self.status.lock().unwrap().clone()
    }

    /// Forgets every contract, as a new data directory would.
    pub(crate) fn forget(&self) {
        self.contracts.lock().unwrap().clear();
    }
}

/// A run that returns its input, and asks to revert when that begins with 0xff.
fn echo(call: &Call, revision: u64) -> CallResult {
    let reverts = call.input.first() == Some(&0xff);
    CallResult {
        attestation: Attestation::Simulated,
        outcome: if reverts { Outcome::ContractError } else { Outcome::Ok },
        output: call.input.clone(),
        flags: u32::from(reverts),
        reason: reverts.then(|| "the contract asked to revert".to_owned()),
        logs: vec![LogEntry { level: 4, message: "called".to_owned() }],
        events: vec![EventEntry { contract: call.contract_id, topics: vec![0], data: vec![1, 2] }],
        fuel: 99,
        elapsed_ms: 3,
        revision,
    }
}

#[async_trait]
impl Enclave for TestEnclave {
    async fn status(&self) -> Result<Status, EnclaveError> {
        self.status_now()
    }
    async fn quote(&self, quote_for: &QuoteFor) -> Result<Quote, EnclaveError> {
        let Status { attestation, keys, measurement, config_hash, .. } = self.status_now()?;
        let QuoteFor::Evm(registration) = quote_for else { panic!("another chain's quote") };
        let report_data = registration.report_data(&keys, &config_hash).0.to_vec();
        Ok(Quote { attestation, keys, measurement, config_hash, report_data, evidence: vec![1] })
    }
    async fn put_code(&self, wasm: Bytes) -> Result<Code, EnclaveError> {
        self.status_now()?;
        self.writes.fetch_add(1, Ordering::SeqCst);
        phat_executor::check(&wasm, &Limits::default())
            .map_err(|refusals| Refusal::BadModule { reasons: refusals.iter().map(ToString::to_string).collect() })?;
        let code_hash = code_hash(&wasm);
        self.codes.lock().unwrap().insert(code_hash);
        Ok(Code { code_hash, size: u64::try_from(wasm.len()).unwrap() })
    }
    async fn instantiate(&self, instantiate: &Instantiate) -> Result<Contract, EnclaveError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        let Instantiate { code_hash, init_data, owner, salt } = instantiate.clone();
        if !self.codes.lock().unwrap().contains(&code_hash) {
            return Err(Refusal::UnknownCode { code_hash }.into());
        }
        let contract_id = ContractSeed { code_hash, init_data: &init_data, owner, salt }.contract_id();
        let contract = Contract { contract_id, code_hash, init_data, owner, salt, revision: 0 };
        self.contracts.lock().unwrap().insert(contract_id, contract.clone());
        Ok(contract)
    }
    async fn contract(&self, id: ContractId) -> Result<Option<Contract>, EnclaveError> {
        self.status_now()?;
        Ok(self.contracts.lock().unwrap().get(&id).cloned())
    }
    async fn execute(&self, _: &Execute) -> Result<Execution, EnclaveError> {
        panic!("{NOT_ASKED}")
    }
    async fn simulate(&self, simulate: &Simulate) -> Result<Simulation, EnclaveError> {
        self.status_now()?;
        let contract_id = simulate.contract_id;
        if !self.contracts.lock().unwrap().contains_key(&contract_id) {
            return Err(Refusal::UnknownContract { contract_id }.into());
        }
        self.simulated.lock().unwrap().push(simulate.clone());
        Ok(self.simulation.lock().unwrap().clone())
    }
    /// Applies whatever has the next nonce; who signed is not looked at. A message that begins with 0xff fails.
    async fn act(&self, act: &Act) -> Result<Acted, EnclaveError> {
        let Status { attestation, .. } = self.status_now()?;
        let OwnerAction { contract_id, nonce, kind, ref data, .. } = act.action;
        let mut contracts = self.contracts.lock().unwrap();
        let contract = contracts.get_mut(&contract_id).ok_or(Refusal::UnknownContract { contract_id })?;
        let expected = contract.revision + 1;
        if kind != ActionKind::Query && nonce != expected {
            return Err(Refusal::WrongNonce { nonce, expected }.into());
        }
        self.acts.lock().unwrap().push(act.clone());
        let run = echo(&Call { contract_id, input: data.clone() }, contract.revision);
        let applied = kind == ActionKind::Secrets || run.outcome == Outcome::Ok;
        contract.revision += u64::from(applied && kind != ActionKind::Query);
        let run = (kind != ActionKind::Secrets).then_some(run);
        Ok(Acted { attestation, contract_id, kind, applied, revision: contract.revision, run })
    }
    async fn call(&self, call: &Call) -> Result<CallResult, EnclaveError> {
        self.status_now()?;
        let contract_id = call.contract_id;
        let contract = self.contracts.lock().unwrap().get(&contract_id).cloned();
        let contract = contract.ok_or(Refusal::UnknownContract { contract_id })?;
        Ok(echo(call, contract.revision))
    }
}
