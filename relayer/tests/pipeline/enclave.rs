//! An enclave in memory: answers each request once, and counts.

use async_trait::async_trait;
use bytes::Bytes;
use phat_enclave_api::{
    Act, Acted, Attestation, Call, CallResult, Code, Contract, Enclave, EnclaveError, Execute, Execution, Instantiate,
    Quote, QuoteFor, Refusal, Simulate, Simulation, Status,
};
use phat_protocol::{
    CodeHash, ContractId, OracleChain, Outcome, Owner, Report, RequestId, Salt, Signature, WorkerAddress,
};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::Semaphore;

#[derive(Default)]
pub(crate) struct TestEnclave {
    pub(crate) contracts: Mutex<HashSet<ContractId>>,
    pub(crate) away: Mutex<bool>,
    reports: Mutex<HashMap<RequestId, Execution>>,
    /// Runs wait here, where there is one.
    pub(crate) gate: Mutex<Option<Arc<Semaphore>>>,
    running: AtomicUsize,
    lookups: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl TestEnclave {
    pub(crate) fn executions(&self) -> usize {
        self.reports.lock().unwrap().len()
    }

    fn reach(&self) -> Result<(), EnclaveError> {
        if *self.away.lock().unwrap() {
            return Err(EnclaveError::Unreachable { endpoint: "test".into(), cause: "told so".into() });
        }
        Ok(())
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    /// How often it was asked whether it has a contract.
    pub(crate) fn lookups(&self) -> usize {
        self.lookups.load(Ordering::SeqCst)
    }

    /// How many runs there were at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Enclave for TestEnclave {
    async fn status(&self) -> Result<Status, EnclaveError> {
        Err(EnclaveError::Fault("not asked in these tests".into()))
    }

    async fn quote(&self, _quote_for: &QuoteFor) -> Result<Quote, EnclaveError> {
        Err(EnclaveError::Fault("not asked in these tests".into()))
    }

    async fn put_code(&self, _wasm: Bytes) -> Result<Code, EnclaveError> {
        Err(EnclaveError::Fault("not asked in these tests".into()))
    }

    async fn instantiate(&self, _instantiate: &Instantiate) -> Result<Contract, EnclaveError> {
        Err(EnclaveError::Fault("not asked in these tests".into()))
    }

    async fn contract(&self, id: ContractId) -> Result<Option<Contract>, EnclaveError> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        self.reach()?;
        Ok(self.contracts.lock().unwrap().contains(&id).then(|| Contract {
            contract_id: id,
            code_hash: CodeHash([0; 32]),
            init_data: Vec::new(),
            owner: Owner::NOBODY,
            salt: Salt([0; 32]),
            revision: 0,
        }))
    }

    async fn execute(&self, execute: &Execute) -> Result<Execution, EnclaveError> {
        self.reach()?;
        let contract_id = execute.request.contract_id();
        if !self.contracts.lock().unwrap().contains(&contract_id) {
            return Err(Refusal::UnknownContract { contract_id }.into());
        }
        let id = execute.request.request_id();
        let execution = Execution {
            attestation: Attestation::Simulated,
            report: Report {
                request_id: id,
                outcome: Outcome::Ok,
                output: vec![1],
                executed_at: execute.executed_at,
                payee: execute.payee,
            },
            signature: Signature([7; 65]),
            worker: WorkerAddress([8; 20]),
            reason: None,
            logs: Vec::new(),
            fuel: 1,
            elapsed_ms: 1,
        };
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(running, Ordering::SeqCst);
        // Whoever may run beside this one comes to it meanwhile.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
        Ok(self.reports.lock().unwrap().entry(id).or_insert(execution).clone())
    }

    async fn simulate(&self, _simulate: &Simulate) -> Result<Simulation, EnclaveError> {
        Err(EnclaveError::Fault("not asked in these tests".into()))
    }

    async fn act(&self, _act: &Act) -> Result<Acted, EnclaveError> {
        Err(EnclaveError::Fault("not asked in these tests".into()))
    }

    async fn call(&self, _call: &Call) -> Result<CallResult, EnclaveError> {
        Err(EnclaveError::Fault("not asked in these tests".into()))
    }
}
