//! The limits that both oracles put on requests and reports.

/// The longest payload, in bytes.
pub const MAX_PAYLOAD: u32 = 16 * 1024;
/// The longest output, in bytes.
pub const MAX_OUTPUT: u32 = 16 * 1024;
/// The most gas that a callback may ask for: a batch stays under EIP-7825's 2^24 gas.
pub const MAX_CALLBACK_GAS: u32 = 5_000_000;
/// The least lifetime that an oracle's owner may set, in seconds.
pub const LEAST_LIFETIME: u64 = 60;
/// The longest lifetime of a request, in seconds: 30 days.
pub const MAX_LIFETIME: u64 = 30 * 24 * 60 * 60;
/// How far `executedAt` may lie ahead of the chain's clock, in seconds.
pub const MAX_EXECUTED_AHEAD: u64 = 300;
/// How far the `executedAt` that a relayer names may lie from the enclave's clock, in seconds.
pub const MAX_EXECUTED_SKEW: u64 = 60;
/// How old the block that a quote vouches for may be, in blocks.
pub const MAX_QUOTE_AGE: u64 = 256;
