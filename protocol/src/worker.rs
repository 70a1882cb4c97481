use crate::{Digest, WorkerAddress, abi::Words, hash::keccak256};
use alloc::vec::Vec;
use core::fmt;

/// The public keys of one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WorkerKeys {
    /// The address of the secp256k1 key that signs reports.
    pub worker: WorkerAddress,
    /// The X25519 key that secrets are encrypted to.
    pub x25519: Digest,
    /// keccak256 of the VRF public key as RFC 9381 encodes it; zero without one.
    pub vrf_key_hash: Digest,
}

/// The 64 bytes that hardware evidence vouches for: a hash, and 32 zero bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReportData(pub [u8; 64]);

impl ReportData {
    pub(crate) fn from_hash(hash: [u8; 32]) -> Self {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&hash);
        Self(bytes)
    }
}

impl fmt::Debug for ReportData {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// keccak256("phat-config/v1" ‖ JSON), where the JSON is the enclave's effective configuration in
/// RFC 8785's canonical form.
#[must_use]
pub fn config_hash(canonical_json: &[u8]) -> Digest {
    let mut message = Vec::from(b"phat-config/v1".as_slice());
    message.extend_from_slice(canonical_json);
    Digest(keccak256(&message))
}

/// What the development key of simulated attestation signs:
/// keccak256(abi.encode(keccak256("phat-simulated-quote/v1"), measurement, keccak256(report_data))).
#[must_use]
pub fn simulated_quote_digest(measurement: &Digest, report_data: &ReportData) -> Digest {
    Digest(Words::tagged("phat-simulated-quote/v1").word(&measurement.0).word(&keccak256(&report_data.0)).keccak256())
}
