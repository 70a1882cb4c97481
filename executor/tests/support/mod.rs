//! What the executor's tests share: a host, guests in text, and runs of them.
#![expect(clippy::unwrap_used, reason = "what a test needs and can't have fails it")]

pub(crate) mod guest;
pub(crate) mod http;
pub(crate) mod server;
pub(crate) mod world;

use async_trait::async_trait;
use phat_executor::{
    Clock, Entry, Executor, ExecutorConfig, HostServices, KeyRoot, Mode, NoContracts, Randomness, Resolver, Resources,
    Run, RunResult, State, WorkerFacts,
};
use phat_protocol::{ContractId, code_hash};
use std::{collections::HashMap, io, net::IpAddr, sync::Arc};

/// A clock that stands still, within the life of the test certificates.
pub(crate) const NOW_MILLIS: u64 = 1_800_000_000_000;
pub(crate) const CONTRACT: ContractId = ContractId([7; 32]);

struct Standing;

impl Clock for Standing {
    fn unix_millis(&self) -> u64 {
        NOW_MILLIS
    }
}

/// Bytes that count up, so that they can be told from zeros.
struct Counting;

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for (byte, value) in bytes.iter_mut().zip((1..=u8::MAX).cycle()) {
            *byte = value;
        }
    }
}

/// Names that the test invents.
#[derive(Default)]
pub(crate) struct Names(pub(crate) HashMap<String, Vec<IpAddr>>);

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, _contract: ContractId, name: &str) -> io::Result<Vec<IpAddr>> {
        self.0.get(name).cloned().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name"))
    }
}

pub(crate) fn host(names: &[(&str, &[&str])]) -> HostServices {
    let names = names.iter().map(|(name, addresses)| {
        ((*name).to_owned(), addresses.iter().map(|address| address.parse().unwrap()).collect())
    });
    HostServices {
        clock: Arc::new(Standing),
        randomness: Arc::new(Counting),
        resolver: Arc::new(Names(names.collect())),
        worker: WorkerFacts { x25519: [0x25; 32], sgx_quote: None },
        javascript: None,
    }
}

pub(crate) fn executor_of(config: &ExecutorConfig, names: &[(&str, &[&str])]) -> Executor {
    let resources = Resources { threads: 1, ..Resources::default() };
    match Executor::new(config, &resources, host(names)) {
        Ok(executor) => executor,
        Err(errors) => panic!("{errors:?}"),
    }
}

/// One that has the JavaScript contract.
pub(crate) fn executor_with_javascript(config: &ExecutorConfig) -> Executor {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../phat-contracts/artifacts/js.wasm");
    let code = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}; run `cargo xtask guests`"));
    let services = HostServices { javascript: Some(code.into()), ..host(&[]) };
    Executor::new(config, &Resources { threads: 1, ..Resources::default() }, services).unwrap_or_else(|errors| {
        panic!("{errors:?}");
    })
}

pub(crate) fn executor(config: &ExecutorConfig) -> Executor {
    executor_of(config, &[])
}

/// A query of `call` with nothing but this module.
pub(crate) fn query(wat: &str) -> Run {
    let code: Arc<[u8]> = wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}")).into();
    Run {
        code_hash: code_hash(&code),
        code,
        contract: CONTRACT,
        entry: Entry::Call,
        mode: Mode::Query,
        caller: [0; 32],
        input: Vec::new(),
        state: Arc::new(State::new()),
        contracts: Arc::new(NoContracts),
        secrets: Arc::default(),
        key_root: Some(Arc::new(KeyRoot::new([9; 32]))),
        vrf: None,
        deadline: None,
    }
}

pub(crate) async fn run(executor: &Executor, run: Run) -> RunResult {
    executor.run(run).await.unwrap()
}
