//! The root that contracts' keys are derived from.

use hkdf::Hkdf;
use phat_protocol::ContractId;
use schnorrkel::{ExpansionMode, MiniSecretKey};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The secret that every contract's keys come from. The same root, contract and salt give the same
/// key for ever.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct KeyRoot([u8; 32]);

impl KeyRoot {
    /// Takes 32 secret bytes of full entropy.
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The root of simulations: it follows from this one, which can't be found from it, and no key
    /// derived from it is a key of a contract.
    #[must_use]
    pub fn for_simulations(&self) -> Self {
        Self(expand(&self.0, &[b"phat-simulation/v1"]))
    }

    /// The contract's sr25519 secret for `salt`: HKDF-SHA256 (RFC 5869) without salt over the root,
    /// info = contract id ‖ salt ‖ "keygen", gives the seed; the 64 bytes are the key that sr25519
    /// expands it to (ed25519 style), scalar first.
    #[must_use]
    pub(crate) fn sr25519(&self, contract: &ContractId, salt: &[u8]) -> [u8; 64] {
        let mut seed = expand(&self.0, &[contract.as_bytes(), salt, b"keygen"]);
        let expanded = MiniSecretKey::from_bytes(&seed).map(|mini| mini.expand(ExpansionMode::Ed25519).to_bytes());
        seed.zeroize();
        // A mini secret of 32 bytes always expands.
        expanded.unwrap_or([0; 64])
    }
}

impl std::fmt::Debug for KeyRoot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeyRoot(redacted)")
    }
}

fn expand(root: &[u8; 32], info: &[&[u8]]) -> [u8; 32] {
    let mut output = [0; 32];
    // 32 bytes are far below HKDF's bound of 255 × 32.
    if Hkdf::<Sha256>::new(None, root).expand_multi_info(info, &mut output).is_err() {
        output = [0; 32];
    }
    output
}
