use crate::{PATIENCE, enclave};
use reqwest::StatusCode;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

/// A relayer that runs; dropped, it is killed.
struct Relayer {
    child: Child,
    directory: TempDir,
    url: String,
}

impl Relayer {
    /// Starts it, with an enclave at `endpoint` and a chain that nobody serves, and waits until its
    /// API listens.
    async fn start(endpoint: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("wallet.key"), "11".repeat(32)).unwrap();
        fs::set_permissions(path("wallet.key"), fs::Permissions::from_mode(0o600)).unwrap();
        let config = format!(
            r#"
[api]
listen = "127.0.0.1:0"
addr_file = "api-addr"
[enclave]
endpoint = "{endpoint}"
allow_simulated = true
[retry]
initial = "10ms"
max = "50ms"
[chains.local]
kind = "evm"
rpc_url = "http://127.0.0.1:1"
chain_id = 31337
oracle = "0x5fbdb2315678afecb367f032d93f642f64180aa3"
key_file = "wallet.key"
"#
        );
        fs::write(path("relayer.toml"), config).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_relayer"))
            .arg("run")
            .env_remove("RUST_LOG")
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(path("log")).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut relayer = Self { child, directory, url: String::new() };
        let address =
            relayer.wait_for("its address", |relayer| fs::read_to_string(relayer.path("api-addr")).ok()).await;
        relayer.url = format!("http://{address}");
        relayer
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    async fn wait_for<T>(&mut self, what: &str, look: impl Fn(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert_eq!(self.child.try_wait().unwrap(), None, "it ended: {}", self.log());
            assert!(Instant::now() < deadline, "never {what}: {}", self.log());
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Sends a signal by name, and waits for the end.
    async fn end(&mut self, signal: &str) -> ExitStatus {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().await.unwrap().success());
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(ended) => ended.unwrap(),
            Err(_) => panic!("it doesn't end: {}", self.log()),
        }
    }
}

#[tokio::test]
async fn a_signal_ends_a_relayer_whose_chain_is_away_with_status_0() {
    // reqwest wants one chosen, even where nothing is encrypted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    for signal in ["TERM", "INT"] {
        let mut relayer = Relayer::start("unix:nowhere.sock").await;
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let ready = http.get(format!("{}/ready", relayer.url)).send().await.unwrap();
        assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(relayer.end(signal).await.code(), Some(0), "{}", relayer.log());
    }
}

#[tokio::test]
async fn the_log_says_once_what_vouches_for_the_enclave() {
    let enclave = enclave::start().await;
    let mut relayer = Relayer::start(&enclave.endpoint).await;
    let said = "the enclave is there, with simulated attestation";
    relayer.wait_for(said, |relayer| relayer.log().contains(said).then_some(())).await;
    assert!(relayer.end("TERM").await.success());
    let log = relayer.log();
    assert_eq!(log.matches(said).count(), 1, "{log}");
    assert!(log.contains(&enclave::WORKER.to_string()), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
    enclave.stop();
}
