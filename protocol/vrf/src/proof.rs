use crate::{
    PublicKey,
    curve::{self, CHALLENGE_BYTES, Encoded, POINT_BYTES, SCALAR_BYTES},
};
use p256::{ProjectivePoint, Scalar, elliptic_curve::PrimeField};

/// The length of a proof, in bytes.
pub const PROOF_BYTES: usize = POINT_BYTES + CHALLENGE_BYTES + SCALAR_BYTES;
/// The length of an output, in bytes.
pub const OUTPUT_BYTES: usize = 32;

/// `beta_string`: the value itself.
pub type Output = [u8; OUTPUT_BYTES];

/// `pi_string`: Gamma, compressed (33 bytes), the challenge c (16) and s (32, big-endian).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof([u8; PROOF_BYTES]);

/// Bytes that prove nothing about this key and input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no proof for this key and input")]
pub struct InvalidProof;

impl Proof {
    /// Takes the bytes as they are; [`PublicKey::verify`] judges them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; PROOF_BYTES]) -> Self {
        Self(bytes)
    }

    /// The proof as RFC 9381 encodes it.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; PROOF_BYTES] {
        self.0
    }

    /// The output that the proof is for (RFC 9381, section 5.2). It says nothing of whether the proof holds:
    /// for that there is [`PublicKey::verify`].
    ///
    /// # Errors
    /// When the bytes can't be decoded.
    pub fn output(&self) -> Result<Output, InvalidProof> {
        self.parts().map(|parts| curve::hash_of_gamma(&parts.gamma)).ok_or(InvalidProof)
    }

    pub(crate) fn from_parts(gamma: &Encoded, challenge: &[u8; CHALLENGE_BYTES], s: &Scalar) -> Self {
        let mut bytes = [0; PROOF_BYTES];
        let (point, rest) = bytes.split_at_mut(POINT_BYTES);
        let (middle, end) = rest.split_at_mut(CHALLENGE_BYTES);
        point.copy_from_slice(gamma);
        middle.copy_from_slice(challenge);
        end.copy_from_slice(&s.to_repr());
        Self(bytes)
    }

    /// `ECVRF_decode_proof`.
    fn parts(&self) -> Option<Parts> {
        let (gamma, rest) = self.0.split_first_chunk::<POINT_BYTES>()?;
        let (challenge, s) = rest.split_first_chunk::<CHALLENGE_BYTES>()?;
        let s: [u8; SCALAR_BYTES] = s.try_into().ok()?;
        Some(Parts {
            gamma: *gamma,
            gamma_point: curve::decode(gamma)?.into(),
            challenge: *challenge,
            // None when it isn't below the group's order.
            s: Option::from(Scalar::from_repr(s.into()))?,
        })
    }
}

struct Parts {
    gamma: Encoded,
    gamma_point: ProjectivePoint,
    challenge: [u8; CHALLENGE_BYTES],
    s: Scalar,
}

/// RFC 9381, section 5.3. All of it is public, so nothing here needs constant time.
pub(crate) fn verify(public: &PublicKey, alpha: &[u8], proof: &Proof) -> Result<Output, InvalidProof> {
    let expected = || {
        let parts = proof.parts()?;
        let h = ProjectivePoint::from(curve::encode_to_curve(&public.bytes, alpha)?);
        let c = curve::scalar_of(&parts.challenge);
        let u = ProjectivePoint::GENERATOR * parts.s - ProjectivePoint::from(public.point) * c;
        let v = h * parts.s - parts.gamma_point * c;
        let points = [&public.bytes, &curve::encode(&h)?, &parts.gamma, &curve::encode(&u)?, &curve::encode(&v)?];
        (curve::challenge(points) == parts.challenge).then(|| curve::hash_of_gamma(&parts.gamma))
    };
    expected().ok_or(InvalidProof)
}
