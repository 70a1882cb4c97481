//! The executor, as the enclave runs it: with its default settings, but for its threads where one core is measured.

use crate::{contract::Contract, host::Host};
use anyhow::{Context, Result, anyhow, bail};
use phat_executor::{
    AllowEntry, Clock, EgressPolicy, Entry, Executor, ExecutorConfig, HostServices, KeyRoot, Mode, NoContracts,
    Randomness, Resources, Run, RunEnd, State, SystemResolver, WorkerFacts,
};
use phat_protocol::{ContractId, code_hash};
use rand::{RngCore, rngs::OsRng};
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

/// The contract, ready to be called.
pub(crate) struct Ours {
    name: &'static str,
    runtime: Runtime,
    executor: Executor,
    run: Run,
}

/// Calls that are under way at once where many are made.
const IN_FLIGHT: u32 = 64;

/// On how many processors there is work at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cores {
    /// On one: a thread for the runtime, and one for guests, which hand work over to one another.
    One,
    /// On all there are.
    All,
}

/// A runtime as the enclave has it.
pub(crate) fn runtime() -> Result<Runtime> {
    Ok(Builder::new_multi_thread().enable_all().build()?)
}

/// An executor that may go where `allow` says.
pub(crate) fn executor(allow: Vec<AllowEntry>) -> Result<Executor> {
    started(allow, &Resources::default())
}

fn started(allow: Vec<AllowEntry>, resources: &Resources) -> Result<Executor> {
    let config = ExecutorConfig { egress: EgressPolicy { allow }, ..ExecutorConfig::default() };
    let host = HostServices {
        clock: Arc::new(Standing),
        randomness: Arc::new(SystemRandomness),
        resolver: Arc::new(SystemResolver::default()),
        worker: WorkerFacts::default(),
        javascript: None,
    };
    Executor::new(&config, resources, host).map_err(|wrong| anyhow!("{wrong:?}"))
}

/// A run of the module with this storage.
pub(crate) fn run(wasm: &[u8], entry: Entry, input: &[u8], state: Arc<State>) -> Run {
    Run {
        code_hash: code_hash(wasm),
        code: wasm.into(),
        contract: CONTRACT,
        entry,
        mode: match entry {
            Entry::Deploy => Mode::Transaction,
            Entry::Call => Mode::Query,
        },
        caller: [0; 32],
        input: input.to_vec(),
        state,
        contracts: Arc::new(NoContracts),
        secrets: Arc::default(),
        key_root: Some(Arc::new(KeyRoot::new([7; 32]))),
        vrf: None,
        deadline: None,
    }
}

const CONTRACT: ContractId = ContractId([7; 32]);

/// What a run returned.
pub(crate) async fn returned(executor: &Executor, run: Run) -> Result<Vec<u8>> {
    match executor.run(run).await?.end {
        RunEnd::Returned { flags: 0, data } => Ok(data),
        end @ (RunEnd::Returned { .. } | RunEnd::Failed { .. }) => bail!("the run ended so: {end:?}"),
    }
}

/// What `deploy` stores.
pub(crate) async fn deployed(executor: &Executor, wasm: &[u8], init: &[u8]) -> Result<Arc<State>> {
    let mut result = executor.run(run(wasm, Entry::Deploy, init, Arc::default())).await?;
    if !matches!(result.end, RunEnd::Returned { flags: 0, .. }) {
        bail!("deploy ended so: {:?}", result.end);
    }
    let changes = result.changes.remove(&CONTRACT).unwrap_or_default();
    Ok(Arc::new(changes.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()))
}

impl Ours {
    /// Deploys.
    pub(crate) fn deploy(contract: &Contract, cores: Cores) -> Result<Self> {
        let (name, runtime, executor) = match cores {
            Cores::One => {
                let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
                ("executor", runtime, started(Vec::new(), &Resources { threads: 1, ..Resources::default() })?)
            }
            Cores::All => ("executor_all", runtime()?, executor(Vec::new())?),
        };
        let state = runtime.block_on(deployed(&executor, &contract.wasm, &contract.init))?;
        let run = run(&contract.wasm, Entry::Call, &contract.input, state);
        Ok(Self { name, runtime, executor, run })
    }
}

impl Host for Ours {
    fn name(&self) -> &'static str {
        self.name
    }

    fn call(&mut self) -> Result<Vec<u8>> {
        self.runtime.block_on(returned(&self.executor, self.run.clone()))
    }

    fn calls(&mut self, times: u32) -> Result<()> {
        let tasks: Vec<_> = (0..IN_FLIGHT)
            .map(|task| {
                let (executor, run) = (self.executor.clone(), self.run.clone());
                let own = times / IN_FLIGHT + u32::from(task < times % IN_FLIGHT);
                self.runtime.spawn(async move {
                    for _ in 0..own {
                        returned(&executor, run.clone()).await?;
                    }
                    Ok::<_, anyhow::Error>(())
                })
            })
            .collect();
        let done: Result<Vec<()>> = self.runtime.block_on(async {
            let mut done = Vec::new();
            for task in tasks {
                done.push(task.await.context("a task panicked")??);
            }
            Ok(done)
        });
        done.map(drop)
    }
}

/// No answer depends on the time here, but certificates would.
struct Standing;

impl Clock for Standing {
    fn unix_millis(&self) -> u64 {
        1_800_000_000_000
    }
}

struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        OsRng.fill_bytes(bytes);
    }
}
