//! What signs for a wallet on a Substrate chain.

use super::{FromSettings, from_variable, the_one_set};
use crate::config::{Environment, Mistake, money::Planck, secret::owner_only, section::Section};
use phat_connector_substrate::{KeyScheme, SubmitterKey};
use phat_protocol::Amount;
use secrecy::SecretString;
use std::path::PathBuf;

/// Those of which exactly one says what signs.
const SIGNERS: [&str; 2] = ["key_file", "key_env"];

impl FromSettings for SubmitterKey {
    const SETTINGS: &'static [&'static str] = &["key_file", "key_env", "key_scheme", "min_balance"];

    fn signer(section: &mut Section<'_>, environment: &Environment, mistakes: &mut Vec<Mistake>) -> Option<Self> {
        let before = mistakes.len();
        let name = the_one_set(&SIGNERS, section, mistakes);
        let file: Option<PathBuf> = section.path("key_file", mistakes);
        let variable: Option<String> = section.optional("key_env", mistakes);
        let scheme = section.or("key_scheme", KeyScheme::Sr25519, mistakes);
        if mistakes.len() > before {
            return None;
        }
        let name = name?;
        let secret = match (file, variable) {
            (Some(file), _) => {
                owner_only(&file).map(|text| SecretString::from(text.trim())).map_err(|error| error.to_string())
            }
            (None, Some(variable)) => from_variable(&variable, environment).map(|text| SecretString::from(text.trim())),
            (None, None) => return None,
        };
        secret
            .and_then(|secret| Self::from_secret(&secret, scheme).map_err(|error| error.to_string()))
            .map_err(|message| mistakes.push(Mistake::new(section.key(name), message)))
            .ok()
    }

    fn min_balance(section: &mut Section<'_>, mistakes: &mut Vec<Mistake>) -> Option<Amount> {
        section.optional("min_balance", mistakes).map(|Planck(amount)| amount)
    }
}
