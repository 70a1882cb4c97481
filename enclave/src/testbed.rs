//! What unit tests put in the place of the machine: a clock, a disk, an executor.

use crate::{
    clock::{EnclaveTime, SystemRandomness},
    commit::{Committer, Upkeep},
    keys::Keys,
    provider::{Provider, Simulated},
    runs::Runner,
    sealing::{Sealer, SealingKey},
    store::{OpenDatabase, Store, StoreError},
    worker::{Concurrency, Parts, Worker},
};
use async_trait::async_trait;
use phat_enclave_api::Instantiate;
use phat_executor::{Clock, HostFault, Run, RunEnd, RunResult};
use phat_protocol::{ContractId, Digest, Owner, Salt};
use redb::{Database, StorageBackend, backends::FileBackend};
use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// A clock that goes only when it is told to, forth or back. Unix seconds.
#[derive(Debug)]
pub(crate) struct ManualClock(AtomicU64);

pub(crate) const NOON: u64 = 2_000_000_000;

impl ManualClock {
    pub(crate) fn at_noon() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(NOON)))
    }

    pub(crate) fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn unix_millis(&self) -> u64 {
        self.0.load(Ordering::SeqCst) * 1000
    }
}

/// A disk that is full when it is told to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<AtomicBool>);

#[derive(Debug)]
struct DiskFile {
    file: FileBackend,
    disk: Disk,
}

impl Disk {
    pub(crate) fn fill(&self, full: bool) {
        self.0.store(full, Ordering::SeqCst);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    pub(crate) fn open(&self) -> OpenDatabase {
        let disk = self.clone();
        Box::new(move |path| {
            let file = std::fs::OpenOptions::new().read(true).write(true).open(path)?;
            Database::builder().create_with_backend(DiskFile { file: FileBackend::new(file)?, disk: disk.clone() })
        })
    }
}

impl StorageBackend for DiskFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.check()?;
        self.file.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.disk.check()?;
        self.file.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.check()?;
        self.file.write(offset, data)
    }
}

/// Opens a store in `directory`, sealed with a key of 32 such bytes.
pub(crate) fn open_store(directory: &Path, secret: u8, disk: &Disk) -> Result<(Store, Keys), StoreError> {
    let sealer = Sealer::new(&SealingKey::new([secret; 32]), Arc::new(SystemRandomness));
    Store::open(directory.join("store.redb"), disk.open(), sealer, &SystemRandomness)
}

/// An executor that answers every run with the count of runs before it, once the run is let go.
pub(crate) struct CountingRunner {
    pub(crate) started: AtomicU64,
    /// A permit lets one run go.
    pub(crate) gate: Semaphore,
    last_run: Mutex<Option<Run>>,
    /// What the next call of a message comes to, in place of the count.
    next: Mutex<Option<Result<RunResult, HostFault>>>,
}

impl CountingRunner {
    /// Every run waits.
    pub(crate) fn shut() -> Arc<Self> {
        Arc::new(Self {
            started: AtomicU64::new(0),
            gate: Semaphore::new(0),
            last_run: Mutex::default(),
            next: Mutex::default(),
        })
    }

    /// No run waits.
    pub(crate) fn open() -> Arc<Self> {
        let runner = Self::shut();
        runner.gate.add_permits(1_000_000);
        runner
    }

    /// The run that was asked for last.
    pub(crate) fn last_run(&self) -> Option<Run> {
        self.last_run.lock().unwrap().clone()
    }

    /// Has the next call of a message come to this.
    pub(crate) fn answer_next(&self, result: RunResult) {
        *self.next.lock().unwrap() = Some(Ok(result));
    }

    /// Has the next call of a message fail so.
    pub(crate) fn fail_next(&self, fault: HostFault) {
        *self.next.lock().unwrap() = Some(Err(fault));
    }

    /// Waits until so many runs were started.
    pub(crate) async fn wait_for_started(&self, runs: u64) {
        let started = async {
            while self.started.load(Ordering::SeqCst) < runs {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), started).await.expect("the runs were never started");
    }
}

