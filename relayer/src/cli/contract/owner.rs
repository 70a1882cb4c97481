//! Acting as a contract's owner: the key, the signature, and what is signed.

use super::owner as owner_in_words;
use crate::{
    api::{ActOrder, ActedAnswer, ContractAnswer},
    cli::{
        argument::Called,
        client::{Api, Client},
    },
    clock::{Clock, Millis, SystemClock},
    config::WalletKey,
};
use anyhow::{Context, bail, ensure};
use clap::Args;
use k256::ecdsa::SigningKey;
use phat_protocol::{ActionKind, ContractId, ContractSeed, EvmAddress, Owner, OwnerAction, keccak256};
use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey};
use secrecy::ExposeSecret;
use std::{path::PathBuf, time::Duration};
use zeroize::Zeroizing;

/// What sr25519 signs in, on every Substrate chain.
const SUBSTRATE_CONTEXT: &[u8] = b"substrate";

/// On which contract one acts, and as whom.
#[derive(Debug, Args)]
pub(crate) struct Authority {
    /// The contract's id, or its name where no other has the same.
    #[arg(value_name = "ID|NAME")]
    contract: Called,
    /// The owner's private key, 64 hexadecimal digits in a file that nobody else can read: a secp256k1 key where the
    /// owner is an EVM address, otherwise the seed of an sr25519 key.
    #[arg(long, value_name = "FILE")]
    owner_key: PathBuf,
    /// How long the enclave accepts what is signed.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration)]
    valid_for: Duration,
    #[command(flatten)]
    api: Api,
}

/// A contract, its owner's key, and the relayer that passes on what is signed.
pub(super) struct Actor {
    pub(super) client: Client,
    pub(super) contract: ContractId,
    /// The contract's revision when it was looked up.
    revision: u64,
    key: OwnerKey,
    not_after: u64,
    now: Millis,
}

impl Authority {
    /// Looks up the contract, and checks that the key is its owner's.
    pub(super) async fn look_up(self) -> anyhow::Result<Actor> {
        let client = self.api.connect()?;
        let contract = self.contract.id(&client).await?;
        let answer: ContractAnswer = client.get(&["v1", "contracts", &contract.to_string()], &[]).await?;
        let entry = answer.summary.entry;
        let seed = ContractSeed {
            code_hash: entry.code_hash,
            init_data: &entry.init_data,
            owner: entry.owner,
            salt: entry.salt,
        };
        ensure!(seed.contract_id() == contract, "the relayer tells of {contract} what its id doesn't say");
        let key = OwnerKey::read(&self.owner_key, &entry.owner)?;
        let now = Millis::now(&SystemClock);
        let not_after = SystemClock.now().saturating_add(self.valid_for).as_secs();
        Ok(Actor { client, contract, revision: entry.revision, key, not_after, now })
    }
}

impl Actor {
    /// The nonce of the next message or set of secrets.
    pub(super) const fn next_nonce(&self) -> u64 {
        self.revision.saturating_add(1)
    }

    /// Signs an action, and has the relayer pass it on.
    pub(super) async fn act(&self, kind: ActionKind, data: Vec<u8>) -> anyhow::Result<ActedAnswer> {
        let nonce = match kind {
            ActionKind::Message | ActionKind::Secrets => self.next_nonce(),
            // Each later than the last: milliseconds of the clock.
            ActionKind::Query => u64::try_from(self.now.0).unwrap_or(0),
        };
        let action = OwnerAction { contract_id: self.contract, nonce, not_after: self.not_after, kind, data };
        let signature = self.key.sign(&action)?;
        let OwnerAction { contract_id, nonce, not_after, kind, data } = action;
        let order = ActOrder { nonce, not_after, kind, data, signature };
        self.client.post(&["v1", "contracts", &contract_id.to_string(), "actions"], &order).await
    }
}

/// The private key of a contract's owner. It isn't shown.
enum OwnerKey {
    Evm(SigningKey),
    Sr25519(Box<Keypair>),
}

impl OwnerKey {
    /// The key in a file that only its owner may read, which has to be this owner's.
    fn read(path: &std::path::Path, owner: &Owner) -> anyhow::Result<Self> {
        ensure!(!owner.is_nobody(), "nobody owns the contract, so it can't be changed (`contract deploy --owner`)");
        let text = WalletKey::read(path)?;
        let digits = text.secret().expose_secret();
        let mut secret = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), secret.as_mut_slice())
            .with_context(|| format!("{} holds no key", path.display()))?;
        let (key, its) = match owner.evm_address() {
            Some(_) => {
                let key = SigningKey::from_slice(secret.as_slice())
                    .with_context(|| format!("{} holds no secp256k1 key", path.display()))?;
                let address = address_of(&key)?;
                (Self::Evm(key), Owner::from(address))
            }
            None => {
                let pair = MiniSecretKey::from_bytes(secret.as_slice())
                    .map_err(|error| anyhow::anyhow!("{} holds no sr25519 seed: {error}", path.display()))?
                    .expand_to_keypair(ExpansionMode::Ed25519);
                let public = pair.public.to_bytes();
                (Self::Sr25519(Box::new(pair)), Owner::from(public))
            }
        };
        if its != *owner {
            let (its, owner) = (owner_in_words(its), owner_in_words(*owner));
            bail!("{} is the key of {its}, and the contract's owner is {owner}", path.display());
        }
        Ok(key)
    }

    /// The owner's signature as the protocol says: 65 bytes over the EIP-712 digest, or 64 of sr25519.
    fn sign(&self, action: &OwnerAction) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Evm(key) => {
                let (signature, recovery) = key.sign_prehash_recoverable(&action.evm_digest().0)?;
                let (signature, flipped) = match signature.normalize_s() {
                    Some(low) => (low, 1),
                    None => (signature, 0),
                };
                let v = 27 + (u8::from(recovery.is_y_odd()) ^ flipped);
                Ok([signature.to_bytes().as_slice(), &[v]].concat())
            }
            Self::Sr25519(pair) => {
                Ok(pair.sign_simple(SUBSTRATE_CONTEXT, &action.substrate_message()).to_bytes().to_vec())
            }
        }
    }
}

/// The last 20 bytes of keccak256 of the uncompressed public key.
fn address_of(key: &SigningKey) -> anyhow::Result<EvmAddress> {
    let point = key.verifying_key().to_encoded_point(false);
    let hash = keccak256(point.as_bytes().get(1..).unwrap_or_default());
    Ok(EvmAddress::try_from(hash.get(12..).unwrap_or_default())?)
}
