//! The EVM node.

use crate::{Process, binaries::repository, wait_for};
use anyhow::{Context, Result, ensure};
use std::{net::SocketAddr, path::Path, process::Command, time::Duration};

const START_DEADLINE: Duration = Duration::from_secs(30);
/// Of how many of the newest blocks the state is known: more than any reorganisation here is deep.
const STATES: &str = "256";
/// What the node says once it listens, before its address.
const LISTENING: &str = "Listening on ";

/// A running anvil on a free loopback port; each transaction is mined at once.
#[derive(Debug)]
pub struct Anvil {
    process: Process,
    address: SocketAddr,
}

impl Anvil {
    /// Starts a node with an empty chain.
    ///
    /// # Errors
    /// When it isn't installed, or doesn't come up.
    pub async fn start(directory: &Path) -> Result<Self> {
        Self::of_chain(crate::CHAIN_ID, directory).await
    }

    /// Starts a node with an empty chain of that EIP-155 id.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn of_chain(chain_id: u64, directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let program = repository().join("contracts-evm/node_modules/.bin/anvil");
        ensure!(program.exists(), "anvil is not installed: run `cargo xtask setup`");
        let log = directory.join("anvil.log");
        let mut command = Command::new(program);
        command.args(["--host", "127.0.0.1", "--port", "0", "--slots-in-an-epoch", "1", "--enable-tx-gas-limit"]);
        command.args(["--chain-id", &chain_id.to_string()]);
        // In memory alone: what it reads back from its disk, a thousand blocks high, has lost the contracts' code.
        command.args(["--prune-history", STATES]);
        // The port is only known from what the node writes.
        let mut process = Process::start("anvil", command, &log)?;
        let address = wait_for("anvil's address", START_DEADLINE, async || {
            process.expect_running()?;
            let written = std::fs::read_to_string(&log).unwrap_or_default();
            let line = written.split_once(LISTENING).and_then(|(_, rest)| rest.split_once('\n'));
            line.map(|(address, _)| address.trim().parse().context("anvil's address can't be read")).transpose()
        })
        .await?;
        Ok(Self { process, address })
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

    /// The end of what it wrote.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }
}
