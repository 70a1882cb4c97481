//! What the relayer stands on: a node, a source of prices, an enclave, and the contracts on chain.

use crate::{
    Anvil, CHAIN_ID, Chain, Directory, EnclaveProcess, PriceSource, Relayer, Settings,
    settings::{WALLET_KEY, ether},
};
use anyhow::{Context, Result};
use ethers::{
    signers::{LocalWallet, Signer},
    types::Address,
};
use rand::rngs::OsRng;
use std::path::PathBuf;

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

/// Everything but the relayer.
#[derive(Debug)]
pub struct Ground {
    /// The enclave.
    pub enclave: EnclaveProcess,
    /// The source of prices that the enclave's policy opens.
    pub source: PriceSource,
    /// The node.
    pub anvil: Anvil,
    /// The chain as its users see it.
    pub chain: Chain,
    /// The contracts on chain.
    pub oracle: Oracle,
    /// The account that the relayer will use.
    pub wallet: Wallet,
    /// What is to be different; the relayer's part may still be changed.
    pub settings: Settings,
}

impl Ground {
    /// Starts the parts and deploys the contracts, by the relayer's own command.
    ///
    /// # Errors
    /// When a part doesn't come up.
    pub async fn start(settings: Settings) -> Result<Self> {
        install_tls_provider();
        let (say, directory) = (settings.progress, &settings.directory);
        let anvil = Anvil::start(directory.path()).await?;
        say(&format!("anvil, an EVM node, serves {}", anvil.url()));
        let source = PriceSource::start().await?;
        say(&format!("a source of prices serves http://{}", source.address()));
        let config = settings.enclave_config(&source)?;
        let enclave = EnclaveProcess::start(&settings.binaries, directory.path(), &config).await?;
        let status = enclave.status().await?;
        say(&format!("the enclave ({}) serves {}", status.attestation, enclave.endpoint()));
        say(&format!("its worker is {}", status.keys.worker));

        let chain = Chain::connect(&anvil.url()).await?;
        let deployer = Wallet::create(directory, DEPLOYER_KEY)?;
        let wallet = Wallet::create(directory, WALLET_KEY)?;
        chain.set_balance(deployer.address, ether(1_000)).await?;
        let commands = Relayer::new(&settings.binaries, directory.path());
        let oracle = deploy_oracle(&commands, &anvil, &deployer, &wallet, &enclave).await?;
        say(&format!("the oracle is deployed at {:?}", oracle.address));
        say(&format!("its registry of workers is at {:?}", oracle.registry));
        Ok(Self { enclave, source, anvil, chain, oracle, wallet, settings })
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
    let key_file = deployer.key_file.to_str().context("a path that isn't UTF-8")?;
    let deployed = commands
        .json([
            "oracle",
            "deploy",
            "--rpc-url",
            &url,
            "--chain-id",
            &chain_id,
            "--key-file",
            key_file,
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

/// Chooses the TLS library for clients that leave the choice to the program.
pub(crate) fn install_tls_provider() {
    // An error means that it was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
