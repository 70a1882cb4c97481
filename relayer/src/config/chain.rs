mod evm;
mod substrate;

pub use evm::EvmConfig;
pub use substrate::SubstrateConfig;

use super::{Environment, Mistake, section::Section};
use phat_connector::Finality;
use phat_protocol::Chain;
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
            ChainKind::Substrate(substrate) => substrate.finality,
        }
    }
}

/// What is particular to a chain's family.
#[derive(Clone, Debug)]
pub enum ChainKind {
    /// An EVM chain with a `PhatOracle`.
    Evm(EvmConfig),
    /// A Substrate chain with a `pallet-phat-oracle`.
    Substrate(SubstrateConfig),
}

impl ChainKind {
    /// The chain, as its oracle's requests name it.
    #[must_use]
    pub const fn chain(&self) -> Chain {
        match self {
            Self::Evm(evm) => Chain::Evm(evm.chain_id),
            Self::Substrate(substrate) => Chain::Substrate(substrate.genesis),
        }
    }
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
    let from_block = section.or("from_block", 0, mistakes);
    let poll_interval = section.or("poll_interval", Duration::from_secs(2), mistakes);
    let max_range = section.or("max_range", NonZeroU64::new(2000).unwrap_or(NonZeroU64::MIN), mistakes);
    let kind = match kind.as_deref() {
        // What is missing is said already; most chains are of this kind.
        Some("evm") | None => evm::read(&mut section, environment, mistakes).map(ChainKind::Evm),
        Some("substrate") => substrate::read(&mut section, environment, mistakes).map(ChainKind::Substrate),
        Some(other) => {
            let message = format!("expected \"evm\" or \"substrate\", found {other:?}");
            mistakes.push(Mistake::new(section.key("kind"), message));
            // What the other settings would mean depends on it.
            return None;
        }
    };
    section.finish(mistakes);
    Some(ChainConfig { from_block, poll_interval, max_range, kind: kind? })
}

/// One name in file, environment and URL: `__` would separate levels in the environment.
fn is_chain_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.contains("__")
        && !name.ends_with('_')
}

/// Reads the certificates that are trusted beside the public roots.
fn ca_certificate(section: &mut Section<'_>, mistakes: &mut Vec<Mistake>) -> Option<String> {
    let path = section.path("ca_certificate", mistakes)?;
    std::fs::read_to_string(&path)
        .map_err(|error| {
            let message = format!("{} can't be read: {error}", path.display());
            mistakes.push(Mistake::new(section.key("ca_certificate"), message));
        })
        .ok()
}
