//! Waiting on conditions, with a deadline.

use anyhow::{Result, bail};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two looks at a condition.
const POLL: Duration = Duration::from_millis(40);

/// Looks again and again until `condition` gives a value.
///
/// # Errors
/// When the condition fails, or when it has given nothing until the deadline; `what` says then what
/// was waited for.
pub async fn wait_for<T>(
    what: &str,
    deadline: Duration,
    mut condition: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(value) = condition().await? {
            return Ok(value);
        }
        if Instant::now() >= end {
            bail!("waited {deadline:?} in vain for {what}");
        }
        sleep(POLL).await;
    }
}

/// Looks again and again until `condition` holds.
///
/// # Errors
/// As [`wait_for`].
pub async fn eventually(
    what: &str,
    deadline: Duration,
    mut condition: impl AsyncFnMut() -> Result<bool>,
) -> Result<()> {
    wait_for(what, deadline, async || Ok(condition().await?.then_some(()))).await
}
