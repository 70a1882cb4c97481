//! A real development node, started for one test and stopped with it.

use jsonrpsee::{
    core::{client::ClientT, params::ArrayParams},
    http_client::{HttpClient, HttpClientBuilder},
};
use phat_connector::rpc::EndpointUrl;
use serde_json::Value;
use std::{path::PathBuf, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Private keys of the first accounts, which are the same in every development node.
pub(crate) const ADMIN_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
pub(crate) const SUBMITTER_KEY: &str = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
/// The chain id where nothing else is said.
pub(crate) const CHAIN_ID: u64 = 31337;

const STARTED_WITHIN: Duration = Duration::from_secs(30);

pub(crate) struct Anvil {
    child: Child,
    pub(crate) port: u16,
    control: HttpClient,
}

impl Anvil {
    /// Starts a node on a free port; it mines each transaction at once unless `options` say otherwise.
    pub(crate) async fn start(options: &[&str]) -> Self {
        let binary = binary();
        let mut child = Command::new(&binary)
            .args(["--port", "0", "--slots-in-an-epoch", "1", "--enable-tx-gas-limit"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask setup`", binary.display()));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some((_, port)) = line.rsplit_once("Listening on 127.0.0.1:") {
                    return port.trim().parse().unwrap();
                }
            }
            panic!("anvil ended before it listened");
        };
        let port = tokio::time::timeout(STARTED_WITHIN, listening).await.expect("anvil starts");
        // Nobody reads what it says from here on, and a full pipe would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let control = HttpClientBuilder::default().build(format!("http://127.0.0.1:{port}")).unwrap();
        Self { child, port, control }
    }

    pub(crate) fn http(&self) -> EndpointUrl {
        format!("http://127.0.0.1:{}", self.port).parse().unwrap()
    }

    pub(crate) fn web_socket(&self) -> EndpointUrl {
        format!("ws://127.0.0.1:{}", self.port).parse().unwrap()
    }

    /// Calls any method of the node.
    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let mut list = ArrayParams::new();
        params.as_array().expect("a list of parameters").iter().for_each(|param| list.insert(param).unwrap());
        self.control.request(method, list).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", serde_json::json!([blocks])).await;
    }

    pub(crate) async fn stop(&mut self) {
        self.child.kill().await.unwrap();
    }
}

/// The program itself, beside the npm package's wrapper: a wrapper that is killed leaves it running.
fn binary() -> PathBuf {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contracts-evm/node_modules/@foundry-rs");
    root.join(format!("anvil-{system}-{machine}/bin/anvil"))
}
