use k256::elliptic_curve::sec1::ToEncodedPoint;
use phat_protocol::EvmAddress;
use std::{fmt, str::FromStr};

/// A secp256k1 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(k256::PublicKey);

/// Text that is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a secp256k1 public key in hexadecimal: 64 bytes, 65 or 33 with the prefix of SEC 1, or 88 of DER")]
pub struct InvalidPublicKey;

/// What a `SubjectPublicKeyInfo` of an uncompressed secp256k1 key begins with (RFC 5480): AWS KMS gives
/// public keys out so.
const DER_PREFIX: [u8; 23] = [
    0x30, 0x56, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
    0x0a, 0x03, 0x42, 0x00,
];

impl PublicKey {
    /// Reads a key from its bytes: `x` and `y` (64), SEC 1's point (33 or 65), or DER (88).
    ///
    /// # Errors
    /// When they are none of these, or no point of the curve.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidPublicKey> {
        let point = match bytes.strip_prefix(&DER_PREFIX) {
            Some(point) if point.len() == 65 => point.to_vec(),
            Some(_) => return Err(InvalidPublicKey),
            None if bytes.len() == 64 => [&[4], bytes].concat(),
            None => bytes.to_vec(),
        };
        k256::PublicKey::from_sec1_bytes(&point).map(Self).map_err(|_| InvalidPublicKey)
    }

    /// The account that it is of: the end of the point's keccak-256 hash.
    #[must_use]
    pub fn account(&self) -> EvmAddress {
        let hash = phat_protocol::keccak256(&self.coordinates());
        let mut address = [0; 20];
        address.copy_from_slice(hash.split_at(12).1);
        EvmAddress(address)
    }

    fn coordinates(&self) -> [u8; 64] {
        let mut coordinates = [0; 64];
        // After the prefix of SEC 1.
        coordinates.copy_from_slice(self.0.to_encoded_point(false).as_bytes().split_at(1).1);
        coordinates
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "0x{}", hex::encode(self.coordinates()))
    }
}

impl FromStr for PublicKey {
    type Err = InvalidPublicKey;

    fn from_str(text: &str) -> Result<Self, InvalidPublicKey> {
        let text = text.trim();
        let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|_| InvalidPublicKey)?;
        Self::from_bytes(&bytes)
    }
}
