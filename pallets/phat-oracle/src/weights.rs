//! What calls weigh.

mod substrate;

pub use substrate::SubstrateWeight;

use frame_support::weights::Weight;

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
