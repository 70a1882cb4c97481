//! The Substrate node.

use crate::{Process, binaries::repository, wait_for};
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value as Json, json};
use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const START_DEADLINE: Duration = Duration::from_secs(60);
/// What the node says once it listens, before its address.
const LISTENING: &str = "RPC listening on http://";

/// A running chopsticks on a free loopback port, with the development runtime; each extrinsic makes a block at once.
#[derive(Debug)]
pub struct Chopsticks {
    process: Process,
    address: SocketAddr,
}

impl Chopsticks {
    /// Starts a node at the chain's first block.
    ///
    /// # Errors
    /// When it isn't installed, or doesn't come up.
    pub async fn start(directory: &Path) -> Result<Self> {
        fs::create_dir_all(directory)?;
        let folder = repository().join("connectors/substrate");
        let program = folder.join("node_modules/.bin/chopsticks");
        ensure!(program.exists(), "chopsticks is not installed: run `cargo xtask setup`");
        let genesis = directory.join("dev-runtime.json");
        fs::write(&genesis, chain_spec()?.to_string())?;
        let config = directory.join("chopsticks.json");
        let settings = json!({
            "genesis": genesis,
            "host": "127.0.0.1",
            "port": 0,
            "build-block-mode": "Instant",
            "timestamp": now()?,
            "max-memory-block-count": 100_000,
        });
        fs::write(&config, settings.to_string())?;
        let log = directory.join("chopsticks.log");
        let mut command = Command::new("node");
        command.arg("--require").arg(folder.join("general-extrinsics.cjs")).arg(program).arg("--config").arg(&config);
        // The port is only known from what the node writes.
        let mut process = Process::start("chopsticks", command, &log)?;
        let address = wait_for("chopsticks' address", START_DEADLINE, async || {
            process.expect_running()?;
            let written = fs::read_to_string(&log).unwrap_or_default();
            let line = written.split_once(LISTENING).and_then(|(_, rest)| rest.split_once(' '));
            line.map(|(address, _)| address.trim().parse().context("chopsticks' address can't be read")).transpose()
        })
        .await?;
        Ok(Self { process, address })
    }

    /// A file of the development chain's.
    pub(super) fn artifact(name: &str) -> Result<Vec<u8>> {
        let path = repository().join("pallets/artifacts").join(name);
        fs::read(path).with_context(|| format!("can't read {name} of the runtime"))
    }

    /// Where it listens, for JSON-RPC over HTTP and over a websocket alike.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its JSON-RPC URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its websocket URL.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The process.
    #[must_use]
    pub const fn process(&self) -> &Process {
        &self.process
    }
}

/// The development runtime as a chain, with its whole first state.
fn chain_spec() -> Result<Json> {
    let mut stored: Map<String, Json> = serde_json::from_slice(&Chopsticks::artifact("genesis.json")?)?;
    let code = Chopsticks::artifact("dev-runtime.compact.compressed.wasm")?;
    // `:code`
    stored.insert("0x3a636f6465".to_owned(), format!("0x{}", hex::encode(code)).into());
    Ok(json!({
        "name": "Phat development",
        "id": "phat-dev",
        "properties": { "ss58Format": 42, "tokenDecimals": 12, "tokenSymbol": "UNIT" },
        "genesis": { "raw": { "top": stored } },
    }))
}

/// The chain's clock begins here, in milliseconds since the epoch, and goes on by a slot a block.
#[expect(clippy::disallowed_methods, reason = "the enclave's clock is the machine's")]
fn now() -> Result<u64> {
    Ok(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}
