//! A served API with everything behind it.

use crate::ends::{TestChain, TestEnclave, block};
use phat_connector::{
    Account, EntryEffect, Fees, Finality, ObservedRequest, PreparedTransaction, Receipt, ReportSink, TxHash,
};
use phat_enclave_api::{Attestation, Execution, LogEntry};
use phat_protocol::{
    Amount, BlockHash, Chain, ContractId, Digest, EvmAddress, OracleChain, Outcome, Payee, Report, Request, RequestId,
    Signature, evm, keccak256,
};
use phat_relayer::{
    api::{self, ApiChain, ApiJobs, ApiState},
    attempt::AttemptId,
    clock::{Clock, Millis},
    config::{ApiToken, StatusConfig},
    health::Health,
    jobs::JobDoorbells,
    pipeline::{Doorbells, Submitters},
    request::IgnoreReason,
    store::{
        Attempted, ExecuteStore, Lease, LeaseToken, NewAttempt, SettleStore, SubmitStore, WatchStore,
        sqlite::SqliteStore,
    },
};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub(crate) const TOKEN: &str = "the-token-of-this-test";
/// The clock stands still.
pub(crate) const NOW: Duration = Duration::from_millis(1_700_000_000_123);

/// How many streams of events may be open.
pub(crate) const MAX_STREAMS: NonZeroU32 = NonZeroU32::new(2).unwrap();

struct StoppedClock(Duration);

impl Clock for StoppedClock {
    fn now(&self) -> Duration {
        self.0
    }
}

/// How a world differs from the usual one.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) token: bool,
    pub(crate) allow_simulated: bool,
    /// How much later than [`NOW`] it is for the API.
    pub(crate) later: Duration,
}

impl Default for Setting {
    fn default() -> Self {
        Self { token: true, allow_simulated: true, later: Duration::ZERO }
    }
}

