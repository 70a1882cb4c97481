//! Extrinsics that a node is asked to spread.
//!
//! `transaction_v1_broadcast` is what every server of the specification has; it tells nothing of the extrinsic, which the
//! runtime was asked about before. It goes on until it is stopped, or, at nodes of polkadot-sdk, until the extrinsic is
//! final or can't be included any more. A node has room for a few (the specification promises 4, polkadot-sdk 16 for a
//! connection), so the oldest is stopped when there is no room for another, and none before: at polkadot-sdk, stopping one
//! takes its extrinsic out of the pool, and has the pool refuse it for half an hour. For the same reason the same bytes
//! sent again don't replace what was begun with them; a node that has them in its pool ends the second one at once.

use crate::words::Bytes;
use phat_connector::{
    ChainError,
    rpc::{Call, CallError, Endpoint},
};
use std::collections::VecDeque;
use tokio::sync::Mutex;

/// The most operations that are remembered, to be stopped.
const REMEMBERED: usize = 64;

/// What a node was asked to spread, oldest first. Those of a connection that is lost ended with it.
#[derive(Debug, Default)]
pub(super) struct Broadcasts(Mutex<VecDeque<String>>);

impl Broadcasts {
    /// Has a node spread an extrinsic.
    pub(super) async fn begin(&self, endpoint: &Endpoint, extrinsic: &[u8]) -> Result<(), CallError> {
        let mut begun = self.0.lock().await;
        loop {
            let call = Call::new("transaction_v1_broadcast", [Bytes(extrinsic.to_vec())]);
            match endpoint.call(call).await?.read::<Option<String>>()? {
                Some(operation) => {
                    begun.push_back(operation);
                    if begun.len() > REMEMBERED {
                        begun.pop_front();
                    }
                    return Ok(());
                }
                None => match begun.pop_front() {
                    Some(oldest) => stop(endpoint, oldest).await?,
                    None => {
                        let endpoint = endpoint.name().to_owned();
                        return Err(ChainError::RateLimited { endpoint, retry_after: None }.into());
                    }
                },
            }
        }
    }
}

/// Stops a broadcast. One that has ended is none that could be stopped.
async fn stop(endpoint: &Endpoint, operation: String) -> Result<(), CallError> {
    let reply = endpoint.call(Call::new("transaction_v1_stop", [operation])).await?;
    if let Some(error) = reply.error() {
        tracing::debug!(endpoint = endpoint.name(), %error, "a broadcast had ended");
    }
    Ok(())
}
