use super::{EndpointsConfig, Environment, Mistake, WalletConfig, endpoint, section::Section, wallet};
use phat_connector::Finality;
use phat_connector_evm::FeePolicy;
use phat_protocol::{Chain, EvmAddress};
use std::{num::NonZeroU64, time::Duration};

/// One chain.
#[derive(Clone, Debug)]
pub struct ChainConfig {
    /// The height where watching starts on an empty database.
    pub from_block: u64,
    /// How often the chain is asked for new blocks when nothing announces them.
    pub poll_interval: Duration,
    /// Blocks asked for at once.
    pub max_range: NonZeroU64,
    /// What is particular to its family.
    pub kind: ChainKind,
}

impl ChainConfig {
    /// When a block counts.
    #[must_use]
    pub const fn finality(&self) -> Finality {
        match &self.kind {
            ChainKind::Evm(evm) => evm.finality,
        }
    }
}

/// What is particular to a chain's family.
#[derive(Clone, Debug)]
pub enum ChainKind {
    /// An EVM chain with a `PhatOracle`.
    Evm(EvmConfig),
}

impl ChainKind {
    /// The chain, as its oracle's requests name it.
    #[must_use]
    pub const fn chain(&self) -> Chain {
        match self {
            Self::Evm(evm) => Chain::Evm(evm.chain_id),
        }
    }
}

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
    pub wallets: Vec<WalletConfig>,
}

/// Reads one `[chains.NAME]`; none when a mistake leaves nothing to build it from.
pub(super) fn read(
    name: &str,
    mut section: Section<'_>,
    environment: &Environment,
    mistakes: &mut Vec<Mistake>,
) -> Option<ChainConfig> {
    if !is_chain_name(name) {
        let message = "a chain's name has lower-case letters, digits and single underscores, and begins with a letter";
        mistakes.push(Mistake::new(section.name(), message));
    }
    let kind: Option<String> = section.required("kind", mistakes);
    if let Some(kind) = kind.filter(|kind| kind != "evm") {
        mistakes.push(Mistake::new(section.key("kind"), format!("expected \"evm\", found {kind:?}")));
        // What the other settings would mean depends on it.
        return None;
    }
    let from_block = section.or("from_block", 0, mistakes);
    let poll_interval = section.or("poll_interval", Duration::from_secs(2), mistakes);
    let max_range = section.or("max_range", NonZeroU64::new(2000).unwrap_or(NonZeroU64::MIN), mistakes);
    let evm = evm(&mut section, environment, mistakes);
    section.finish(mistakes);
    Some(ChainConfig { from_block, poll_interval, max_range, kind: ChainKind::Evm(evm?) })
}

fn evm(section: &mut Section<'_>, environment: &Environment, mistakes: &mut Vec<Mistake>) -> Option<EvmConfig> {
    let endpoints = endpoint::read(section, mistakes);
    let chain_id = section.required("chain_id", mistakes);
    let oracle = section.required("oracle", mistakes);
    let finality = section.or("finality", Finality::Latest(0), mistakes);
    let call_timeout = section.or("call_timeout", Duration::from_secs(20), mistakes);
    let ca_certificate = section.path("ca_certificate", mistakes);
    let ca_certificate = ca_certificate.and_then(|path| {
        std::fs::read_to_string(&path)
            .map_err(|error| {
                let message = format!("{} can't be read: {error}", path.display());
                mistakes.push(Mistake::new(section.key("ca_certificate"), message));
            })
            .ok()
    });
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

/// One name in file, environment and URL: `__` would separate levels in the environment.
fn is_chain_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.contains("__")
        && !name.ends_with('_')
}
