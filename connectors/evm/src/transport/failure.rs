use super::rate_limit::RateLimit;
use ethers::providers::{JsonRpcError, ProviderError, RpcError};
use jsonrpsee::{
    client_transport::ws::WsHandshakeError,
    core::{client::Error, http_helpers::HttpError},
    http_client::transport,
    types::ErrorObject,
};
use phat_connector::ChainError;
use std::{error::Error as StdError, time::Duration};

/// A call that didn't succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The node answered an error.
    #[error("{}", .0.error)]
    Answered(Answered),
    /// There was no answer, or none that can be read.
    #[error(transparent)]
    Failed(#[from] ChainError),
    /// The answer is longer than we read.
    #[error("the answer to {method} is longer than {} bytes", super::MAX_ANSWER)]
    TooLong {
        /// The method called.
        method: String,
    },
}

/// An error that the node answered.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) endpoint: String,
    pub(crate) method: String,
    pub(crate) error: JsonRpcError,
}

impl Answered {
    pub(super) fn new(endpoint: &str, method: &str, error: &ErrorObject<'_>) -> Self {
        let data = error.data().and_then(|raw| serde_json::from_str(raw.get()).ok());
        let error = JsonRpcError { code: i64::from(error.code()), message: error.message().to_owned(), data };
        Self { endpoint: endpoint.to_owned(), method: method.to_owned(), error }
    }

    /// The data that a contract reverted with. Nodes agree on no code and no place for it: geth
    /// answers code 3 and a hex string, Nethermind -32015 and `Reverted 0x…`, Hardhat an object.
    fn revert_data(&self) -> Option<Vec<u8>> {
        let text = match self.error.data.as_ref()? {
            serde_json::Value::String(text) => text,
            serde_json::Value::Object(fields) => fields.get("data")?.as_str()?,
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::Array(_) => return None,
        };
        let (_, digits) = text.rsplit_once("0x")?;
        hex::decode(digits.trim()).ok()
    }
}

impl CallError {
    /// The name under which it is counted: an error that the node answered is its word, and often no
    /// trouble (a call that reverts, say).
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Answered(_) => "node",
            Self::Failed(error) => error.kind(),
            Self::TooLong { .. } => "malformed",
        }
    }

    /// Whether the node asks for fewer calls by an error that it answered.
    pub(crate) fn is_limit(&self) -> bool {
        matches!(self, Self::Answered(answered) if LIMIT_EXCEEDED.contains(&answered.error.code))
    }

    /// Whether an error that the node answered is its own trouble, not the call's.
    pub(crate) fn is_the_nodes_own(&self) -> bool {
        self.is_limit()
            || matches!(self, Self::Answered(answered) if answered.error.data.is_none()
            && OWN_TROUBLE.contains(&answered.error.code))
    }

    /// Whether another endpoint may do better.
    pub(crate) fn is_elsewhere_better(&self) -> bool {
        match self {
            Self::Answered(_) => self.is_the_nodes_own(),
            Self::Failed(ChainError::NoOracle { .. } | ChainError::Reverted { .. }) | Self::TooLong { .. } => false,
            Self::Failed(_) => true,
        }
    }

    /// The data that a contract reverted with, where that is why the call failed.
    pub(crate) fn revert_data(&self) -> Option<Vec<u8>> {
        match self {
            Self::Answered(answered) => answered.revert_data(),
            Self::Failed(_) | Self::TooLong { .. } => None,
        }
    }
}

/// Codes of JSON-RPC 2.0 (section 5.1) and EIP-1474 that say that the call itself can't be served.
const PERMANENT: [i64; 5] = [-32600, -32601, -32602, -32004, -32006];
/// JSON-RPC 2.0's "internal error", and EIP-1474's "resource unavailable". Nodes that have no such code of their own
/// for a call that reverts put its data beside it.
const OWN_TROUBLE: [i64; 2] = [-32603, -32002];
/// EIP-1474's "limit exceeded", and the HTTP status that some providers repeat as a code.
const LIMIT_EXCEEDED: [i64; 2] = [-32005, 429];

