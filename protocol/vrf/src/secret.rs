use crate::{
    InvalidKey, Proof, PublicKey,
    curve::{self, Encoded},
};
use core::fmt;
use p256::{
    FieldBytes, NistP256, NonZeroScalar, ProjectivePoint, Scalar, U256,
    elliptic_curve::{Curve, PrimeField, bigint::ArrayEncoding, ops::Reduce},
};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// The key that outputs come from. What is done with it takes the same time whatever it is; dropped, it is
/// wiped.
pub struct SecretKey {
    scalar: NonZeroScalar,
    public: PublicKey,
}

/// An input that no try hashes to a point of the curve: one in 2^256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no point of the curve was found for the input")]
pub struct Unprovable;

impl SecretKey {
    /// The key with this scalar, big-endian: 32 random bytes, drawn again when they are none.
    ///
    /// # Errors
    /// When the scalar is zero or not below the group's order.
    pub fn from_scalar(bytes: &[u8; 32]) -> Result<Self, InvalidKey> {
        let scalar: Option<NonZeroScalar> = NonZeroScalar::from_repr(FieldBytes::from(*bytes)).into();
        let scalar = scalar.ok_or(InvalidKey)?;
        let encoded = curve::encode(&(ProjectivePoint::GENERATOR * *scalar)).ok_or(InvalidKey)?;
        Ok(Self { scalar, public: PublicKey::from_bytes(encoded)? })
    }

    /// Who can check its proofs.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Proves this key's output for `alpha` (RFC 9381, section 5.1): the same proof each time.
    ///
    /// # Errors
    /// For one input in 2^256.
    pub fn prove(&self, alpha: &[u8]) -> Result<Proof, Unprovable> {
        let h = ProjectivePoint::from(curve::encode_to_curve(&self.public.bytes, alpha).ok_or(Unprovable)?);
        let h_bytes = curve::encode(&h).ok_or(Unprovable)?;
        let mut k = self.nonce(&h_bytes);
        let gamma = curve::encode(&(h * *self.scalar)).ok_or(Unprovable)?;
        let u = curve::encode(&(ProjectivePoint::GENERATOR * k)).ok_or(Unprovable)?;
        let v = curve::encode(&(h * k)).ok_or(Unprovable)?;
        let challenge = curve::challenge([&self.public.bytes, &h_bytes, &gamma, &u, &v]);
        let s = k + curve::scalar_of(&challenge) * *self.scalar;
        k.zeroize();
        Ok(Proof::from_parts(&gamma, &challenge, &s))
    }

    /// `ECVRF_nonce_generation_RFC6979` (section 5.4.2.1): RFC 6979, section 3.2, of the encoded H, without
    /// additional data.
    fn nonce(&self, h: &Encoded) -> Scalar {
        let hashed = <Scalar as Reduce<U256>>::reduce_bytes(&Sha256::digest(h)).to_repr();
        let secret = Zeroizing::new(self.scalar.to_repr());
        let nonce = rfc6979::generate_k::<Sha256, _>(&secret, &NistP256::ORDER.to_be_byte_array(), &hashed, &[]);
        // It is below the order already.
        <Scalar as Reduce<U256>>::reduce_bytes(&nonce)
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.scalar.zeroize();
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(redacted)")
    }
}
