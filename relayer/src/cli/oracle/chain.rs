use crate::config::{Environment, WalletKey};
use anyhow::{Context, anyhow};
use clap::Args;
use phat_connector::rpc::EndpointUrl;
use phat_connector_evm::{
    SigningKey,
    admin::{AdminSettings, EvmAdmin},
};
use std::path::PathBuf;

/// The chain, and the account that sends and pays.
#[derive(Debug, Args)]
pub(super) struct ChainArgs {
    /// The chain's node.
    #[arg(long, value_name = "URL")]
    pub(super) rpc_url: String,
    /// The EIP-155 chain id that the node must serve.
    #[arg(long, value_name = "N")]
    pub(super) chain_id: u64,
    #[command(flatten)]
    pub(super) key: Key,
    /// Certificates (PEM) that are trusted beside the public roots.
    #[arg(long, value_name = "FILE")]
    pub(super) ca_certificate: Option<PathBuf>,
}

/// The account that sends and pays.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Key {
    /// The file with the sending account's private key; readable by its owner alone.
    #[arg(long, value_name = "FILE")]
    pub(super) key_file: Option<PathBuf>,
    /// The environment variable with the sending account's private key.
    #[arg(long, value_name = "NAME")]
    pub(super) key_env: Option<String>,
}

impl ChainArgs {
    pub(super) fn connect(&self) -> anyhow::Result<EvmAdmin> {
        let rpc_url: EndpointUrl = self.rpc_url.parse().context("--rpc-url")?;
        let mut settings = AdminSettings::new(rpc_url, self.chain_id);
        if let Some(file) = &self.ca_certificate {
            let certificate =
                std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
            settings.ca_certificate = Some(certificate);
        }
        let key = SigningKey::from_hex(self.key.read()?.secret())?;
        Ok(EvmAdmin::connect(settings, &key)?)
    }
}

impl Key {
    fn read(&self) -> anyhow::Result<WalletKey> {
        match (&self.key_file, &self.key_env) {
            (Some(file), _) => Ok(WalletKey::read(file)?),
            (None, Some(variable)) => match Environment::of_process().get(variable) {
                Some(Ok(text)) => WalletKey::new(text).with_context(|| variable.clone()),
                Some(Err(_)) | None => Err(anyhow!("{variable} is not set to text")),
            },
            (None, None) => Err(anyhow!("--key-file or --key-env is required")),
        }
    }
}
