use phat_enclave_api::Enclave;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::info;

/// Says once who the enclave's worker is and what vouches for it, as soon as it answers; it is asked
/// again after each `pause`.
pub(super) async fn greet(enclave: &dyn Enclave, pause: Duration, cancel: &CancellationToken) {
    loop {
        let asked = tokio::select! {
            () = cancel.cancelled() => return,
            asked = enclave.status() => asked,
        };
        if let Ok(status) = asked {
            let attestation = status.attestation;
            info!(%attestation, worker = %status.keys.worker, "the enclave is there, with {attestation} attestation");
            return;
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}
