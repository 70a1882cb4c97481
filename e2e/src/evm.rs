//! An EVM chain: anvil, the contracts on it, and the relayer's account.

use crate::{
    Anvil, Asked, Asker, CHAIN_ID, Chain, Consumer, Directory, EnclaveProcess, Environment, Fault, Fulfilment, Heard,
    History, OracleEnd, Question, Relayer, SentReport, Settings,
    end::path_text,
    settings::{WALLET_KEY, ether},
};
use anyhow::{Context, Result};
use async_trait::async_trait;
use ethers::{
    signers::{LocalWallet, Signer},
    types::{Address, U256},
};
use phat_protocol::{EvmAddress, Payee, RequestId};
use rand::rngs::OsRng;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::PathBuf,
};
use toml::Table;

const DEPLOYER_KEY: &str = "deployer.key";

/// An account whose key is in a file.
#[derive(Clone, Debug)]
pub struct Wallet {
    /// Its address.
    pub address: Address,
    /// The file.
    pub key_file: PathBuf,
}

impl Wallet {
    /// A new key, in a file that only its owner can read.
    fn create(directory: &Directory, name: &str) -> Result<Self> {
        let wallet = LocalWallet::new(&mut OsRng);
        let key = format!("0x{}\n", hex::encode(wallet.signer().to_bytes()));
        Ok(Self { address: wallet.address(), key_file: directory.write_secret(name, &key)? })
    }
}

/// The contracts on chain.
#[derive(Clone, Copy, Debug)]
pub struct Oracle {
    /// `PhatOracle`.
    pub address: Address,
    /// `WorkerRegistry`.
    pub registry: Address,
}

/// An EVM chain with an oracle.
#[derive(Debug)]
pub struct Evm {
    /// The node.
    pub anvil: Anvil,
    /// The chain as its users see it.
    pub chain: Chain,
    /// The contracts on chain.
    pub oracle: Oracle,
    /// The account that the relayer uses.
    pub wallet: Wallet,
}

impl Environment<Evm> {
    /// What the chain shows of the relayer's work.
    #[must_use]
    pub fn history(&self) -> History {
        self.end.history()
    }
}

impl Evm {
    /// What the chain shows of the relayer's work.
    #[must_use]
    pub fn history(&self) -> History {
        History::new(&self.chain, &self.oracle)
    }
}

#[async_trait(?Send)]
impl OracleEnd for Evm {
    type Consumer = Asker;

    const FORGED: &'static [Fault] = &[Fault::StaleHead(2), Fault::DuplicatedLogs, Fault::MissingReceipts];

    const LOSS: f64 = 0.25;

    type Node = Anvil;

    async fn node(settings: &Settings) -> Result<Anvil> {
        let anvil = Anvil::start(settings.directory.path()).await?;
        (settings.progress)(&format!("anvil, an EVM node, serves {}", anvil.url()));
        Ok(anvil)
    }

    async fn deploy(anvil: Anvil, settings: &Settings, enclave: &EnclaveProcess) -> Result<Self> {
        let (say, directory) = (settings.progress, &settings.directory);
        let chain = Chain::connect(&anvil.url()).await?;
        let deployer = Wallet::create(directory, DEPLOYER_KEY)?;
        let wallet = Wallet::create(directory, WALLET_KEY)?;
        chain.set_balance(deployer.address, ether(1_000)).await?;
        let commands = Relayer::new(&settings.binaries, directory.path());
        let oracle = deploy_oracle(&commands, &anvil, &deployer, &wallet, enclave).await?;
        say(&format!("the oracle is deployed at {:?}", oracle.address));
        say(&format!("its registry of workers is at {:?}", oracle.registry));
        Ok(Self { anvil, chain, oracle, wallet })
    }

    fn chain_config(&self) -> Result<Table> {
        let mut config = toml::toml! {
            kind = "evm"
            finality = "latest"
            poll_interval = "200ms"
        };
        config.insert("rpc_url".to_owned(), self.anvil.url().into());
        config.insert("chain_id".to_owned(), i64::try_from(CHAIN_ID)?.into());
        config.insert("oracle".to_owned(), format!("{:?}", self.oracle.address).into());
        config.insert("key_file".to_owned(), WALLET_KEY.into());
        Ok(config)
    }

    fn address(&self) -> SocketAddr {
        self.anvil.address()
    }

    fn payee(&self) -> Payee {
        Payee::from(EvmAddress(self.wallet.address.0))
    }

    async fn fund(&self, amount: U256) -> Result<()> {
        self.chain.set_balance(self.wallet.address, amount).await
    }

    async fn consumer(&self) -> Result<Asker> {
        Asker::deploy(&self.chain, &self.oracle).await
    }

    async fn height(&self) -> Result<u64> {
        self.chain.height().await
    }

    async fn mine(&self, blocks: u64) -> Result<()> {
        self.chain.mine(blocks).await
    }

    async fn reorganise(&self, depth: u64) -> Result<u64> {
        self.chain.reorganise(depth).await
    }

    async fn fulfilments(&self) -> Result<BTreeMap<RequestId, Vec<Fulfilment>>> {
        self.history().fulfilments().await
    }

    async fn requests(&self) -> Result<BTreeSet<RequestId>> {
        self.history().requests().await
    }

    async fn sent_reports(&self) -> Result<BTreeMap<RequestId, Vec<SentReport>>> {
        self.history().sent_reports(self.wallet.address).await
    }

    async fn expect_no_waste_but(&self, gone: &BTreeSet<RequestId>) -> Result<()> {
        self.history().expect_no_waste_but(self.wallet.address, gone).await
    }
}

#[async_trait(?Send)]
impl Consumer for Asker {
    async fn ask(&self, question: &Question) -> Result<Asked> {
        Self::ask(self, question).await
    }

    async fn ask_together(&self, questions: &[Question]) -> Result<Vec<Asked>> {
        Self::ask_together(self, questions).await
    }

    async fn all_heard(&self) -> Result<BTreeMap<RequestId, Vec<Heard>>> {
        Self::all_heard(self).await
    }

    async fn heard(&self, id: RequestId) -> Result<Vec<Heard>> {
        Self::heard(self, id).await
    }
}

async fn deploy_oracle(
    commands: &Relayer,
    anvil: &Anvil,
    deployer: &Wallet,
    wallet: &Wallet,
    enclave: &EnclaveProcess,
) -> Result<Oracle> {
    let (url, chain_id) = (anvil.url(), CHAIN_ID.to_string());
    let (operator, endpoint) = (format!("{:?}", wallet.address), enclave.endpoint());
    let deployed = commands
        .json([
            "oracle",
            "deploy",
            "--rpc-url",
            &url,
            "--chain-id",
            &chain_id,
            "--key-file",
            path_text(&deployer.key_file)?,
            "--operator",
            &operator,
            "--enclave",
            &endpoint,
            "--allow-simulated",
        ])
        .await?;
    let address = |name: &str| -> Result<Address> {
        let text = deployed[name].as_str().with_context(|| format!("no {name} in {deployed}"))?;
        Ok(text.parse()?)
    };
    Ok(Oracle { address: address("oracle")?, registry: address("registry")? })
}
