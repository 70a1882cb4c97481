use super::{EndpointUrl, ErrorCodes, failure, transport::MAX_ANSWER};
use crate::ChainError;
use jsonrpsee::ws_client::{PingConfig, WsClient, WsClientBuilder};
use rustls::ClientConfig;
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// Connecting calls no method whose error would have a meaning.
const NOTHING_CALLED: ErrorCodes = ErrorCodes { permanent: &[], own_trouble: &[], lacking: &[], limit: &[] };

/// The most announcements of one subscription that wait to be read. Nodes of polkadot-sdk send the entries of a long map
/// one by one.
const MAX_ANNOUNCED: usize = 16 * 1024;

/// A web socket for calls, connected when first needed and again after it broke.
pub(super) struct WebSocket {
    name: String,
    url: EndpointUrl,
    tls: ClientConfig,
    call_timeout: Duration,
    connected: Mutex<Option<Arc<WsClient>>>,
}

impl WebSocket {
    pub(super) fn new(name: String, url: EndpointUrl, tls: ClientConfig, call_timeout: Duration) -> Self {
        Self { name, url, tls, call_timeout, connected: Mutex::new(None) }
    }

    /// The connected client, within the time of a call: who waits for another's attempt to connect
    /// waits no longer than for its own.
    pub(super) async fn client(&self) -> Result<Arc<WsClient>, ChainError> {
        tokio::time::timeout(self.call_timeout, self.connected_client())
            .await
            .unwrap_or_else(|_late| Err(failure::no_answer(&self.name, self.call_timeout)))
    }

    async fn connected_client(&self) -> Result<Arc<WsClient>, ChainError> {
        let mut connected = self.connected.lock().await;
        if let Some(client) = connected.as_ref().filter(|client| client.is_connected()) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(connect(&self.name, &self.url, self.tls.clone(), self.call_timeout).await?);
        *connected = Some(Arc::clone(&client));
        Ok(client)
    }
}

impl std::fmt::Debug for WebSocket {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WebSocket").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Connects, within the time of a call. A peer that answers no ping within three times as long is
/// taken for dead.
///
/// # Errors
/// Where no connection comes about in that time.
pub async fn connect(
    name: &str,
    url: &EndpointUrl,
    tls: ClientConfig,
    call_timeout: Duration,
) -> Result<WsClient, ChainError> {
    let builder = WsClientBuilder::default()
        .with_custom_cert_store(tls)
        .request_timeout(call_timeout)
        .connection_timeout(call_timeout)
        .max_response_size(MAX_ANSWER)
        .max_buffer_capacity_per_subscription(MAX_ANNOUNCED)
        // A node has no business to send us elsewhere.
        .max_redirections(1)
        .enable_ws_ping(
            PingConfig::new()
                .ping_interval(call_timeout)
                .inactive_limit(call_timeout.saturating_mul(3))
                .max_failures(1),
        );
    match tokio::time::timeout(call_timeout, builder.build(url.expose())).await {
        Ok(connected) => {
            connected.map_err(|error| failure::classify(name, "connect", call_timeout, &NOTHING_CALLED, &error).into())
        }
        Err(_late) => Err(failure::no_answer(name, call_timeout)),
    }
}
