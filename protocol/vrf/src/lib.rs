//! ECVRF-P256-SHA256-TAI ([RFC 9381](https://www.rfc-editor.org/rfc/rfc9381), suite 0x01): a keyed hash
//! whose value anyone can check who has the public key, and nobody can compute who lacks the secret one.
//!
//! For one key and one input there is one [`Output`], whatever the key's holder does. `no_std`, without
//! allocation: whoever is answered with a proof can check it.
//!
//! ```
//! use phat_vrf::{Proof, PublicKey, SecretKey};
//!
//! let secret = SecretKey::from_scalar(&[7; 32])?;
//! let proof = secret.prove(b"input")?;
//!
//! let public = PublicKey::from_bytes(secret.public().to_bytes())?;
//! let output = public.verify(b"input", &Proof::from_bytes(proof.to_bytes()))?;
//! assert_eq!(output, proof.output()?);
//! assert!(public.verify(b"another input", &proof).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]

mod curve;
mod proof;
mod secret;

pub use proof::{InvalidProof, OUTPUT_BYTES, Output, PROOF_BYTES, Proof};
pub use secret::{SecretKey, Unprovable};

use curve::Encoded;
use p256::AffinePoint;

/// The length of an encoded public key, in bytes.
pub const PUBLIC_KEY_BYTES: usize = curve::POINT_BYTES;

/// Bytes that are no key of this suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no key of P-256")]
pub struct InvalidKey;

/// Who can be asked for outputs, as the bytes that RFC 9381 encodes it to: SEC 1's compressed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey {
    point: AffinePoint,
    bytes: Encoded,
}

impl PublicKey {
    /// Reads a key (RFC 9381, section 5.4.5: a point of the curve other than the identity, which has no
    /// encoding of this length; the cofactor is 1).
    ///
    /// # Errors
    /// When the bytes are no compressed point of P-256.
    pub fn from_bytes(bytes: [u8; PUBLIC_KEY_BYTES]) -> Result<Self, InvalidKey> {
        curve::decode(&bytes).map(|point| Self { point, bytes }).ok_or(InvalidKey)
    }

    /// The key as RFC 9381 encodes it.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; PUBLIC_KEY_BYTES] {
        self.bytes
    }

    /// The output that this key has for `alpha`, if the proof shows it (RFC 9381, section 5.3).
    ///
    /// # Errors
    /// When the proof is of another key or another input, or is no proof.
    pub fn verify(&self, alpha: &[u8], proof: &Proof) -> Result<Output, InvalidProof> {
        proof::verify(self, alpha, proof)
    }
}
