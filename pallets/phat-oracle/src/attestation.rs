//! What workers register with.

mod simulated;

pub use simulated::SimulatedVerifier;

use crate::Measurement;
use frame_support::weights::Weight;

/// What evidence vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attested {
    /// What the hardware says is running.
    pub measurement: Measurement,
    /// What the running code says of itself: a hash of the worker's keys and where it registers, and 32 zero bytes.
    pub report_data: [u8; 64],
}

/// Evidence that proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvidenceRefused;

/// Checks evidence.
pub trait AttestationVerifier {
    /// What the evidence vouches for, at a time in unix seconds.
    ///
    /// # Errors
    /// When it isn't genuine.
    fn verify(evidence: &[u8], now: u64) -> Result<Attested, EvidenceRefused>;

    /// The most that [`Self::verify`] weighs with so many bytes of evidence.
    fn weight(evidence_length: u32) -> Weight;

    /// Evidence that [`Self::verify`] takes, for benchmarks.
    #[cfg(feature = "runtime-benchmarks")]
    fn evidence(measurement: Measurement, report_data: &[u8; 64]) -> alloc::vec::Vec<u8>;
}
