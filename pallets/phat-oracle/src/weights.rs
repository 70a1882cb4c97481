//! What calls weigh.

use core::marker::PhantomData;
use frame_support::weights::{Weight, constants::RocksDbWeight};

/// Weights of the pallet's calls, without what consumers and verifiers add.
pub trait WeightInfo {
    /// A request with `p` bytes of payload.
    fn request(p: u32) -> Weight;
    /// A report with `s` signatures and `o` bytes of output.
    fn fulfill(s: u32, o: u32) -> Weight;
    /// A look at a report of a submission, with `s` signatures and `o` bytes of output, the submitter's signature
    /// included.
    fn authorize_submission(s: u32, o: u32) -> Weight;
    /// What a submission writes beside its reports.
    fn use_nonce() -> Weight;
    /// A retry with `o` bytes of output.
    fn retry_callback(o: u32) -> Weight;
    /// A request given up.
    fn cancel() -> Weight;
    /// A credit paid out.
    fn withdraw() -> Weight;
    /// A registration.
    fn register_worker() -> Weight;
    /// A revocation.
    fn revoke_worker() -> Weight;
    /// A pair allowed.
    fn allow_pair() -> Weight;
    /// A pair disallowed.
    fn disallow_pair() -> Weight;
    /// Any setting.
    fn set() -> Weight;
}

/// Weights by estimate: computing at twice and more of the time that it took natively, and what is read and written at
/// the usual cost of RocksDB. (Natively, in memory, on one core of a machine with two: 50 µs for a report with one
/// signature, 32 µs for each more, 2.5 ns for each byte of payload or output, 92 µs for a registration.)
pub struct Estimated<T>(PhantomData<T>);

/// A request, whole, is read and written with up to 33 KiB.
const REQUEST_PROOF: u64 = 36_000;

impl<T: frame_system::Config> WeightInfo for Estimated<T> {
    fn request(p: u32) -> Weight {
        Weight::from_parts(60_000_000, REQUEST_PROOF)
            .saturating_add(Weight::from_parts(10_000, 0).saturating_mul(p.into()))
            .saturating_add(reads_writes(9, 4))
    }
    fn fulfill(s: u32, o: u32) -> Weight {
        Weight::from_parts(100_000_000, REQUEST_PROOF)
            .saturating_add(Weight::from_parts(10_000, 0).saturating_mul(o.into()))
            .saturating_add(Weight::from_parts(70_000_000, 5_400).saturating_mul(s.into()))
            .saturating_add(reads_writes(2, 0).saturating_mul(s.into()))
            .saturating_add(reads_writes(8, 6))
    }
    fn authorize_submission(s: u32, o: u32) -> Weight {
        Weight::from_parts(150_000_000, REQUEST_PROOF + 2_600)
            .saturating_add(Weight::from_parts(20_000, 0).saturating_mul(o.into()))
            .saturating_add(Weight::from_parts(70_000_000, 5_400).saturating_mul(s.into()))
            .saturating_add(reads_writes(2, 0).saturating_mul(s.into()))
            .saturating_add(reads_writes(6, 0))
    }
    fn use_nonce() -> Weight {
        Weight::from_parts(10_000_000, 2_600).saturating_add(reads_writes(0, 1))
    }
    fn retry_callback(o: u32) -> Weight {
        Weight::from_parts(50_000_000, REQUEST_PROOF)
            .saturating_add(Weight::from_parts(10_000, 0).saturating_mul(o.into()))
            .saturating_add(reads_writes(3, 1))
    }
    fn cancel() -> Weight {
        Weight::from_parts(80_000_000, REQUEST_PROOF).saturating_add(reads_writes(5, 4))
    }
    fn withdraw() -> Weight {
        Weight::from_parts(50_000_000, 4_000).saturating_add(reads_writes(3, 3))
    }
    fn register_worker() -> Weight {
        Weight::from_parts(100_000_000, 60_000).saturating_add(reads_writes(24, 2))
    }
    fn revoke_worker() -> Weight {
        Weight::from_parts(40_000_000, 8_000).saturating_add(reads_writes(2, 3))
    }
    fn allow_pair() -> Weight {
        Weight::from_parts(20_000_000, 0).saturating_add(reads_writes(0, 1))
    }
    fn disallow_pair() -> Weight {
        Weight::from_parts(20_000_000, 0).saturating_add(reads_writes(0, 1))
    }
    fn set() -> Weight {
        Weight::from_parts(20_000_000, 1_500).saturating_add(reads_writes(1, 2))
    }
}

fn reads_writes(reads: u64, writes: u64) -> Weight {
    RocksDbWeight::get().reads_writes(reads, writes)
}
