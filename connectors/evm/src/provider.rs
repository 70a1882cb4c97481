//! What `ethers` needs of the endpoints.

use async_trait::async_trait;
use ethers::providers::{JsonRpcClient, JsonRpcError, ProviderError, RpcError};
use phat_connector::{
    ChainError,
    rpc::{CallError, Endpoint, Endpoints, Params},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{error::Error as StdError, fmt::Debug};

/// The endpoints, as `ethers` calls them.
#[derive(Clone, Debug)]
pub(crate) struct Connection(pub(crate) Endpoints);

/// A call that didn't succeed, as `ethers` hands it on.
#[derive(Debug, thiserror::Error)]
#[error("{call}")]
pub(crate) struct ConnectionError {
    call: CallError,
    /// The error that the node answered, in ethers' type.
    answered: Option<JsonRpcError>,
}

impl From<CallError> for ConnectionError {
    fn from(call: CallError) -> Self {
        let answered = match &call {
            CallError::Answered(answered) => Some(JsonRpcError {
                code: answered.error.code,
                message: answered.error.message.clone(),
                data: answered.error.data.clone(),
            }),
            CallError::Failed(_) | CallError::TooLong { .. } => None,
        };
        Self { call, answered }
    }
}

impl RpcError for ConnectionError {
    fn as_error_response(&self) -> Option<&JsonRpcError> {
        self.answered.as_ref()
    }

    fn as_serde_error(&self) -> Option<&serde_json::Error> {
        None
    }
}

impl From<ConnectionError> for ProviderError {
    fn from(error: ConnectionError) -> Self {
        Self::JsonRpcClientError(Box::new(error))
    }
}

#[async_trait]
impl JsonRpcClient for Connection {
    type Error = ConnectionError;

    async fn request<T, R>(&self, method: &str, params: T) -> Result<R, ConnectionError>
    where
        T: Debug + Serialize + Send + Sync,
        R: DeserializeOwned + Send,
    {
        let params = Params::new(params);
        let ask = |endpoint: Endpoint| {
            let params = params.clone();
            async move { endpoint.request(method, params).await }
        };
        let raw = self.0.read(None, ask).await?;
        serde_json::from_str(raw.get()).map_err(|error| {
            let cause = error.to_string();
            CallError::Failed(ChainError::Malformed { method: method.to_owned(), cause }).into()
        })
    }
}

/// Takes our own error back out of `ethers`' one.
pub(crate) fn from_provider(method: &str, error: &ProviderError) -> CallError {
    if let ProviderError::JsonRpcClientError(inner) = error {
        let inner: &(dyn StdError + 'static) = inner.as_ref();
        if let Some(ours) = inner.downcast_ref::<ConnectionError>() {
            return ours.call.clone();
        }
    }
    ChainError::Malformed { method: method.to_owned(), cause: error.to_string() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_error_comes_back_out_of_ethers() {
        let limited = ChainError::RateLimited { endpoint: "http://node.example".to_owned(), retry_after: None };
        let wrapped = ProviderError::from(ConnectionError::from(CallError::Failed(limited)));
        let unwrapped = ChainError::from(from_provider("eth_call", &wrapped));
        assert!(matches!(unwrapped, ChainError::RateLimited { .. }), "{unwrapped:?}");
    }
}