#[async_trait]
impl Runner for CountingRunner {
    fn check(&self, wasm: &[u8]) -> Vec<String> {
        if wasm.starts_with(b"good") { Vec::new() } else { vec!["one reason".to_owned(), "and another".to_owned()] }
    }

    async fn run(&self, run: Run) -> Result<RunResult, HostFault> {
        *self.last_run.lock().unwrap() = Some(run.clone());
        let before = match run.entry {
            phat_executor::Entry::Deploy => 0,
            phat_executor::Entry::Call => {
                let before = self.started.fetch_add(1, Ordering::SeqCst);
                self.gate.acquire().await.map_err(|_| HostFault::Internal)?.forget();
                before
            }
        };
        if run.entry == phat_executor::Entry::Call
            && let Some(next) = self.next.lock().unwrap().take()
        {
            return next;
        }
        // Ok(Ok(eight bytes))
        let mut data = vec![0, 0, 8 << 2];
        data.extend_from_slice(&before.to_le_bytes());
        Ok(returned(0, data))
    }
}

/// A run that returned, and did nothing else.
pub(crate) fn returned(flags: u32, data: Vec<u8>) -> RunResult {
    RunResult {
        end: RunEnd::Returned { flags, data },
        changes: std::collections::BTreeMap::new(),
        instantiated: Vec::new(),
        logs: Vec::new(),
        events: Vec::new(),
        dropped_records: 0,
        fuel_used: 1,
        elapsed: Duration::from_millis(1),
        http: Vec::new(),
        last_http_denied: false,
    }
}

/// A worker over a store of its own, with one contract.
pub(crate) struct Bed {
    pub(crate) worker: Arc<Worker>,
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) disk: Disk,
    pub(crate) contract: ContractId,
    committer: JoinHandle<()>,
    stop: CancellationToken,
}

/// How little the worker of a [`Bed`] does at once.
pub(crate) const CONCURRENCY: Concurrency =
    Concurrency { requests: 100, simulations: 1, calls: 1, actions: 1, deployments: 1 };

impl Bed {
    pub(crate) async fn make(directory: &Path, runner: Arc<CountingRunner>) -> Self {
        let (disk, clock) = (Disk::default(), ManualClock::at_noon());
        let (store, keys) = open_store(directory, 1, &disk).unwrap();
        let store = Arc::new(store);
        let time = Arc::new(EnclaveTime::new(Arc::clone(&clock) as _, store.mark()));
        let (sealings, queue) = mpsc::channel(64);
        let upkeep = Upkeep { batch: 64, every: Duration::from_millis(20), retry: Duration::from_millis(5) };
        let committer = Committer { store: Arc::clone(&store), time: Arc::clone(&time), upkeep, queue };
        let stop = CancellationToken::new();
        let committer = tokio::spawn(committer.run(stop.clone()));
        let provider = Simulated::open(directory, false, &SystemRandomness).unwrap();
        let worker = Worker::new(Parts {
            provider: Arc::new(provider) as Arc<dyn Provider>,
            config_hash: Digest([9; 32]),
            config: serde_json::Value::Null,
            store: Arc::clone(&store),
            keys,
            time,
            runner,
            sealings,
            concurrency: CONCURRENCY,
            log_bytes: 1024,
            secrets_bytes: 1024,
            egress: phat_executor::EgressPolicy::default(),
        });
        let code = worker.put_code(Arc::from(b"good".as_slice())).await.unwrap();
        let instantiate =
            Instantiate { code_hash: code.code_hash, init_data: Vec::new(), owner: Owner::NOBODY, salt: Salt([0; 32]) };
        let contract = worker.instantiate(instantiate).await.unwrap().contract_id;
        Self { worker, store, clock, disk, contract, committer, stop }
    }

    /// Ends it as a process does that was told to stop, so that the store can be opened again.
    pub(crate) async fn close(self) {
        self.worker.drained().await;
        self.stop.cancel();
        self.committer.await.unwrap();
    }
}
