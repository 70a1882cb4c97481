use super::stall::Patient;
use axum::Router;
use std::{future::IntoFuture, io, time::Duration};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

/// How long calls that are under way may take to end once the API is to stop.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// Serves the API until it is cancelled; calls that are under way then have five seconds. A client that
/// reads nothing of its answer for a minute is cut off.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, router: Router, cancel: CancellationToken) -> io::Result<()> {
    let stop = cancel.clone().cancelled_owned();
    let served = axum::serve(Patient(listener), router).with_graceful_shutdown(stop).into_future();
    tokio::pin!(served);
    tokio::select! {
        ended = &mut served => ended,
        () = cancel.cancelled() => timeout(LAST_CALLS, served).await.unwrap_or(Ok(())),
    }
}
