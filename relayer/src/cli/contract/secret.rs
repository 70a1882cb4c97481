mod source;
mod vouched;

use super::owner::{Actor, Authority};
use crate::{api::ActedAnswer, cli::output::Output};
use anyhow::{anyhow, bail, ensure};
use clap::{Args, Subcommand};
use phat_enclave_api::{SecretsFor, SecretsRandom};
use phat_executor::Origin;
use phat_protocol::{ActionKind, Secret};
use rand::{RngCore, rngs::OsRng};
use source::Named;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A contract's secrets. They are encrypted here to the enclave's key: the relayer never sees them, and nobody can
/// read or list them back.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    Set(Set),
    Clear(Clear),
}

/// Replace a contract's whole set of secrets by the ones given here. Earlier ones that are not given again are gone.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  relayer contract secret set prices api-token=@token.txt signing=env:SIGNING_KEY \\\n    \
    --origin api-token=https://api.example.com --owner-key owner.key\nA secret without an origin may be sent nowhere."
)]
pub(crate) struct Set {
    #[command(flatten)]
    authority: Authority,
    /// A secret's name, and where its value is: in a file (of text without its last line break), in an environment
    /// variable, or on standard input.
    #[arg(value_name = "NAME=@FILE|env:VAR|-", required = true)]
    secrets: Vec<Named>,
    /// Where all of them may be sent, or one of them: scheme, host and port of an https server.
    #[arg(long, value_name = "[NAME=]URL")]
    origin: Vec<String>,
    #[command(flatten)]
    trust: vouched::Trust,
}

/// Take every secret away from a contract.
#[derive(Debug, Args)]
pub(crate) struct Clear {
    #[command(flatten)]
    authority: Authority,
    #[command(flatten)]
    trust: vouched::Trust,
}

impl SecretCommand {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Set(Set { authority, secrets, origin, trust }) => {
                let set = whole_set(&secrets, &origin)?;
                replace(authority, &trust, &set, output).await
            }
            Self::Clear(Clear { authority, trust }) => replace(authority, &trust, &[], output).await,
        }
    }
}

/// The secrets with their values and origins.
fn whole_set(named: &[Named], origins: &[String]) -> anyhow::Result<Vec<Secret>> {
    let mut allowed: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
    for given in origins {
        let (name, url) = match given.split_once('=') {
            Some((name, url)) => (Some(name), url),
            None => (None, given.as_str()),
        };
        if let Some(name) = name {
            ensure!(
                named.iter().any(|secret| secret.name == name),
                "--origin {given}: no secret called {name} is given"
            );
        }
        let origin = Origin::parse(url).map_err(|error| anyhow!("--origin {given}: {error}"))?;
        allowed.entry(name).or_default().push(origin.to_string());
    }
    let from_input = named.iter().filter(|secret| secret.is_from_input()).count();
    ensure!(from_input <= 1, "standard input holds one secret, and {from_input} are to come from there");
    let mut set: Vec<Secret> = Vec::with_capacity(named.len());
    for secret in named {
        let name = &secret.name;
        if set.iter().any(|earlier| earlier.name == *name) {
            bail!("two secrets are called {name}");
        }
        let origins =
            [None, Some(name.as_str())].iter().filter_map(|key| allowed.get(key)).flatten().cloned().collect();
        set.push(Secret { name: name.clone(), value: secret.read()?, origins });
    }
    Ok(set)
}

async fn replace(authority: Authority, trust: &vouched::Trust, set: &[Secret], output: &Output) -> anyhow::Result<()> {
    let actor: Actor = authority.look_up().await?;
    let progress = output.progress("asking the enclave who vouches for it");
    let worker = trust.encryption_key(&actor.client).await?;
    let addressed = SecretsFor { contract_id: actor.contract, nonce: actor.next_nonce(), worker };
    let mut random = SecretsRandom { ephemeral: Zeroizing::new([0; 32]), nonce: [0; 24] };
    OsRng.fill_bytes(random.ephemeral.as_mut_slice());
    OsRng.fill_bytes(&mut random.nonce);
    let data = addressed.encrypt(set, &random)?;
    progress.say("sending the encrypted secrets".to_owned());
    let acted: ActedAnswer = actor.act(ActionKind::Secrets, data).await?;
    drop(progress);
    output.show(&acted, |acted| {
        let have = match set {
            [] => "no secrets".to_owned(),
            _ => set.iter().map(|secret| secret.name.as_str()).collect::<Vec<_>>().join(", "),
        };
        format!("revision {} of {} has {have}, and nothing of what it had before", acted.revision, acted.contract_id)
    })
}

#[cfg(test)]
mod tests;
