//! The random value that a request is answered with.

use phat_protocol::{BlockHash, Digest, RequestId, VrfProof, WorkerAddress, vrf_alpha};
use phat_vrf::SecretKey;
use std::{fmt, sync::Arc};

/// The worker's VRF, bound to one request: there is one value for it, whatever the contract does.
pub struct Vrf {
    key: Arc<SecretKey>,
    worker: WorkerAddress,
    alpha: Digest,
}

impl Vrf {
    /// The VRF of this worker for the request with this id, in the block with this hash.
    #[must_use]
    pub fn new(key: Arc<SecretKey>, worker: WorkerAddress, request_id: &RequestId, block_hash: &BlockHash) -> Self {
        Self { key, worker, alpha: vrf_alpha(request_id, block_hash) }
    }

    /// The value and its proof; none for one request in 2^256.
    pub(crate) fn prove(&self) -> Option<VrfProof> {
        let proof = self.key.prove(&self.alpha.0).ok()?;
        Some(VrfProof {
            worker: self.worker,
            public_key: self.key.public().to_bytes(),
            proof: proof.to_bytes(),
            output: proof.output().ok()?,
        })
    }
}

impl fmt::Debug for Vrf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Vrf({}, redacted)", self.alpha)
    }
}
