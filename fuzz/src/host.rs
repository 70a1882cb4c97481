//! A host whose clock stands still, whose randomness counts, and whose every name leads to loopback.

use async_trait::async_trait;
use parity_scale_codec::Encode;
use phat_executor::{
    Clock, Contracts, Entry, Executor, ExecutorConfig, HostFault, HostServices, KeyRoot, KnownContract, Mode,
    Randomness, Resolver, Resources, Run, RunResult, Secrets, State, WorkerFacts,
};
use phat_protocol::{CodeHash, ContractId, Owner, Secret, code_hash};
use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};
use tokio::runtime::{Builder, Runtime};

/// The contract that is run.
pub(crate) const CONTRACT: ContractId = ContractId([7; 32]);
/// Another one, which it may call: it returns what it is given. Its code's hash is known to the host too.
pub(crate) const CALLEE: ContractId = ContractId([0xaa; 32]);
/// The name of the contract's secret.
pub(crate) const SECRET: &str = "token";
/// The secret itself.
pub(crate) const SECRET_VALUE: &str = "hush-hush";

const ECHO: &str = r#"(module
    (import "env" "memory" (memory 2 16))
    (import "seal0" "input" (func $input (param i32 i32)))
    (import "seal0" "seal_return" (func $return (param i32 i32 i32)))
    (func (export "deploy"))
    (func (export "call")
        (i32.store (i32.const 0) (i32.const 131068))
        (call $input (i32.const 4) (i32.const 0))
        (call $return (i32.const 0) (i32.const 4) (i32.load (i32.const 0)))))"#;

struct Host;

impl Clock for Host {
    fn unix_millis(&self) -> u64 {
        1_800_000_000_000
    }
}

impl Randomness for Host {
    fn fill(&self, bytes: &mut [u8]) {
        for (byte, value) in bytes.iter_mut().zip((1..=u8::MAX).cycle()) {
            *byte = value;
        }
    }
}

#[async_trait]
impl Resolver for Host {
    async fn resolve(&self, _contract: ContractId, _name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

/// What the executor takes from its host.
#[must_use]
pub(crate) fn services() -> HostServices {
    HostServices {
        clock: Arc::new(Host),
        randomness: Arc::new(Host),
        resolver: Arc::new(Host),
        worker: WorkerFacts { x25519: [0x25; 32], sgx_quote: None },
        javascript: None,
    }
}

/// Another contract and its code.
#[derive(Debug)]
struct World(KnownContract);

#[async_trait]
impl Contracts for World {
    async fn contract(&self, id: ContractId) -> Result<Option<KnownContract>, HostFault> {
        Ok((id == CALLEE).then(|| self.0.clone()))
    }

    async fn code(&self, hash: CodeHash) -> Result<Option<Arc<[u8]>>, HostFault> {
        Ok((hash == self.0.code_hash).then(|| Arc::clone(&self.0.code)))
    }
}

/// An executor in that host.
pub(crate) struct Stage {
    executor: Executor,
    runtime: Runtime,
    world: Arc<World>,
    secrets: Arc<Secrets>,
    key_root: Arc<KeyRoot>,
}

impl Stage {
    /// Puts the configuration into effect, on one guest thread. The contract has one secret, which may be sent to these
    /// origins.
    ///
    /// # Panics
    /// When it can't be.
    #[must_use]
    pub(crate) fn new(config: &ExecutorConfig, origins: Vec<String>) -> Self {
        let resources = Resources { threads: 1, ..Resources::default() };
        let executor = Executor::new(config, &resources, services()).unwrap_or_else(|errors| panic!("{errors:?}"));
        let runtime = Builder::new_current_thread().enable_all().build().unwrap_or_else(|error| panic!("{error}"));
        let code: Arc<[u8]> = wat::parse_str(ECHO).unwrap_or_else(|error| panic!("{error}")).into();
        // It belongs to the contract, so that transactions may call it too.
        let owner = Owner::from(CONTRACT);
        let (state, secrets) = (Arc::new(State::new()), Arc::default());
        let callee = KnownContract { code_hash: code_hash(&code), code, owner, state, secrets };
        let secret = Secret { name: SECRET.into(), value: SECRET_VALUE.into(), origins };
        let secrets = Secrets::from_plain(&vec![secret].encode()).unwrap_or_else(|error| panic!("{error}"));
        Self {
            executor,
            runtime,
            world: Arc::new(World(callee)),
            secrets: Arc::new(secrets),
            key_root: Arc::new(KeyRoot::new([9; 32])),
        }
    }

    /// Where its tasks run.
    #[must_use]
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The executor.
    #[must_use]
    pub(crate) fn executor(&self) -> &Executor {
        &self.executor
    }

    /// A run of this code, to the end.
    ///
    /// # Panics
    /// When the host is at fault for anything but what it doesn't have: that is a finding.
    #[must_use]
    pub(crate) fn run(&self, code: &Arc<[u8]>, entry: Entry, mode: Mode, input: &[u8]) -> Option<RunResult> {
        let run = Run {
            code_hash: code_hash(code),
            code: Arc::clone(code),
            contract: CONTRACT,
            entry,
            mode,
            caller: [3; 32],
            input: input.to_vec(),
            state: Arc::new(State::from([(b"key".to_vec(), b"value".to_vec())])),
            contracts: Arc::clone(&self.world) as _,
            secrets: Arc::clone(&self.secrets),
            key_root: Some(Arc::clone(&self.key_root)),
            vrf: None,
            deadline: None,
        };
        match self.runtime.block_on(self.executor.run(run)) {
            Ok(result) => Some(result),
            Err(HostFault::UnknownContract(_) | HostFault::UnknownCode(_)) => None,
            Err(
                fault @ (HostFault::WrongCode { .. }
                | HostFault::Lookup(_)
                | HostFault::ContractBusy { .. }
                | HostFault::MemoryBusy(_)
                | HostFault::Internal),
            ) => panic!("{fault}"),
        }
    }
}
