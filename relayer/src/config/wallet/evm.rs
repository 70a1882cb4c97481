//! What signs for a wallet on an EVM chain.

use super::{FromSettings, from_variable, the_one_set};
use crate::config::{EndpointUrl, Environment, Mistake, WalletKey, secret::owner_only, section::Section};
use phat_connector_evm::{PublicKey, SigningKey};
use phat_protocol::Amount;
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// What signs for a wallet.
#[derive(Clone, Debug)]
pub enum WalletSigner {
    /// A key in this process: from a file, the environment, or a keystore.
    Key(SigningKey),
    /// A key that stays with a signer, which is reached by Web3Signer's REST API.
    Remote {
        /// Where it is.
        url: EndpointUrl,
        /// Which of its keys.
        public_key: PublicKey,
    },
}

/// Those of which exactly one says what signs.
const SIGNERS: [&str; 4] = ["key_file", "key_env", "keystore_file", "signer_url"];

/// What the settings of a wallet say that signs, as they stand there.
#[derive(Default)]
struct Stated {
    key_file: Option<PathBuf>,
    key_env: Option<String>,
    keystore_file: Option<PathBuf>,
    password_file: Option<PathBuf>,
    password_env: Option<String>,
    signer_url: Option<EndpointUrl>,
    public_key: Option<PublicKey>,
}

impl FromSettings for WalletSigner {
    const SETTINGS: &'static [&'static str] = &[
        "key_file",
        "key_env",
        "keystore_file",
        "password_file",
        "password_env",
        "signer_url",
        "public_key",
        "min_balance",
    ];

    fn signer(section: &mut Section<'_>, environment: &Environment, mistakes: &mut Vec<Mistake>) -> Option<Self> {
        let before = mistakes.len();
        let name = the_one_set(&SIGNERS, section, mistakes);
        let has_password = section.has("password_file") || section.has("password_env");
        let has_public_key = section.has("public_key");
        let stated = Stated {
            key_file: section.path("key_file", mistakes),
            key_env: section.optional("key_env", mistakes),
            keystore_file: section.path("keystore_file", mistakes),
            password_file: section.path("password_file", mistakes),
            password_env: section.optional("password_env", mistakes),
            signer_url: section.optional("signer_url", mistakes),
            public_key: section.optional("public_key", mistakes),
        };
        if mistakes.len() > before {
            return None;
        }
        let name = name?;
        if has_password && name != "keystore_file" {
            let message = format!("a password is of no use with {name}");
            mistakes.push(Mistake::new(section.key("keystore_file"), message));
        }
        if has_public_key && name != "signer_url" {
            let message = format!("a public key is of no use with {name}");
            mistakes.push(Mistake::new(section.key("public_key"), message));
        }
        let signer = match stated {
            Stated { key_file: Some(path), .. } => {
                WalletKey::read(&path).map_err(|error| error.to_string()).and_then(|key| here(&key))
            }
            Stated { key_env: Some(variable), .. } => key_from_variable(&variable, environment),
            Stated { keystore_file: Some(path), password_file, password_env, .. } => {
                keystore(&path, password_file.as_deref(), password_env.as_deref(), environment)
            }
            Stated { signer_url: Some(url), public_key, .. } => remote(url, public_key),
            Stated { .. } => return None,
        };
        signer.map_err(|message| mistakes.push(Mistake::new(section.key(name), message))).ok()
    }

    fn min_balance(section: &mut Section<'_>, mistakes: &mut Vec<Mistake>) -> Option<Amount> {
        section.optional("min_balance", mistakes)
    }
}

fn here(key: &WalletKey) -> Result<WalletSigner, String> {
    SigningKey::from_hex(key.secret()).map(WalletSigner::Key).map_err(|error| error.to_string())
}

fn key_from_variable(variable: &str, environment: &Environment) -> Result<WalletSigner, String> {
    let text = from_variable(variable, environment)?;
    let key = WalletKey::new(text).map_err(|error| format!("{variable}: {error}"))?;
    here(&key).map_err(|error| format!("{variable}: {error}"))
}

fn keystore(
    path: &Path,
    password_file: Option<&Path>,
    password_env: Option<&str>,
    environment: &Environment,
) -> Result<WalletSigner, String> {
    let password = match (password_file, password_env) {
        // Editors end a file with a new line, which no password does.
        (Some(file), None) => {
            owner_only(file).map_err(|error| error.to_string())?.trim_end_matches(['\r', '\n']).into()
        }
        (None, Some(variable)) => SecretString::from(from_variable(variable, environment)?),
        (Some(_), Some(_)) => return Err("password_file and password_env are both set; keep one".to_owned()),
        (None, None) => return Err("password_file or password_env is required with it".to_owned()),
    };
    SigningKey::from_keystore(path, &password).map(WalletSigner::Key).map_err(|error| error.to_string())
}

fn remote(url: EndpointUrl, public_key: Option<PublicKey>) -> Result<WalletSigner, String> {
    if url.is_web_socket() {
        return Err("expected an http or https URL".to_owned());
    }
    let public_key = public_key.ok_or_else(|| "public_key is required with it".to_owned())?;
    Ok(WalletSigner::Remote { url, public_key })
}