pub(crate) struct World {
    pub(crate) store: SqliteStore,
    pub(crate) chain: Arc<TestChain>,
    pub(crate) enclave: Arc<TestEnclave>,
    pub(crate) health: Health,
    pub(crate) doorbells: Doorbells,
    pub(crate) directory: TempDir,
    pub(crate) url: String,
    /// The router, as it shows itself.
    pub(crate) router: String,
    pub(crate) http: reqwest::Client,
    /// How many requests were submitted.
    submitted: AtomicU8,
    cancel: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Setting::default()).await
    }

    pub(crate) async fn with(setting: Setting) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("relayer.db")).await.unwrap();
        let chain = Arc::new(TestChain::default());
        let enclave = Arc::new(TestEnclave::default());
        enclave.status.lock().unwrap().as_mut().unwrap().now = (NOW + setting.later).as_secs();
        let health = Health::default();
        let doorbells = Doorbells::default();
        let token_file = directory.path().join("api-token");
        std::fs::write(&token_file, TOKEN).unwrap();
        let ends = ApiChain {
            chain: Chain::Evm(31337),
            status: Arc::clone(&chain) as Arc<_>,
            source: Arc::clone(&chain) as Arc<_>,
            submitters: Submitters::one(Arc::clone(&chain) as Arc<_>),
            endpoints: Arc::clone(&chain) as Arc<_>,
            finality: Finality::Latest(5),
            registrar: Arc::clone(&chain) as Arc<_>,
            doorbells: doorbells.clone(),
        };
        let shared = Arc::new(store.clone());
        let cancel = CancellationToken::new();
        let router = api::router(ApiState {
            read: Arc::clone(&shared) as Arc<_>,
            figures: Arc::clone(&shared) as Arc<_>,
            catalogue: Arc::clone(&shared) as Arc<_>,
            execute: Arc::clone(&shared) as Arc<_>,
            admin: Arc::clone(&shared) as Arc<_>,
            jobs: ApiJobs { store: Arc::clone(&shared) as Arc<_>, doorbells: JobDoorbells::default() },
            events: shared,
            enclave: Arc::clone(&enclave) as Arc<_>,
            chains: BTreeMap::from([("local".to_owned(), ends)]),
            health: health.clone(),
            clock: Arc::new(StoppedClock(NOW + setting.later)),
            token: setting.token.then(|| ApiToken::new(TOKEN).unwrap()),
            token_file,
            allow_simulated: setting.allow_simulated,
            max_streams: MAX_STREAMS,
            stopping: cancel.clone(),
            bounds: StatusConfig { lag_blocks: 30, waiting: Duration::from_secs(300), wallet_answers: 10 },
        });
        let shown = format!("{router:?}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(api::serve(listener, router, cancel.clone()));
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        let submitted = AtomicU8::new(0);
        Self {
            store,
            chain,
            enclave,
            health,
            doorbells,
            directory,
            url,
            router: shown,
            http,
            submitted,
            cancel,
            server,
        }
    }

    /// Stops the server; fails when it doesn't end well.
    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        self.server.await.unwrap().unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.http.get(format!("{}{path}", self.url)).send().await.unwrap()).await
    }

    /// A write with the token.
    pub(crate) fn write(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(TOKEN)
    }

    /// Makes a request known that waits to be executed; an even sequence and the next are seen at the
    /// same time.
    pub(crate) async fn observe(&self, chain: &str, contract: ContractId, sequence: u64) -> RequestId {
        let payload = sequence.to_be_bytes().to_vec();
        let request = Request::Evm(evm::Request {
            chain_id: 31337,
            oracle: EvmAddress([1; 20]),
            sequence,
            parent_hash: BlockHash([5; 32]),
            consumer: EvmAddress([2; 20]),
            contract_id: contract,
            min_revision: 0,
            payload_hash: Digest(keccak256(&payload)),
            callback_gas_limit: 100_000,
            max_output: 32,
            expires_at: 1_900_000_000,
            payment: Amount::from(1),
        });
        let id = request.request_id();
        let observed =
            ObservedRequest { id, request, payload, block: block(10), transaction: TxHash(Digest([0xaa; 32])) };
        let now = self.at(sequence / 2);
        let new = self.store.observe(chain, &[observed], block(10), now).await.unwrap();
        assert_eq!(new, 1);
        id
    }

    fn at(&self, second: u64) -> Millis {
        Millis(0).after(NOW + Duration::from_secs(second))
    }

    async fn lease(&self, chain: &str, id: RequestId) -> LeaseToken {
        let token = LeaseToken([1; 16]);
        let lease = Lease { token, until: self.at(600) };
        let leased = self.store.lease(chain, lease, 100, self.at(500)).await.unwrap();
        assert!(leased.iter().any(|leased| leased.id == id));
        token
    }

    /// `Observed -> Ignored`, for want of its contract.
    pub(crate) async fn ignore(&self, id: RequestId) {
        let token = self.lease("local", id).await;
        self.store.ignore(id, token, &IgnoreReason::UnknownContract, self.at(501)).await.unwrap();
    }

    /// Puts code, and deploys a contract of it.
    pub(crate) async fn deploy(&self) -> ContractId {
        let put = self.write(Method::PUT, "/v1/code").body(good_module()).send().await.unwrap();
        let (_, code) = answer(put).await;
        let body = json!({ "name": "prices", "code_hash": code["code_hash"], "init_data": "0x01" });
        let deployed = self.write(Method::POST, "/v1/contracts").json(&body).send().await.unwrap();
        answer(deployed).await.1["contract_id"].as_str().unwrap().parse().unwrap()
    }

    /// `Observed -> Reported`.
    pub(crate) async fn report(&self, id: RequestId) {
        self.report_on("local", id, Outcome::Ok, b"42").await;
    }

    /// Takes a request through its whole life: executed, sent twice, answered at last.
    pub(crate) async fn fulfil(&self, id: RequestId, outcome: Outcome, output: &[u8]) {
        self.fulfil_on("local", id, outcome, output).await;
    }

    async fn report_on(&self, chain: &str, id: RequestId, outcome: Outcome, output: &[u8]) {
        let token = self.lease(chain, id).await;
        let execution = Execution {
            attestation: Attestation::Simulated,
            report: Report {
                request_id: id,
                outcome,
                output: output.to_vec(),
                executed_at: 1000,
                payee: Payee([4; 32]),
            },
            signature: Signature([6; 65]),
            worker: crate::ends::WORKER,
            reason: None,
            logs: vec![LogEntry { level: 3, message: "asked the source".to_owned() }],
            fuel: 1234,
            elapsed_ms: 56,
        };
        self.store.report(id, token, &execution, self.at(502)).await.unwrap();
    }

    /// The same on any chain.
    pub(crate) async fn fulfil_on(&self, chain: &str, id: RequestId, outcome: Outcome, output: &[u8]) {
        let (attempt, hash) = self.submit(chain, id, outcome, output).await;
        let receipt = Receipt {
            hash,
            block: block(20),
            succeeded: true,
            gas_used: 210_000,
            effects: vec![(id, EntryEffect::Fulfilled { callback_ok: true })],
        };
        self.store.attempted(attempt, &Attempted::Mined(receipt), true, self.at(507)).await.unwrap();
    }

    /// Executed, and sent twice; the attempt, and the transaction that was sent last.
    pub(crate) async fn submit(
        &self,
        chain: &str,
        id: RequestId,
        outcome: Outcome,
        output: &[u8],
    ) -> (AttemptId, TxHash) {
        self.report_on(chain, id, outcome, output).await;
        let sent_before = self.submitted.fetch_add(1, Ordering::SeqCst);
        let prepared = |byte, max_fee: u128| PreparedTransaction {
            hash: TxHash(Digest(if sent_before == 0 { [byte; 32] } else { keccak256(&[byte, sent_before]) })),
            raw: vec![byte],
            nonce: 3 + u64::from(sent_before),
            gas_limit: 500_000,
            fees: Fees { max_fee: Amount::from(max_fee), max_priority_fee: Amount::from(1) },
        };
        let submitter: Account = self.chain.submitter();
        let first = prepared(0xb1, 100);
        let attempt = NewAttempt { chain: chain.to_owned(), submitter, requests: vec![id], transaction: first.clone() };
        let attempt = self.store.begin(&[attempt], self.at(503)).await.unwrap()[0];
        self.store.sent(&[first.hash], self.at(504)).await.unwrap();
        let second = prepared(0xb2, 200);
        self.store.add_transaction(attempt, &second, self.at(505)).await.unwrap();
        self.store.sent(&[second.hash], self.at(506)).await.unwrap();
        (attempt, second.hash)
    }
}

