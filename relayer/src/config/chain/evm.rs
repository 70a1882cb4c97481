//! The settings of an EVM chain.

use super::ca_certificate;
use crate::config::{
    EndpointsConfig, Environment, Mistake, WalletConfig, WalletSigner, endpoint, section::Section, wallet,
};
use phat_connector::Finality;
use phat_connector_evm::FeePolicy;
use phat_protocol::EvmAddress;
use std::time::Duration;

/// An EVM chain with a `PhatOracle`.
#[derive(Clone, Debug)]
pub struct EvmConfig {
    /// Where calls go.
    pub endpoints: EndpointsConfig,
    /// The EIP-155 chain id that the endpoints must serve.
    pub chain_id: u64,
    /// The oracle's address.
    pub oracle: EvmAddress,
    /// When a block counts.
    pub finality: Finality,
    /// How long one call may take.
    pub call_timeout: Duration,
    /// Certificates (PEM) that are trusted beside the public roots.
    pub ca_certificate: Option<String>,
    /// What transactions may offer.
    pub fees: FeePolicy,
    /// The wallets that submit and pay, in the order in which they are preferred: at least one. The first
    /// is the payee, and registers the worker.
    pub wallets: Vec<WalletConfig<WalletSigner>>,
}

/// Reads what is particular to an EVM chain; none when a mistake leaves nothing to build it from.
pub(super) fn read(
    section: &mut Section<'_>,
    environment: &Environment,
    mistakes: &mut Vec<Mistake>,
) -> Option<EvmConfig> {
    let endpoints = endpoint::read(section, mistakes);
    let chain_id = section.required("chain_id", mistakes);
    let oracle = section.required("oracle", mistakes);
    let finality = section.or("finality", Finality::Latest(0), mistakes);
    let call_timeout = section.or("call_timeout", Duration::from_secs(20), mistakes);
    let ca_certificate = ca_certificate(section, mistakes);
    let fees = fees(section.section("fees", mistakes), mistakes);
    let wallets = wallet::read(section, environment, mistakes);
    Some(EvmConfig {
        endpoints: endpoints?,
        chain_id: chain_id?,
        oracle: oracle?,
        finality,
        call_timeout,
        ca_certificate,
        fees,
        wallets: wallets?,
    })
}

fn fees(mut section: Section<'_>, mistakes: &mut Vec<Mistake>) -> FeePolicy {
    let policy = FeePolicy {
        min_priority_fee: section.optional("min_priority_fee", mistakes),
        max_fee: section.optional("max_fee", mistakes),
    };
    if let (Some(least), Some(most)) = (policy.min_priority_fee, policy.max_fee)
        && most < least
    {
        mistakes.push(Mistake::new(section.key("max_fee"), "expected no less than min_priority_fee"));
    }
    section.finish(mistakes);
    policy
}
