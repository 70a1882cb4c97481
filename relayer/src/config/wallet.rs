//! The wallets that submit to a chain: what signs for them, and what they should hold.

mod evm;
mod substrate;

pub use evm::WalletSigner;

use super::{Environment, Mistake, section::Section};
use phat_protocol::Amount;

/// A wallet that submits and pays.
#[derive(Clone, Debug)]
pub struct WalletConfig<Signer> {
    /// What signs.
    pub signer: Signer,
    /// The least that it should hold, in the chain's smallest unit; none where nobody is to be told of less.
    pub min_balance: Option<Amount>,
}

/// What signs for wallets of a family of chains, and how their settings say it.
pub(super) trait FromSettings: Sized {
    /// The settings of one wallet.
    const SETTINGS: &'static [&'static str];

    /// Reads what signs; none when a mistake leaves nothing.
    fn signer(section: &mut Section<'_>, environment: &Environment, mistakes: &mut Vec<Mistake>) -> Option<Self>;

    /// Reads the least that a wallet should hold.
    fn min_balance(section: &mut Section<'_>, mistakes: &mut Vec<Mistake>) -> Option<Amount>;
}

/// Reads the wallets of a chain: `[[chains.NAME.wallets]]`, or the settings of the only one in the
/// chain's own section. None when a mistake leaves none.
pub(super) fn read<Signer: FromSettings>(
    section: &mut Section<'_>,
    environment: &Environment,
    mistakes: &mut Vec<Mistake>,
) -> Option<Vec<WalletConfig<Signer>>> {
    if !section.has("wallets") {
        return wallet(section, environment, mistakes).map(|wallet| vec![wallet]);
    }
    for &name in Signer::SETTINGS {
        if section.ignore(name) {
            mistakes.push(Mistake::new(section.key(name), "stands beside [[wallets]]; put it into one of them"));
        }
    }
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

fn wallet<Signer: FromSettings>(
    section: &mut Section<'_>,
    environment: &Environment,
    mistakes: &mut Vec<Mistake>,
) -> Option<WalletConfig<Signer>> {
    let min_balance = Signer::min_balance(section, mistakes);
    let signer = Signer::signer(section, environment, mistakes);
    Some(WalletConfig { signer: signer?, min_balance })
}

/// The one of `names` that is set. None, and a mistake, where it isn't one.
fn the_one_set(names: &[&'static str], section: &Section<'_>, mistakes: &mut Vec<Mistake>) -> Option<&'static str> {
    let set: Vec<&str> = names.iter().copied().filter(|name| section.has(name)).collect();
    let (key, message) = match set[..] {
        [name] => return names.iter().copied().find(|known| *known == name),
        [] => {
            let (last, others) = names.split_last()?;
            (*names.first()?, format!("{} or {last} is required", others.join(", ")))
        }
        [first, second, ..] => (first, format!("{first} and {second} are both set; keep one")),
    };
    mistakes.push(Mistake::new(section.key(key), message));
    None
}

/// What the variable of that name holds.
fn from_variable<'a>(variable: &str, environment: &'a Environment) -> Result<&'a str, String> {
    if super::secret::looks_like_key(variable) {
        return Err("expected the name of a variable; this looks like a private key itself".to_owned());
    }
    match environment.get(variable) {
        Some(Ok(text)) => Ok(text),
        Some(Err(_)) => Err(format!("{variable} isn't UTF-8")),
        None => Err(format!("{variable} is not set")),
    }
}
