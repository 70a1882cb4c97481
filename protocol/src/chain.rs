#![expect(clippy::cast_possible_truncation, reason = "the SCALE derive casts the variant's index")]

use crate::GenesisHash;
use parity_scale_codec::{Decode, Encode};

/// The chain that a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Chain {
    /// An EVM chain, by its EIP-155 chain id.
    #[codec(index = 0)]
    Evm(u64),
    /// A Substrate chain, by the hash of its first block.
    #[codec(index = 1)]
    Substrate(GenesisHash),
}
