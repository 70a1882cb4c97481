//! The settings of a Substrate chain.

use super::ca_certificate;
use crate::config::{
    EndpointsConfig, Environment, Mistake, WalletConfig, endpoint, money::Planck, section::Section, wallet,
};
use phat_connector::Finality;
use phat_connector_substrate::{Submission, SubmitterKey, TipPolicy};
use phat_protocol::GenesisHash;
use std::time::Duration;

/// The pallet's name in a runtime that calls it as its crate does.
const INSTANCE: &str = "PhatOracle";
/// For how many blocks an extrinsic can be included.
const MORTALITY: u64 = 64;

/// A Substrate chain with a `pallet-phat-oracle`.
#[derive(Clone, Debug)]
pub struct SubstrateConfig {
    /// Where calls go.
    pub endpoints: EndpointsConfig,
    /// The hash of the chain's first block, which the endpoints must serve.
    pub genesis: GenesisHash,
    /// The pallet's name in the runtime.
    pub instance: String,
    /// When a block counts.
    pub finality: Finality,
    /// How long one call may take.
    pub call_timeout: Duration,
    /// Certificates (PEM) that are trusted beside the public roots.
    pub ca_certificate: Option<String>,
    /// What extrinsics may offer beside their fee.
    pub tips: TipPolicy,
    /// Who pays for submitting reports.
    pub submission: Submission,
    /// For how many blocks an extrinsic can be included.
    pub mortality: u64,
    /// The wallets that submit and pay, in the order in which they are preferred: at least one. The first
    /// is the payee, and registers the worker.
    pub wallets: Vec<WalletConfig<SubmitterKey>>,
}

/// Reads what is particular to a Substrate chain; none when a mistake leaves nothing to build it from.
pub(super) fn read(
    section: &mut Section<'_>,
    environment: &Environment,
    mistakes: &mut Vec<Mistake>,
) -> Option<SubstrateConfig> {
    let endpoints = endpoint::read(section, mistakes);
    let genesis = section.required("genesis", mistakes);
    let instance = section.or("instance", INSTANCE.to_owned(), mistakes);
    let finality = section.or("finality", Finality::Finalized, mistakes);
    let call_timeout = section.or("call_timeout", Duration::from_secs(20), mistakes);
    let ca_certificate = ca_certificate(section, mistakes);
    let tips = tips(section.section("tips", mistakes), mistakes);
    let mortality = mortality(section, mistakes);
    let submission = section.or("submission", Submission::default(), mistakes);
    let wallets = wallet::read(section, environment, mistakes);
    if submission == Submission::Unsigned && wallets.as_ref().is_some_and(|wallets| wallets.len() > 1) {
        let message =
            "expected signed with several wallets: what is unsigned is submitted by the payee, the first of them";
        mistakes.push(Mistake::new(section.key("submission"), message));
    }
    Some(SubstrateConfig {
        endpoints: endpoints?,
        genesis: genesis?,
        instance,
        finality,
        call_timeout,
        ca_certificate,
        tips,
        submission,
        mortality,
        wallets: wallets?,
    })
}

/// A power of two from 4 to 65536, as the encoding of an extrinsic's era has it.
fn mortality(section: &mut Section<'_>, mistakes: &mut Vec<Mistake>) -> u64 {
    let blocks: u64 = section.or("mortality", MORTALITY, mistakes);
    if !blocks.is_power_of_two() || !(4..=65_536).contains(&blocks) {
        let message = format!("expected a power of two from 4 to 65536, found {blocks}");
        mistakes.push(Mistake::new(section.key("mortality"), message));
    }
    blocks
}

fn tips(mut section: Section<'_>, mistakes: &mut Vec<Mistake>) -> TipPolicy {
    let amount = |found: Option<Planck>| found.map(|Planck(amount)| amount);
    let policy = TipPolicy {
        min_tip: amount(section.optional("min_tip", mistakes)),
        max_tip: amount(section.optional("max_tip", mistakes)),
    };
    if let (Some(least), Some(most)) = (policy.min_tip, policy.max_tip)
        && most < least
    {
        mistakes.push(Mistake::new(section.key("max_tip"), "expected no less than min_tip"));
    }
    section.finish(mistakes);
    policy
}
