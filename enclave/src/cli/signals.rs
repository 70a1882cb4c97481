use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a shell makes of a process that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Listens for SIGTERM and SIGINT from now on: the first cancels, the second ends the process. What
/// was signed is in the store by then, and what runs is run again when it is asked for again.
///
/// # Errors
/// When the system refuses the listeners.
pub(super) fn stop(cancel: CancellationToken) -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be listened for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT can't be listened for")?;
    Ok(async move {
        either(&mut terminate, &mut interrupt).await;
        tracing::info!("stopping; a second signal stops at once");
        cancel.cancel();
        either(&mut terminate, &mut interrupt).await;
        tracing::warn!("stopped at once");
        std::process::exit(INTERRUPTED);
    })
}

async fn either(first: &mut Signal, second: &mut Signal) {
    tokio::select! {
        _ = first.recv() => {}
        _ = second.recv() => {}
    }
}
