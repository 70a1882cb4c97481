//! A real enclave process, contracts for it, and a source of numbers over HTTP.
#![expect(dead_code, reason = "each test binary uses its own part")]
#![expect(clippy::unwrap_used, reason = "a test that can't be set up fails")]

pub(crate) mod guest;
pub(crate) mod outside;
pub(crate) mod source;

use phat_enclave_api::{Client, ClientSettings, Contract, Enclave as _, Endpoint, Execute, Instantiate, Status};
use phat_protocol::{Amount, BlockHash, ContractId, Digest, EvmAddress, Owner, Payee, Request, Salt, evm, keccak256};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// How long a test waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where an enclave keeps its things; it outlives the process.
pub(crate) struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path().join("enclave.sock")
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::Unix(self.socket())
    }

    /// The command that serves here, with the source's port open to contracts.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_enclave"));
        command.arg("serve").arg("--data-dir").arg(self.data());
        command.arg("--listen").arg(self.endpoint().to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Starts an enclave and waits until it answers.
    pub(crate) async fn start(&self, environment: &[(&str, &str)]) -> Process {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.path().join("log")).unwrap();
        let mut child =
            self.command().envs(environment.iter().copied()).stderr(log).spawn().expect("the enclave starts");
        let client = Client::new(self.endpoint(), ClientSettings::default()).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if client.status().await.is_ok() {
                return Process { child, client };
            }
            let ended = child.try_wait().unwrap();
            let log = || std::fs::read_to_string(self.path().join("log")).unwrap_or_default();
            assert!(ended.is_none(), "the enclave ended with {ended:?}: {}", log());
            assert!(Instant::now() < deadline, "the enclave doesn't answer: {}", log());
            tokio::task::yield_now().await;
        }
    }
}

/// A running enclave. Dropping it kills it.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) client: Client,
}

impl Process {
    /// kill -9, and waits until it is dead.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the process is ours");
        self.child.wait().expect("the process is ours");
    }

    /// Sends SIGTERM or another, by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name]).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// SIGTERM, and waits for its end.
    pub(crate) async fn terminate(self) -> std::process::ExitStatus {
        self.signal("TERM");
        self.ended().await
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> std::process::ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the enclave doesn't stop");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until the status is as wanted.
    pub(crate) async fn wait_for(&self, what: &str, wanted: impl Fn(&Status) -> bool) -> Status {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.client.status().await.expect("a status");
            if wanted(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "never {what}: {status:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stores the code and makes a contract of it.
    pub(crate) async fn deploy(&self, wat: &str) -> Contract {
        let wasm = wat::parse_str(wat).expect("a guest");
        let code = self.client.put_code(wasm.into()).await.expect("the code is taken");
        let instantiate =
            Instantiate { code_hash: code.code_hash, init_data: Vec::new(), owner: Owner::NOBODY, salt: Salt([0; 32]) };
        self.client.instantiate(&instantiate).await.expect("the contract is made")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The machine's time, unix seconds.
#[expect(clippy::disallowed_methods, reason = "the tests ask as a relayer would, by the machine's clock")]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The `sequence`-th request to a contract, as a relayer passes it on.
pub(crate) fn request(contract_id: ContractId, sequence: u64, payload: &[u8]) -> Execute {
    Execute {
        request: Request::Evm(evm::Request {
            chain_id: 31337,
            oracle: EvmAddress([0x0a; 20]),
            sequence,
            parent_hash: BlockHash([0x0b; 32]),
            consumer: EvmAddress([0x0c; 20]),
            contract_id,
            min_revision: 0,
            payload_hash: Digest(keccak256(payload)),
            callback_gas_limit: 100_000,
            max_output: 1024,
            expires_at: now() + 3600,
            payment: Amount::from(7),
        }),
        payload: payload.to_vec(),
        block_hash: BlockHash([0x0d; 32]),
        executed_at: now(),
        payee: Payee::from(EvmAddress([0x0e; 20])),
    }
}
