use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// What a shell makes of a process that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Listens for SIGTERM and SIGINT from now on: the first cancels, the second ends the process.
///
/// # Errors
/// When the system refuses the listeners.
pub(super) fn stop(cancel: CancellationToken) -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("can't listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("can't listen for SIGINT")?;
    Ok(async move {
        either(&mut terminate, &mut interrupt).await;
        info!("stopping; a second signal stops at once");
        cancel.cancel();
        either(&mut terminate, &mut interrupt).await;
        warn!("stopped at once");
        std::process::exit(INTERRUPTED);
    })
}

async fn either(first: &mut Signal, second: &mut Signal) {
    tokio::select! {
        _ = first.recv() => {}
        _ = second.recv() => {}
    }
}
