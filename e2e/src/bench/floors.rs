//! What each part of an answer costs alone, in this process, with nothing around it.

use super::{figure::Figures, limits::NodeLimits, spread::Spread};
use crate::{Environment, Guest};
use anyhow::{Context, Result, anyhow, ensure};
use ethers::core::k256::ecdsa::SigningKey;
use phat_executor::{
    AllowEntry, Clock, EgressPolicy, Entry, Executor, ExecutorConfig, HostServices, KeyRoot, Mode, NoContracts,
    Randomness, Resources, Run, RunEnd, State, SystemResolver, WorkerFacts,
};
use phat_protocol::{BlockHash, Chain, OracleRequest, RequestId, code_hash};
use rand::{RngCore, rngs::OsRng};
use sqlx::{
    ConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{fs, path::Path, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Medians of the parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floors {
    /// A GET of the price source, on a connection that is open.
    http_round_trip: Duration,
    /// A run of `http-json` in this process's executor, with its one HTTP call.
    guest_run: Duration,
    /// What of it is neither HTTP nor waiting for it.
    wasmi_call: Duration,
    /// Fuel of that run, the executor's price of its HTTP call included.
    guest_fuel: u64,
    /// One secp256k1 signature of a digest.
    signature: Duration,
    /// One row in a transaction of its own, synchronous, in SQLite's write-ahead log.
    sqlite_commit: Duration,
}

/// Commits without which an answer can't be safe: the report is sealed before it is released, and the
/// attempt is stored before it is sent.
const COMMITS: u32 = 2;
/// The one that asks, and the one that answers.
const TRANSACTIONS: u32 = 2;

impl Floors {
    /// Measures each so many times.
    pub(super) async fn measure(environment: &Environment, samples: usize) -> Result<Self> {
        let Runs { whole, guest, fuel } = runs(environment, samples).await?;
        Ok(Self {
            http_round_trip: round_trip(environment, samples).await?,
            guest_run: whole,
            wasmi_call: guest,
            guest_fuel: fuel,
            signature: signature(samples)?,
            sqlite_commit: commit(environment.directory(), samples).await?,
        })
    }

    /// What an answer takes when its parts follow each other without anything in between.
    pub(super) fn answer(&self, limits: &NodeLimits) -> Duration {
        limits.transaction * TRANSACTIONS + self.guest_run + self.signature + self.sqlite_commit * COMMITS
    }

    pub(super) fn report(&self, figures: &mut Figures) {
        figures.milliseconds("http_round_trip", self.http_round_trip);
        figures.milliseconds("guest_run", self.guest_run);
        figures.milliseconds("wasmi_call", self.wasmi_call);
        figures.fuel("guest_fuel", self.guest_fuel);
        figures.milliseconds("signature", self.signature);
        figures.milliseconds("sqlite_commit", self.sqlite_commit);
    }
}

async fn round_trip(environment: &Environment, samples: usize) -> Result<Duration> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("http://{}/price/BTC/USD", environment.source.address());
    let mut times = Vec::new();
    for _ in 0..samples {
        let started = Instant::now();
        client.get(&url).send().await?.error_for_status()?.bytes().await?;
        times.push(started.elapsed());
    }
    Ok(Spread::of(times).percentile(50))
}

fn signature(samples: usize) -> Result<Duration> {
    let key = SigningKey::random(&mut OsRng);
    let mut times = Vec::new();
    for _ in 0..samples {
        let mut digest = [0; 32];
        OsRng.fill_bytes(&mut digest);
        let started = Instant::now();
        std::hint::black_box(key.sign_prehash_recoverable(&digest)?);
        times.push(started.elapsed());
    }
    Ok(Spread::of(times).percentile(50))
}

async fn commit(directory: &Path, samples: usize) -> Result<Duration> {
    // As the relayer opens its own, on the same file system.
    let mut database = SqliteConnectOptions::new()
        .filename(directory.join("commits.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .connect()
        .await?;
    sqlx::query("CREATE TABLE row (id INTEGER PRIMARY KEY, content BLOB NOT NULL)").execute(&mut database).await?;
    let mut times = Vec::new();
    for _ in 0..samples {
        let started = Instant::now();
        sqlx::query("INSERT INTO row (content) VALUES (?)").bind([7_u8; 256].as_slice()).execute(&mut database).await?;
        times.push(started.elapsed());
    }
    Ok(Spread::of(times).percentile(50))
}

/// What runs took: whole, and the guest itself; and the fuel of the last.
struct Runs {
    whole: Duration,
    guest: Duration,
    fuel: u64,
}

async fn runs(environment: &Environment, samples: usize) -> Result<Runs> {
    let native = Native::deploy(environment).await?;
    let (mut whole, mut guest, mut fuel) = (Vec::new(), Vec::new(), 0);
    for _ in 0..samples {
        let run = native.run(Entry::Call, Mode::Query, native.question.clone());
        let started = Instant::now();
        let result = native.executor.run(run).await?;
        let elapsed = started.elapsed();
        ensure!(matches!(result.end, RunEnd::Returned { flags: 0, .. }), "the run ended so: {:?}", result.end);
        let http: Duration = result.http.iter().map(|call| call.duration).sum();
        whole.push(elapsed);
        guest.push(result.elapsed.saturating_sub(http));
        fuel = result.fuel_used;
    }
    Ok(Runs { whole: Spread::of(whole).percentile(50), guest: Spread::of(guest).percentile(50), fuel })
}

/// The deployed guest in an executor of this process.
struct Native {
    executor: Executor,
    code: Arc<[u8]>,
    contract: phat_protocol::ContractId,
    state: Arc<State>,
    question: Vec<u8>,
}

impl Native {
    async fn deploy(environment: &Environment) -> Result<Self> {
        let source = environment.source.address();
        let entry = AllowEntry { host: source.ip().to_string(), port: source.port(), http: true, root_pem: None };
        let config = ExecutorConfig { egress: EgressPolicy { allow: vec![entry] }, ..ExecutorConfig::default() };
        let host = HostServices {
            clock: Arc::new(Standing),
            randomness: Arc::new(SystemRandomness),
            resolver: Arc::new(SystemResolver::default()),
            worker: WorkerFacts::default(),
            javascript: None,
        };
        let executor = Executor::new(&config, &Resources::default(), host).map_err(|wrong| anyhow!("{wrong:?}"))?;
        let guest = environment.prices()?;
        let question = OracleRequest {
            chain: Chain::Evm(crate::CHAIN_ID),
            oracle: vec![0; 20],
            request_id: RequestId([0; 32]),
            consumer: vec![0; 20],
            payload: br#"{"base":"BTC","quote":"USD"}"#.to_vec(),
            expires_at: u64::MAX,
            block_hash: BlockHash([0; 32]),
        };
        let mut native = Self {
            executor,
            code: fs::read(&guest.wasm)?.into(),
            contract: guest.contract_id()?,
            state: Arc::default(),
            question: question.call_input(),
        };
        native.state = native.deployed(&guest).await?;
        Ok(native)
    }

    /// What `deploy` stores.
    async fn deployed(&self, guest: &Guest) -> Result<Arc<State>> {
        let run = self.run(Entry::Deploy, Mode::Transaction, guest.init_data());
        let mut result = self.executor.run(run).await?;
        let changes = result.changes.remove(&self.contract).with_context(|| format!("{:?}", result.end))?;
        Ok(Arc::new(changes.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()))
    }

    fn run(&self, entry: Entry, mode: Mode, input: Vec<u8>) -> Run {
        Run {
            code_hash: code_hash(&self.code),
            code: Arc::clone(&self.code),
            contract: self.contract,
            entry,
            mode,
            caller: [0; 32],
            input,
            state: Arc::clone(&self.state),
            contracts: Arc::new(NoContracts),
            secrets: Arc::default(),
            key_root: Some(Arc::new(KeyRoot::new([7; 32]))),
            vrf: None,
            deadline: None,
        }
    }
}

/// No answer of a price depends on the time.
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