impl From<CallError> for ChainError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Failed(failed) => failed,
            CallError::TooLong { ref method } => Self::Malformed { method: method.clone(), cause: error.to_string() },
            CallError::Answered(Answered { endpoint, method, error }) => {
                if LIMIT_EXCEEDED.contains(&error.code) {
                    return Self::RateLimited { endpoint, retry_after: None };
                }
                let transient = !PERMANENT.contains(&error.code);
                Self::Node { method, code: error.code, message: error.message, transient }
            }
        }
    }
}

impl RpcError for CallError {
    fn as_error_response(&self) -> Option<&JsonRpcError> {
        match self {
            Self::Answered(answered) => Some(&answered.error),
            Self::Failed(_) | Self::TooLong { .. } => None,
        }
    }

    fn as_serde_error(&self) -> Option<&serde_json::Error> {
        None
    }
}

impl From<CallError> for ProviderError {
    fn from(error: CallError) -> Self {
        Self::JsonRpcClientError(Box::new(error))
    }
}

/// Takes our own error back out of `ethers`' one.
pub(crate) fn from_provider(method: &str, error: &ProviderError) -> CallError {
    if let ProviderError::JsonRpcClientError(inner) = error {
        let inner: &(dyn StdError + 'static) = inner.as_ref();
        if let Some(ours) = inner.downcast_ref::<CallError>() {
            return ours.clone();
        }
    }
    ChainError::Malformed { method: method.to_owned(), cause: error.to_string() }.into()
}

/// What a failed call means. Only types, statuses and codes decide.
pub(super) fn classify(endpoint: &str, method: &str, call_timeout: Duration, error: &Error) -> CallError {
    let unreachable = |cause: String| ChainError::Unreachable { endpoint: endpoint.to_owned(), cause }.into();
    let malformed = |cause: String| ChainError::Malformed { method: method.to_owned(), cause }.into();
    match error {
        Error::Call(answered) => CallError::Answered(Answered::new(endpoint, method, answered)),
        Error::Transport(cause) => transport_failure(endpoint, method, &**cause),
        Error::RestartNeeded(cause) => classify(endpoint, method, call_timeout, cause),
        Error::RequestTimeout => no_answer(endpoint, call_timeout).into(),
        // A gateway that limits the rate of a batch answers one error for all of it.
        Error::ParseError(cause) => malformed(cause.to_string()),
        Error::InvalidSubscriptionId | Error::InvalidRequestId(_) => malformed(error.to_string()),
        Error::Custom(cause) => unreachable(cause.clone()),
        Error::ServiceDisconnect => unreachable("the connection was lost".to_owned()),
        Error::HttpNotImplemented | Error::EmptyBatchRequest(_) | Error::RegisterMethod(_) => {
            malformed(error.to_string())
        }
    }
}

pub(super) fn no_answer(endpoint: &str, call_timeout: Duration) -> ChainError {
    ChainError::Unreachable { endpoint: endpoint.to_owned(), cause: format!("no answer within {call_timeout:?}") }
}

fn transport_failure(endpoint: &str, method: &str, error: &(dyn StdError + 'static)) -> CallError {
    let limited = |retry_after| ChainError::RateLimited { endpoint: endpoint.to_owned(), retry_after }.into();
    let unreachable = |cause: String| ChainError::Unreachable { endpoint: endpoint.to_owned(), cause }.into();
    if let Some(WsHandshakeError::Rejected { status_code }) = error.downcast_ref() {
        return if *status_code == 429 { limited(None) } else { unreachable(format!("HTTP status {status_code}")) };
    }
    match error.downcast_ref::<transport::Error>() {
        Some(transport::Error::Rejected { status_code }) => unreachable(format!("HTTP status {status_code}")),
        Some(transport::Error::Http(HttpError::TooLarge)) => CallError::TooLong { method: method.to_owned() },
        Some(transport::Error::Http(HttpError::Stream(inner))) => match inner.downcast_ref::<RateLimit>() {
            Some(limit) => limited(limit.retry_after),
            None => unreachable(with_causes(&**inner)),
        },
        Some(transport::Error::Http(HttpError::Malformed)) => {
            ChainError::Malformed { method: method.to_owned(), cause: "no JSON".to_owned() }.into()
        }
        Some(
            transport::Error::Url(_) | transport::Error::RequestTooLarge | transport::Error::InvalidCertficateStore,
        )
        | None => unreachable(with_causes(error)),
    }
}

/// An error and what it came from; the wrappers' words name neither certificate nor refusal.
fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
