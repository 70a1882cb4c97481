//! Reading another chain through several JSON-RPC endpoints, of which enough must say the same.
//!
//! A [`Reading`] asks all endpoints of a [`Quorum`] at once, round after round. What at least `minimum` of them say
//! alike is taken; two different answers with that many voices each are none. Which block is read is settled first
//! ([`Reading::final_block`]), so that endpoints which are a block apart still agree on everything else.

mod endpoint;
mod reading;
mod reply;

pub use endpoint::{Endpoint, MAX_ENDPOINTS, Quorum};
pub use reading::{Agreed, Answers, Block, ChainError, Reading};
pub use reply::{EndpointError, Reply, hash, quantity};
