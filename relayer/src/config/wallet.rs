//! The wallets that submit to a chain: what signs for them, and what they should hold.

use super::{EndpointUrl, Environment, Mistake, WalletKey, secret::owner_only, section::Section};
use phat_connector_evm::{PublicKey, SigningKey};
use phat_protocol::Amount;
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// A wallet that submits and pays.
#[derive(Clone, Debug)]
pub struct WalletConfig {
    /// What signs.
    pub signer: WalletSigner,
    /// The least that it should hold, in wei; none where nobody is to be told of less.
    pub min_balance: Option<Amount>,
}

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

/// The settings of one wallet.
const SETTINGS: [&str; 8] = [
    "key_file",
    "key_env",
    "keystore_file",
    "password_file",
    "password_env",
    "signer_url",
    "public_key",
    "min_balance",
];
/// Those of which exactly one says what signs.
const SIGNERS: [&str; 4] = ["key_file", "key_env", "keystore_file", "signer_url"];

/// Reads the wallets of a chain: `[[chains.NAME.wallets]]`, or the settings of the only one in the
/// chain's own section. None when a mistake leaves none.
pub(super) fn read(
    section: &mut Section<'_>,
    environment: &Environment,
    mistakes: &mut Vec<Mistake>,
) -> Option<Vec<WalletConfig>> {
    if !section.has("wallets") {
        return wallet(section, environment, mistakes).map(|wallet| vec![wallet]);
    }
    for name in SETTINGS {
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

fn wallet(section: &mut Section<'_>, environment: &Environment, mistakes: &mut Vec<Mistake>) -> Option<WalletConfig> {
    let min_balance = section.optional("min_balance", mistakes);
    let signer = signer(section, environment, mistakes);
    Some(WalletConfig { signer: signer?, min_balance })
}

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

fn signer(section: &mut Section<'_>, environment: &Environment, mistakes: &mut Vec<Mistake>) -> Option<WalletSigner> {
    let before = mistakes.len();
    let set: Vec<&str> = SIGNERS.into_iter().filter(|name| section.has(name)).collect();
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
    let name = match set[..] {
        [name] => name,
        [] => {
            let message = "key_file, key_env, keystore_file or signer_url is required";
            mistakes.push(Mistake::new(section.key("key_file"), message));
            return None;
        }
        [first, second, ..] => {
            let message = format!("{first} and {second} are both set; keep one");
            mistakes.push(Mistake::new(section.key(first), message));
            return None;
        }
    };
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

fn here(key: &WalletKey) -> Result<WalletSigner, String> {
    SigningKey::from_hex(key.secret()).map(WalletSigner::Key).map_err(|error| error.to_string())
}

fn key_from_variable(variable: &str, environment: &Environment) -> Result<WalletSigner, String> {
    let text = from_variable(variable, environment)?;
    let key = WalletKey::new(text).map_err(|error| format!("{variable}: {error}"))?;
    here(&key).map_err(|error| format!("{variable}: {error}"))
}

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
