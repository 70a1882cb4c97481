use crate::store::StoreError;
use axum::{
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use phat_connector::ChainError;
use phat_enclave_api::{EnclaveError, Refusal};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// The media type of RFC 9457.
pub(super) const PROBLEM: &str = "application/problem+json";

/// Why a call failed: the closed set that outsiders see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The path or the query can't be read, or the body isn't what the call takes.
    Malformed,
    /// A write without the token.
    Unauthorized,
    /// A write, and there is no token that would allow it.
    WritesDisabled,
    /// There is no such thing.
    NotFound,
    /// The path is there, and doesn't take this method.
    MethodNotAllowed,
    /// Something stands against it that an operator can change.
    Conflict,
    /// The body is longer than the limit.
    TooLarge,
    /// The body's media type is not what the call takes.
    UnsupportedMediaType,
    /// The enclave or the chain refuses it; asking again changes nothing.
    Refused,
    /// The relayer's own fault; its log has the cause.
    Internal,
    /// The enclave or the chain doesn't answer, or can't work now.
    Unavailable,
}

impl ProblemKind {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::WritesDisabled => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn slug(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unauthorized => "unauthorized",
            Self::WritesDisabled => "writes-disabled",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Conflict => "conflict",
            Self::TooLarge => "too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::Refused => "refused",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The call can't be read",
            Self::Unauthorized => "The API token is missing or wrong",
            Self::WritesDisabled => "Writes are disabled",
            Self::NotFound => "There is no such thing here",
            Self::MethodNotAllowed => "The path doesn't take this method",
            Self::Conflict => "Something stands against it",
            Self::TooLarge => "The body is too long",
            Self::UnsupportedMediaType => "The body has another media type",
            Self::Refused => "It is refused",
            Self::Internal => "The relayer failed",
            Self::Unavailable => "A part that is needed doesn't answer",
        }
    }
}

/// The body of every error (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem: `urn:phat-relayer:problem:…`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind, in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong in this case.
    pub detail: String,
    /// Every reason, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

impl Problem {
    /// A problem with one reason.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl fmt::Display) -> Self {
        Self {
            kind: format!("urn:phat-relayer:problem:{}", kind.slug()),
            title: kind.title().to_owned(),
            status: kind.status().as_u16(),
            detail: detail.to_string(),
            reasons: Vec::new(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // A struct of text and numbers always becomes JSON.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM)], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed a call of the API");
        match error {
            StoreError::Database(_) | StoreError::Lost(_) | StoreError::Closed | StoreError::Conflict { .. } => {
                Self::new(ProblemKind::Unavailable, "the database doesn't answer; the relayer's log has the cause")
            }
            StoreError::Migration(_)
            | StoreError::Newer { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Transition(_) => Self::new(
                ProblemKind::Internal,
                "the database holds what can't be read; the relayer's log has the cause",
            ),
        }
    }
}

impl From<EnclaveError> for Problem {
    fn from(error: EnclaveError) -> Self {
        match error {
            EnclaveError::Refused(Refusal::BadModule { reasons }) => {
                Self { reasons: reasons.clone(), ..Self::new(ProblemKind::Refused, Refusal::BadModule { reasons }) }
            }
            EnclaveError::Refused(refusal) => Self::new(ProblemKind::Refused, refusal),
            transient @ (EnclaveError::Busy
            | EnclaveError::Fault(_)
            | EnclaveError::Unreachable { .. }
            | EnclaveError::Malformed(_)) => Self::new(ProblemKind::Unavailable, transient),
        }
    }
}

impl From<ChainError> for Problem {
    fn from(error: ChainError) -> Self {
        let kind = match &error {
            ChainError::Unreachable { .. }
            | ChainError::RateLimited { .. }
            | ChainError::Behind { .. }
            | ChainError::Disagreement { .. }
            | ChainError::Malformed { .. }
            | ChainError::NotSigned { .. }
            | ChainError::Node { .. } => ProblemKind::Unavailable,
            ChainError::WrongChain { .. } | ChainError::NoOracle { .. } | ChainError::InsufficientFunds { .. } => {
                ProblemKind::Conflict
            }
            ChainError::Reverted { .. } => ProblemKind::Refused,
        };
        Self::new(kind, error)
    }
}

pub(super) async fn not_found(uri: Uri) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("nothing is at {}", uri.path()))
}

pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::new(ProblemKind::MethodNotAllowed, format!("{} doesn't take {method}", uri.path()))
}
