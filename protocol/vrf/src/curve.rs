//! Points of P-256 as bytes, and hashes that the suite is made of (RFC 9381, sections 5.4 and 5.5).

use p256::{
    AffinePoint, EncodedPoint, ProjectivePoint, Scalar,
    elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint},
};
use sha2::{Digest, Sha256};

/// The length of a compressed point (ptLen), in bytes.
pub(crate) const POINT_BYTES: usize = 33;
/// The length of a challenge (cLen), in bytes.
pub(crate) const CHALLENGE_BYTES: usize = 16;
/// The length of a scalar (qLen), in bytes.
pub(crate) const SCALAR_BYTES: usize = 32;

/// A compressed point.
pub(crate) type Encoded = [u8; POINT_BYTES];

/// `suite_string`.
const SUITE: u8 = 0x01;
/// What each kind of hash begins with behind the suite, and ends with.
const ENCODE_TO_CURVE: u8 = 0x01;
const CHALLENGE: u8 = 0x02;
const PROOF_TO_HASH: u8 = 0x03;
const BACK: u8 = 0x00;

/// `string_to_point`: SEC 1's compressed form and nothing else.
pub(crate) fn decode(bytes: &Encoded) -> Option<AffinePoint> {
    // Of 33 bytes too is SEC 1's compact form, 0x05, which leaves the sign out.
    if !matches!(bytes[0], 0x02 | 0x03) {
        return None;
    }
    let encoded = EncodedPoint::from_bytes(bytes).ok()?;
    AffinePoint::from_encoded_point(&encoded).into()
}

/// `point_to_string`; none for the identity, which is no result of honest arithmetic here.
pub(crate) fn encode(point: &ProjectivePoint) -> Option<Encoded> {
    point.to_affine().to_encoded_point(true).as_bytes().try_into().ok()
}

/// `ECVRF_encode_to_curve_try_and_increment`, salted with the public key. A try succeeds in one case of two;
/// none when all 256 fail.
pub(crate) fn encode_to_curve(public: &Encoded, alpha: &[u8]) -> Option<AffinePoint> {
    (0..=u8::MAX).find_map(|counter| {
        let hash = Sha256::new_with_prefix([SUITE, ENCODE_TO_CURVE])
            .chain_update(public)
            .chain_update(alpha)
            .chain_update([counter, BACK])
            .finalize();
        let mut candidate = [0x02; POINT_BYTES];
        candidate[1..].copy_from_slice(&hash);
        decode(&candidate)
    })
}

/// `ECVRF_challenge_generation`: the public key, H, Gamma, U and V.
pub(crate) fn challenge(points: [&Encoded; 5]) -> [u8; CHALLENGE_BYTES] {
    let mut hasher = Sha256::new_with_prefix([SUITE, CHALLENGE]);
    for point in points {
        hasher.update(point);
    }
    let hash = hasher.chain_update([BACK]).finalize();
    let mut challenge = [0; CHALLENGE_BYTES];
    challenge.copy_from_slice(&hash[..CHALLENGE_BYTES]);
    challenge
}

/// A challenge as a scalar: it is shorter than the group's order.
pub(crate) fn scalar_of(challenge: &[u8; CHALLENGE_BYTES]) -> Scalar {
    Scalar::from(u128::from_be_bytes(*challenge))
}

/// `ECVRF_proof_to_hash` of an encoded Gamma; the cofactor is 1.
pub(crate) fn hash_of_gamma(gamma: &Encoded) -> [u8; 32] {
    Sha256::new_with_prefix([SUITE, PROOF_TO_HASH]).chain_update(gamma).chain_update([BACK]).finalize().into()
}
