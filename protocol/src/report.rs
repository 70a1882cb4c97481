use crate::{Outcome, Payee, RequestId};
use alloc::vec::Vec;
use core::fmt;
use parity_scale_codec::{Decode, Encode};

/// The answer to one request, before or after it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Report {
    /// The request that this answers.
    pub request_id: RequestId,
    /// How the run ended.
    pub outcome: Outcome,
    /// The answer, or the contract's own error.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_hex"))]
    pub output: Vec<u8>,
    /// When it ran, unix seconds: the worker's claim.
    pub executed_at: u64,
    /// Who is paid, whoever submits.
    pub payee: Payee,
}

/// A recoverable secp256k1 signature: r‖s‖v with v = 27 or 28 and low s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Signature(pub [u8; 65]);

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Signature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::serde_hex::serialize(self.0.as_slice(), serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Signature {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: Vec<u8> = crate::serde_hex::deserialize(deserializer)?;
        bytes.try_into().map(Self).map_err(|_| serde::de::Error::custom("a signature has 65 bytes"))
    }
}
