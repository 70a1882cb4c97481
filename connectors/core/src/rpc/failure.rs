use super::{ErrorCodes, rate_limit::RateLimit, transport::MAX_ANSWER};
use crate::ChainError;
use jsonrpsee::{
    client_transport::ws::WsHandshakeError,
    core::{client::Error, http_helpers::HttpError},
    http_client::transport,
    types::ErrorObject,
};
use std::{error::Error as StdError, time::Duration};

/// A call that didn't succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The node answered an error.
    #[error("{}", .0.error)]
    Answered(Answered),
    /// There was no answer, or none that can be read.
    #[error(transparent)]
    Failed(#[from] ChainError),
    /// The answer is longer than we read.
    #[error("the answer to {method} is longer than {} bytes", MAX_ANSWER)]
    TooLong {
        /// The method called.
        method: String,
    },
}

/// An error that a node answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The endpoint, without credentials.
    pub endpoint: String,
    /// The method called.
    pub method: String,
    /// What it said.
    pub error: NodeError,
    codes: &'static ErrorCodes,
}

/// JSON-RPC's error object (section 5.1 of JSON-RPC 2.0).
#[derive(Clone, Debug, thiserror::Error)]
#[error("(code: {code}, message: {message}, data: {data:?})")]
pub struct NodeError {
    /// Its code.
    pub code: i64,
    /// Its words.
    pub message: String,
    /// What is beside them.
    pub data: Option<serde_json::Value>,
}

impl Answered {
    pub(super) fn by(endpoint: &str, method: &str, error: NodeError, codes: &'static ErrorCodes) -> Self {
        Self { endpoint: endpoint.to_owned(), method: method.to_owned(), error, codes }
    }

    pub(super) fn new(endpoint: &str, method: &str, error: &ErrorObject<'_>, codes: &'static ErrorCodes) -> Self {
        let data = error.data().and_then(|raw| serde_json::from_str(raw.get()).ok());
        let error = NodeError { code: i64::from(error.code()), message: error.message().to_owned(), data };
        Self::by(endpoint, method, error, codes)
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
    #[must_use]
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::Answered(answered) if answered.codes.limit.contains(&answered.error.code))
    }

    /// Whether an error that the node answered is its own trouble, not the call's.
    #[must_use]
    pub fn is_the_nodes_own(&self) -> bool {
        self.is_limit()
            || matches!(self, Self::Answered(answered) if answered.error.data.is_none()
            && answered.codes.own_trouble.contains(&answered.error.code))
    }

    /// Whether another endpoint may do better.
    #[must_use]
    pub fn is_elsewhere_better(&self) -> bool {
        match self {
            Self::Answered(answered) => {
                self.is_the_nodes_own() || answered.codes.lacking.contains(&answered.error.code)
            }
            Self::Failed(ChainError::NoOracle { .. } | ChainError::Reverted { .. }) | Self::TooLong { .. } => false,
            Self::Failed(_) => true,
        }
    }
}

impl From<CallError> for ChainError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Failed(failed) => failed,
            CallError::TooLong { ref method } => Self::Malformed { method: method.clone(), cause: error.to_string() },
            CallError::Answered(Answered { endpoint, method, error, codes }) => {
                if codes.limit.contains(&error.code) {
                    return Self::RateLimited { endpoint, retry_after: None };
                }
                let transient = !codes.permanent.contains(&error.code);
                Self::Node { method, code: error.code, message: error.message, transient }
            }
        }
    }
}

/// What a failed call means. Only types, statuses and codes decide.
pub(super) fn classify(
    endpoint: &str,
    method: &str,
    call_timeout: Duration,
    codes: &'static ErrorCodes,
    error: &Error,
) -> CallError {
    let unreachable = |cause: String| ChainError::Unreachable { endpoint: endpoint.to_owned(), cause }.into();
    let malformed = |cause: String| ChainError::Malformed { method: method.to_owned(), cause }.into();
    match error {
        Error::Call(answered) => CallError::Answered(Answered::new(endpoint, method, answered, codes)),
        Error::Transport(cause) => transport_failure(endpoint, method, &**cause),
        Error::RestartNeeded(cause) => classify(endpoint, method, call_timeout, codes, cause),
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
