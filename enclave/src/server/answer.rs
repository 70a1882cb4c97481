//! How a message is read, and how a problem is told.

use axum::{
    Json,
    body::Bytes,
    extract::rejection::BytesRejection,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use phat_enclave_api::{Problem, Refusal};
use serde::de::DeserializeOwned;

/// A problem on its way to the caller, with its HTTP status.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    problem: Problem,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let status = match &problem {
            Problem::Refused(refusal) => status_of(refusal),
            Problem::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Problem::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, problem }
    }
}

impl From<BytesRejection> for Failure {
    fn from(rejection: BytesRejection) -> Self {
        let problem = Problem::Refused(Refusal::Malformed { what: rejection.body_text() });
        Self { status: rejection.status(), problem }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(self.problem)).into_response()
    }
}

const fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::UnknownContract { .. } | Refusal::UnknownCode { .. } => StatusCode::NOT_FOUND,
        Refusal::StaleRevision { .. } | Refusal::WrongNonce { .. } | Refusal::StaleNonce { .. } => StatusCode::CONFLICT,
        Refusal::Expired { .. } | Refusal::ActionExpired { .. } => StatusCode::GONE,
        Refusal::NoOwner { .. } | Refusal::BadSignature { .. } => StatusCode::FORBIDDEN,
        Refusal::Malformed { .. } => StatusCode::BAD_REQUEST,
        Refusal::WrongPayload
        | Refusal::OutOfBounds { .. }
        | Refusal::ClockSkew { .. }
        | Refusal::BadPayee
        | Refusal::BadModule { .. }
        | Refusal::DeployFailed { .. }
        | Refusal::BadSecrets { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// Reads a JSON message. It has to be declared as such: a web page in a browser on this machine can
/// send any other type to a loopback address without asking.
pub(super) fn read<Message: DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Message, Failure> {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    let malformed = |status, what: String| Failure { status, problem: Problem::Refused(Refusal::Malformed { what }) };
    if !essence.eq_ignore_ascii_case("application/json") {
        let what = format!("the content type is application/json, and not {declared:?}");
        return Err(malformed(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
    }
    serde_json::from_slice(&body?).map_err(|error| malformed(StatusCode::BAD_REQUEST, error.to_string()))
}
