//! A real node, started for one test and stopped with it.

use jsonrpsee::{
    core::{client::ClientT, params::ArrayParams},
    ws_client::{WsClient, WsClientBuilder},
};
use phat_connector::rpc::EndpointUrl;
use phat_protocol::GenesisHash;
use serde_json::{Map, Value, json};
use std::{collections::HashMap, fs, path::PathBuf, process::Stdio, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// What chopsticks calls the block before its first, whatever the chain.
pub(crate) const GENESIS: GenesisHash = GenesisHash([0x45; 32]);

const STARTED_WITHIN: Duration = Duration::from_secs(60);

pub(crate) struct Chopsticks {
    child: Child,
    pub(crate) port: u16,
    control: WsClient,
    _directory: TempDir,
}

/// What a node is started with.
pub(crate) struct Options {
    /// When it makes blocks: `Instant` for one for each extrinsic, `Manual` for none by itself.
    pub(crate) blocks: &'static str,
    /// The runtime's WebAssembly; none takes the development runtime as it is in the repository.
    pub(crate) runtime: Option<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { blocks: "Instant", runtime: None }
    }
}

impl Chopsticks {
    /// Starts a node on a free port.
    pub(crate) async fn start(options: Options) -> Self {
        let directory = TempDir::new().unwrap();
        let (spec, config) = (directory.path().join("spec.json"), directory.path().join("config.json"));
        let runtime = options.runtime.unwrap_or_else(runtime);
        fs::write(&spec, chain_spec(&runtime).to_string()).unwrap();
        let settings = json!({
            "genesis": spec,
            "host": "127.0.0.1",
            "port": 0,
            "build-block-mode": options.blocks,
            "max-memory-block-count": 10_000,
        });
        fs::write(&config, settings.to_string()).unwrap();
        let program = folder().join("node_modules/@acala-network/chopsticks/chopsticks.cjs");
        assert!(program.exists(), "chopsticks is not installed; run `cargo xtask setup`");
        let mut child = Command::new("node")
            .arg("--require")
            .arg(folder().join("general-extrinsics.cjs"))
            .arg(&program)
            .arg("--config")
            .arg(&config)
            // It brings some of its packages twice, and says so at length.
            .env("POLKADOTJS_DISABLE_ESM_CJS_WARNING", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("node: {error}; chopsticks runs on Node.js 20"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some((_, rest)) = line.split_once("RPC listening on http://127.0.0.1:") {
                    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                    return port.parse().unwrap();
                }
            }
            panic!("chopsticks ended before it listened");
        };
        let port = tokio::time::timeout(STARTED_WITHIN, listening).await.expect("chopsticks starts");
        // Nobody reads what it says from here on, and a full pipe would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let control = WsClientBuilder::default()
            .request_timeout(STARTED_WITHIN)
            .max_response_size(64 * 1024 * 1024)
            .build(format!("ws://127.0.0.1:{port}"))
            .await
            .unwrap();
        Self { child, port, control, _directory: directory }
    }

    pub(crate) fn http(&self) -> EndpointUrl {
        format!("http://127.0.0.1:{}", self.port).parse().unwrap()
    }

    pub(crate) fn web_socket(&self) -> EndpointUrl {
        format!("ws://127.0.0.1:{}", self.port).parse().unwrap()
    }

    /// Calls any method of the node.
    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        self.try_rpc(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The same, where it may fail.
    pub(crate) async fn try_rpc(&self, method: &str, params: Value) -> Result<Value, String> {
        let mut list = ArrayParams::new();
        params.as_array().expect("a list of parameters").iter().for_each(|param| list.insert(param).unwrap());
        self.control.request(method, list).await.map_err(|error| error.to_string())
    }

    /// Makes blocks, one after the other.
    pub(crate) async fn mine(&self, count: u32) {
        self.rpc("dev_newBlock", json!([{ "count": count }])).await;
    }

    /// Goes back to a height: what came after it is no more.
    pub(crate) async fn set_head(&self, number: u64) {
        self.rpc("dev_setHead", json!([number])).await;
    }

    /// Makes a block at this time, in milliseconds.
    pub(crate) async fn travel(&self, time: u64) {
        self.rpc("dev_timeTravel", json!([time])).await;
    }

    /// The whole state at the newest block, by hexadecimal keys.
    pub(crate) async fn state(&self) -> HashMap<String, String> {
        let keys = self.rpc("state_getKeysPaged", json!(["0x", 1_000])).await;
        let values = self.rpc("state_queryStorageAt", json!([keys])).await;
        let changes: Vec<(String, Option<String>)> = serde_json::from_value(values[0]["changes"].clone()).unwrap();
        changes.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }

    pub(crate) async fn stop(&mut self) {
        self.child.kill().await.unwrap();
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The development runtime, compressed.
pub(crate) fn runtime() -> Vec<u8> {
    artifact("dev-runtime.compact.compressed.wasm")
}

/// The one after it: other versions, and the oracle's pallet at another index.
pub(crate) fn next_runtime() -> Vec<u8> {
    artifact("next-runtime.compact.compressed.wasm")
}

fn artifact(file: &str) -> Vec<u8> {
    fs::read(folder().join("../../pallets/artifacts").join(file)).unwrap()
}

fn chain_spec(runtime: &[u8]) -> Value {
    let genesis = fs::read_to_string(folder().join("../../pallets/artifacts/genesis.json")).unwrap();
    let mut stored: Map<String, Value> = serde_json::from_str(&genesis).unwrap();
    // `:code`
    stored.insert("0x3a636f6465".to_owned(), format!("0x{}", hex::encode(runtime)).into());
    json!({
        "name": "Phat development",
        "id": "phat-dev",
        "properties": { "ss58Format": 42, "tokenDecimals": 12, "tokenSymbol": "UNIT" },
        "genesis": { "raw": { "top": stored } },
    })
}
