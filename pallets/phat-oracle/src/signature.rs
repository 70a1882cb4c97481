//! Recovery of a signature's signer, as strict as the protocol is.

use crate::WorkerAddress;
use sp_io::{crypto::secp256k1_ecdsa_recover, hashing::keccak_256};

/// Half the order of secp256k1, rounded down: the highest low s (EIP-2).
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e,
    0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// Who signed the digest; none for a signature with another v than 27 and 28, a high s, or without a key. The runtime's
/// recovery takes more than that: v of 0 to 3, and a high s.
pub(crate) fn signer(signature: &[u8; 65], digest: &[u8; 32]) -> Option<WorkerAddress> {
    let (_, s_and_v) = signature.split_first_chunk::<32>()?;
    let (s, v) = s_and_v.split_first_chunk::<32>()?;
    if !matches!(v, [27 | 28]) || *s > HALF_ORDER {
        return None;
    }
    let key = secp256k1_ecdsa_recover(signature, digest).ok()?;
    keccak_256(&key).last_chunk().copied()
}
