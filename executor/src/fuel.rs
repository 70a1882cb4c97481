//! What calls and host functions cost, in the unit of the guest's own instructions (about 3 ns each).

/// A guest's call of a function, its own or the host's. The engine sets the function's locals to
/// zero and charges nothing for that: this is for as many as a function may have, at 128 bytes a
/// unit.
pub(crate) const GUEST_CALL: u8 = 64;
/// Any call into the host, beside that.
pub(crate) const CALL: u64 = 50;
/// Every byte that crosses the boundary, either way.
pub(crate) const BYTE: u64 = 1;
/// Every byte that is hashed.
pub(crate) const HASHED_BYTE: u64 = 4;
/// Making, checking or recovering one signature, or deriving one key.
pub(crate) const SIGNATURE: u64 = 100_000;
/// Proving the output of the worker's VRF: six multiplications of a point, each as long as a signature's.
pub(crate) const VRF: u64 = 600_000;
/// One storage access, beside its bytes.
pub(crate) const STORAGE: u64 = 500;
/// Calling a contract, or making one, beside its bytes: an instance and its memory.
pub(crate) const FRAME: u64 = 50_000;
/// Asking for another contract, or for code, which may have to be read from disk.
pub(crate) const LOOKUP: u64 = 50_000;
/// One HTTP request, beside its bytes.
pub(crate) const HTTP_REQUEST: u64 = 500_000;

/// The price of `bytes` bytes at `each`.
pub(crate) fn of_bytes(bytes: usize, each: u64) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(each)
}
