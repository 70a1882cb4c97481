//! The wallets that submit to a chain.

use super::{Environment, Mistake, WalletKey, section::Section};
use phat_protocol::Amount;
use std::path::PathBuf;

/// A wallet that submits and pays.
#[derive(Clone, Debug)]
pub struct WalletConfig {
    /// What signs.
    pub key: WalletKey,
    /// The least that it should hold, in wei; none where nobody is to be told of less.
    pub min_balance: Option<Amount>,
}

/// Reads the wallets of a chain: `[[chains.NAME.wallets]]`, or the settings of the only one in the
/// chain's own section. None when a mistake leaves none.
pub(super) fn read(
    section: &mut Section<'_>,
    environment: &Environment,
    mistakes: &mut Vec<Mistake>,
) -> Option<Vec<WalletConfig>> {
    const SHORT: [&str; 3] = ["key_file", "key_env", "min_balance"];
    let listed = section.has("wallets");
    let both = SHORT.into_iter().find(|name| listed && section.has(name));
    if let Some(name) = both {
        let message = "stands beside [[wallets]]; put it into one of them";
        mistakes.push(Mistake::new(section.key(name), message));
    }
    if !listed {
        return wallet(section, environment, mistakes).map(|wallet| vec![wallet]);
    }
    SHORT.into_iter().for_each(|name| section.ignore(name));
    let before = mistakes.len();
    let mut wallets = Vec::new();
    for mut listed in section.list("wallets", mistakes) {
        wallets.extend(wallet(&mut listed, environment, mistakes));
        listed.finish(mistakes);
    }
    if wallets.is_empty() && mistakes.len() == before {
        mistakes.push(Mistake::new(section.key("wallets"), "expected at least one wallet"));
    }
    (!wallets.is_empty()).then_some(wallets)
}

fn wallet(section: &mut Section<'_>, environment: &Environment, mistakes: &mut Vec<Mistake>) -> Option<WalletConfig> {
    let min_balance = section.optional("min_balance", mistakes);
    let key = key(section, environment, mistakes);
    Some(WalletConfig { key: key?, min_balance })
}

fn key(section: &mut Section<'_>, environment: &Environment, mistakes: &mut Vec<Mistake>) -> Option<WalletKey> {
    let before = mistakes.len();
    let file: Option<PathBuf> = section.path("key_file", mistakes);
    let variable: Option<String> = section.optional("key_env", mistakes);
    let (name, key) = match (file, variable) {
        (Some(path), None) => ("key_file", WalletKey::read(&path).map_err(|error| error.to_string())),
        (None, Some(variable)) => ("key_env", key_from_variable(&variable, environment)),
        (Some(_), Some(_)) => ("key_file", Err("key_file and key_env are both set; keep one".to_owned())),
        (None, None) if mistakes.len() > before => return None,
        (None, None) => ("key_file", Err("key_file or key_env is required".to_owned())),
    };
    key.map_err(|message| mistakes.push(Mistake::new(section.key(name), message))).ok()
}

fn key_from_variable(variable: &str, environment: &Environment) -> Result<WalletKey, String> {
    if super::secret::looks_like_key(variable) {
        return Err("expected the name of a variable; this looks like a private key itself".to_owned());
    }
    match environment.get(variable) {
        Some(Ok(text)) => WalletKey::new(text).map_err(|error| format!("{variable}: {error}")),
        Some(Err(_)) => Err(format!("{variable} isn't UTF-8")),
        None => Err(format!("{variable} is not set")),
    }
}
