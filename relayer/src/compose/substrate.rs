//! A Substrate chain's end.

mod examiner;
mod registrar;

use super::{Opened, endpoint_settings};
use crate::{
    config::{SubstrateConfig, WalletConfig},
    metrics::CallsOf,
    pipeline::{ChainEnd, Doorbells, Submitter, Submitters},
};
use anyhow::{Context, Result, ensure};
use examiner::SubstrateExaminer;
use phat_connector::ChainError;
use phat_connector_substrate::{Submission, SubmitterKey, SubstrateChain, SubstrateSettings, admin::AdminError};
use registrar::SubstrateRegistrar;
use std::sync::Arc;

pub(super) fn open(name: &str, config: &SubstrateConfig) -> Result<Opened> {
    let (first, others) = config.wallets.split_first().context("no wallet")?;
    let chain = SubstrateChain::connect(settings(name, config), &first.signer)?;
    let submitter = |chain: SubstrateChain, wallet: &WalletConfig<SubmitterKey>| Submitter {
        sink: Arc::new(chain),
        min_balance: match config.submission {
            Submission::Signed => wallet.min_balance,
            // It needs nothing.
            Submission::Unsigned => Some(wallet.min_balance.unwrap_or_default()),
        },
    };
    let others = others.iter().map(|wallet| submitter(chain.submitting_as(&wallet.signer), wallet)).collect();
    let submitters = Submitters::new(submitter(chain.clone(), first), others);
    ensure!(submitters.are_distinct(), "wallets: two of them are the same account");
    let registrar = Arc::new(SubstrateRegistrar { chain: chain.clone() });
    let examiner = Arc::new(SubstrateExaminer { chain: chain.clone(), submission: config.submission });
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

/// What an operation of an admin's failed of.
fn chain_error(error: AdminError) -> ChainError {
    match error {
        AdminError::Chain(error) => error,
        AdminError::Failed { reason, .. } => ChainError::Reverted { reason },
        error @ (AdminError::NotMined { .. } | AdminError::Replaced { .. }) => {
            ChainError::Reverted { reason: error.to_string() }
        }
    }
}

fn settings(name: &str, config: &SubstrateConfig) -> SubstrateSettings {
    SubstrateSettings {
        endpoints: config.endpoints.endpoints.iter().map(endpoint_settings).collect(),
        read_quorum: config.endpoints.read_quorum,
        max_lag: config.endpoints.max_lag,
        probe_interval: config.endpoints.probe_interval,
        genesis: config.genesis,
        instance: config.instance.clone(),
        finality: config.finality,
        call_timeout: config.call_timeout,
        ca_certificate: config.ca_certificate.clone(),
        tips: config.tips,
        submission: config.submission,
        mortality: config.mortality,
        calls: Arc::new(CallsOf(name.into())),
    }
}
