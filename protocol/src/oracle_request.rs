use crate::{BlockHash, Chain, RequestId};
use alloc::vec::Vec;
use parity_scale_codec::{Decode, Encode};

/// The selector of the message `handle_request`, which every request calls.
pub const HANDLE_REQUEST: [u8; 4] = [0x14, 0xff, 0x6a, 0xfa];

/// What the guest gets: the one argument of `handle_request`, SCALE-encoded after the selector.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OracleRequest {
    /// Where the request was made.
    pub chain: Chain,
    /// The oracle's 20-byte address, or the pallet's instance name.
    pub oracle: Vec<u8>,
    /// The request's id.
    pub request_id: RequestId,
    /// Who asked: a 20-byte address or an encoded AccountId.
    pub consumer: Vec<u8>,
    /// What was asked.
    pub payload: Vec<u8>,
    /// Until when an answer is accepted, unix seconds.
    pub expires_at: u64,
    /// Hash of the request's block; the relayer's word, not bound by the id.
    pub block_hash: BlockHash,
}

impl OracleRequest {
    /// The whole input of the call: selector and argument.
    #[must_use]
    pub fn call_input(&self) -> Vec<u8> {
        let mut input = Vec::with_capacity(4 + self.size_hint());
        input.extend_from_slice(&HANDLE_REQUEST);
        self.encode_to(&mut input);
        input
    }
}
