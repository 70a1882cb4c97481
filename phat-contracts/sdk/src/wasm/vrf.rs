//! The second chain extension: the random value of a request.

use super::extension;
use crate::randomness::VrfProof;
use parity_scale_codec::Decode;

const VRF: u32 = 1 << 16 | 3;
/// The length of its answer.
const LENGTH: usize = 20 + 33 + 81 + 32;
/// What it answers in a run that answers no request.
const NO_REQUEST: u32 = 2;

pub(super) fn get() -> Option<VrfProof> {
    match extension(VRF, &[], LENGTH) {
        Ok(answer) => Some(VrfProof::decode(&mut answer.as_slice()).expect("the host encodes proofs")),
        Err(NO_REQUEST) => None,
        Err(code) => panic!("chain extension function {VRF} failed with {code}"),
    }
}
