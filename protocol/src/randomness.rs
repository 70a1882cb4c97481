use crate::{BlockHash, Digest, RequestId, WorkerAddress, hash::keccak256};
use parity_scale_codec::{Decode, Encode};

/// What a worker's VRF is asked for a request: keccak256(request id ‖ hash of the request's block). The id is
/// answered once, and which hash is the block's the chain knows: so nobody has a second try.
#[must_use]
pub fn vrf_alpha(request_id: &RequestId, block_hash: &BlockHash) -> Digest {
    Digest(keccak256(&[request_id.0, block_hash.0].concat()))
}

/// A random word that follows from a VRF's output, one of as many as anyone wants:
/// keccak256(abi.encode(bytes32 output, uint256 index)).
#[must_use]
pub fn random_word(output: &[u8; 32], index: u64) -> [u8; 32] {
    let mut message = [0; 64];
    message[..32].copy_from_slice(output);
    message[56..].copy_from_slice(&index.to_be_bytes());
    keccak256(&message)
}

/// What the host proves to the guest that answers a request: ECVRF-P256-SHA256-TAI (RFC 9381) of
/// [`vrf_alpha`], by the worker's VRF key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct VrfProof {
    /// The worker, as a registry knows it.
    pub worker: WorkerAddress,
    /// Its VRF public key, compressed. keccak256 of it is [`crate::WorkerKeys::vrf_key_hash`].
    pub public_key: [u8; 33],
    /// `pi_string`: Gamma, c and s.
    pub proof: [u8; 81],
    /// `beta_string`: the random value.
    pub output: [u8; 32],
}
