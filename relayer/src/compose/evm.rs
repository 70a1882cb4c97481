//! An EVM chain's end.

mod examiner;
mod registrar;

use super::{Opened, endpoint_settings};
use crate::{
    config::{EvmConfig, WalletConfig, WalletSigner},
    metrics::CallsOf,
    pipeline::{ChainEnd, Doorbells, Submitter, Submitters},
};
use anyhow::{Context, Result, ensure};
use examiner::EvmExaminer;
use phat_connector::rpc::SettingsError;
use phat_connector_evm::{EvmChain, EvmSettings, SigningKey, Web3Signer, admin::EvmAdmin};
use registrar::EvmRegistrar;
use std::sync::Arc;

pub(super) fn open(name: &str, config: &EvmConfig) -> Result<Opened> {
    let (first, others) = config.wallets.split_first().context("no wallet")?;
    let key = signing_key(first, config)?;
    let chain = EvmChain::connect(settings(name, config), &key)?;
    let admin = EvmAdmin::beside(&chain, &key);
    let submitter = |chain: EvmChain, wallet: &WalletConfig<WalletSigner>| Submitter {
        sink: Arc::new(chain),
        min_balance: wallet.min_balance,
    };
    let others = others.iter().map(|wallet| Ok(submitter(chain.submitting_as(&signing_key(wallet, config)?), wallet)));
    let others = others.collect::<Result<_, SettingsError>>()?;
    let submitters = Submitters::new(submitter(chain.clone(), first), others);
    ensure!(submitters.are_distinct(), "wallets: two of them are the same account");
    let registrar = Arc::new(EvmRegistrar { chain: chain.clone(), admin });
    let examiner = Arc::new(EvmExaminer { chain: chain.clone(), admin: EvmAdmin::beside(&chain, &key) });
    let (events, endpoints) = (Arc::new(chain.clone()), Arc::new(chain.clone()));
    let end = ChainEnd {
        name: name.into(),
        source: Arc::new(chain.clone()),
        submitters,
        status: Arc::new(chain),
        doorbells: Doorbells::default(),
    };
    Ok(Opened { end, events, endpoints, registrar, examiner })
}

/// What signs for a wallet of the chain.
fn signing_key(wallet: &WalletConfig<WalletSigner>, chain: &EvmConfig) -> Result<SigningKey, SettingsError> {
    match &wallet.signer {
        WalletSigner::Key(key) => Ok(key.clone()),
        WalletSigner::Remote { url, public_key } => {
            let signer = Web3Signer::open(url, public_key, chain.call_timeout, chain.ca_certificate.as_deref())?;
            Ok(SigningKey::elsewhere(public_key, Arc::new(signer)))
        }
    }
}

fn settings(name: &str, config: &EvmConfig) -> EvmSettings {
    EvmSettings {
        endpoints: config.endpoints.endpoints.iter().map(endpoint_settings).collect(),
        read_quorum: config.endpoints.read_quorum,
        max_lag: config.endpoints.max_lag,
        probe_interval: config.endpoints.probe_interval,
        chain_id: config.chain_id,
        oracle: config.oracle,
        finality: config.finality,
        call_timeout: config.call_timeout,
        ca_certificate: config.ca_certificate.clone(),
        fees: config.fees,
        calls: Arc::new(CallsOf(name.into())),
    }
}
