use k256::ecdsa::SigningKey;
use parity_scale_codec::{Decode, Encode};
use phat_executor::{KeyRoot, Randomness};
use phat_protocol::{Digest, Signature, WorkerAddress, WorkerKeys, keccak256};
use phat_vrf::{InvalidKey, SecretKey as VrfKey};
use std::{fmt, sync::Arc};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// The key that signs reports: secp256k1, known to chains by its Ethereum-style address.
pub struct WorkerKey(SigningKey);

/// Bytes that are no scalar of a key's group: zero, or not below its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no scalar of the key's group")]
pub struct InvalidScalar;

impl From<InvalidKey> for InvalidScalar {
    fn from(_: InvalidKey) -> Self {
        Self
    }
}

impl WorkerKey {
    /// The key with this scalar.
    ///
    /// # Errors
    /// When the scalar is zero or not below the group's order.
    pub fn from_scalar(scalar: &[u8; 32]) -> Result<Self, InvalidScalar> {
        SigningKey::from_slice(scalar).map(Self).map_err(|_| InvalidScalar)
    }

    /// The last 20 bytes of keccak256 of the uncompressed public key.
    #[must_use]
    pub fn address(&self) -> WorkerAddress {
        let point = self.0.verifying_key().to_encoded_point(false);
        let hash = keccak256(&point.as_bytes()[1..]);
        let mut address = [0; 20];
        address.copy_from_slice(&hash[12..]);
        WorkerAddress(address)
    }

    /// Signs the digest as it is, deterministically (RFC 6979), with low s and v of 27 or 28.
    ///
    /// # Errors
    /// Never for a digest that comes from a hash; the library has no infallible form.
    pub fn sign(&self, digest: &Digest) -> Result<Signature, k256::ecdsa::Error> {
        let (signature, recovery) = self.0.sign_prehash_recoverable(&digest.0)?;
        let (signature, flipped) = match signature.normalize_s() {
            Some(low) => (low, 1),
            None => (signature, 0),
        };
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + (u8::from(recovery.is_y_odd()) ^ flipped);
        Ok(Signature(bytes))
    }
}

impl fmt::Debug for WorkerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "WorkerKey({}, redacted)", self.address())
    }
}

/// What the enclave made inside at its first start: the worker's keys, among them the one that random values
/// come from, and the root of contracts' keys, which is another secret, so that it may outlive them.
pub(crate) struct Keys {
    worker: WorkerKey,
    x25519: StaticSecret,
    vrf: Arc<VrfKey>,
    contracts: Arc<KeyRoot>,
    secrets: Zeroizing<Secrets>,
}

/// The secrets as they are sealed.
#[derive(Clone, Encode, Decode, Default)]
struct Secrets {
    worker: [u8; 32],
    x25519: [u8; 32],
    contracts: [u8; 32],
    vrf: [u8; 32],
}

impl zeroize::Zeroize for Secrets {
    fn zeroize(&mut self) {
        self.worker.zeroize();
        self.x25519.zeroize();
        self.contracts.zeroize();
        self.vrf.zeroize();
    }
}

impl Keys {
    /// Makes new keys.
    pub(crate) fn generate(randomness: &dyn Randomness) -> Self {
        let mut secrets = Zeroizing::new(Secrets::default());
        randomness.fill(&mut secrets.x25519);
        randomness.fill(&mut secrets.contracts);
        loop {
            // One in 2^32 draws is no scalar of P-256, one in 2^128 none of secp256k1.
            randomness.fill(&mut secrets.worker);
            randomness.fill(&mut secrets.vrf);
            if let Ok(keys) = Self::from_secrets(secrets.clone()) {
                return keys;
            }
        }
    }

    fn from_secrets(secrets: Zeroizing<Secrets>) -> Result<Self, InvalidScalar> {
        Ok(Self {
            worker: WorkerKey::from_scalar(&secrets.worker)?,
            x25519: StaticSecret::from(secrets.x25519),
            vrf: Arc::new(VrfKey::from_scalar(&secrets.vrf)?),
            contracts: Arc::new(KeyRoot::new(secrets.contracts)),
            secrets,
        })
    }

    /// The keys as the store seals them.
    pub(crate) fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.secrets.encode())
    }

    /// Reads what [`Self::to_plain`] wrote; none when it is something else.
    pub(crate) fn from_plain(plain: &[u8]) -> Option<Self> {
        let mut rest = plain;
        let secrets = Zeroizing::new(Secrets::decode(&mut rest).ok()?);
        if rest.is_empty() { Self::from_secrets(secrets).ok() } else { None }
    }

    /// Reads what a store of format 1 or 2 has, which is without a VRF key, and makes that one; none when it is
    /// something else. The worker is another one to registries then.
    pub(crate) fn from_plain_without_vrf(plain: &[u8], randomness: &dyn Randomness) -> Option<Self> {
        let mut vrf = Zeroizing::new([0; 32]);
        loop {
            randomness.fill(vrf.as_mut_slice());
            if VrfKey::from_scalar(&vrf).is_ok() {
                break Self::from_plain(&Zeroizing::new([plain, vrf.as_slice()].concat()));
            }
        }
    }

    pub(crate) const fn worker(&self) -> &WorkerKey {
        &self.worker
    }

    /// The root of the keys that contracts derive.
    pub(crate) fn contracts(&self) -> Arc<KeyRoot> {
        Arc::clone(&self.contracts)
    }

    /// The key that secrets are encrypted to.
    pub(crate) const fn x25519(&self) -> &StaticSecret {
        &self.x25519
    }

    /// The key that random values come from.
    pub(crate) fn vrf(&self) -> Arc<VrfKey> {
        Arc::clone(&self.vrf)
    }

    /// The public keys.
    pub(crate) fn public(&self) -> WorkerKeys {
        WorkerKeys {
            worker: self.worker.address(),
            x25519: Digest(PublicKey::from(&self.x25519).to_bytes()),
            vrf_key_hash: Digest(keccak256(&self.vrf.public().to_bytes())),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keys({}, redacted)", self.worker.address())
    }
}

#[cfg(test)]
mod tests;