/// Status and JSON of an answer; every failure must be a problem.
pub(crate) async fn answer(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let kind = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    let body: Value = response.json().await.unwrap();
    let is_readiness = body.get("components").is_some();
    if !status.is_success() && !is_readiness {
        assert_eq!(kind.as_deref(), Some("application/problem+json"));
        assert_eq!(body["status"], status.as_u16());
        assert!(body["type"].as_str().unwrap().starts_with("urn:phat-relayer:problem:"));
        assert!(!body["title"].as_str().unwrap().is_empty());
        assert!(!body["detail"].as_str().unwrap().is_empty());
    }
    (status, body)
}

/// A module that can become a contract.
pub(crate) fn good_module() -> Vec<u8> {
    wat::parse_str(r#"(module (import "env" "memory" (memory 2 16)) (func (export "deploy")) (func (export "call")))"#)
        .unwrap()
}

/// A module that can become a contract, and says how its outputs are read.
pub(crate) fn described_module(section: &str) -> Vec<u8> {
    let text = format!(
        r#"(module (import "env" "memory" (memory 2 16)) (func (export "deploy")) (func (export "call"))
            (@custom "phat.output" {section:?}))"#
    );
    wat::parse_str(text).unwrap()
}

/// A module with three things against it.
pub(crate) fn bad_module() -> Vec<u8> {
    wat::parse_str(
        r#"(module (import "env" "memory" (memory 2 9999)) (import "env" "sleep" (func)) (func (export "deploy")))"#,
    )
    .unwrap()
}
