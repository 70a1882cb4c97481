//! The spans of calls. Where they are shown is the caller's word; nothing else depends on it. They are
//! of the highest level, so that no filter takes the ids from the warnings within.

use axum::http::HeaderMap;
use phat_protocol::{ContractId, RequestId};
use phat_telemetry::TraceParent;
use tracing::Span;

/// The span of a request's run: below the caller's, or, when that names none, in the request's trace.
pub(super) fn of_request(headers: &HeaderMap, request_id: RequestId) -> Span {
    let span = tracing::error_span!("run", %request_id);
    caller(headers).unwrap_or_else(|| TraceParent::of_request(&request_id.0)).adopt(&span);
    span
}

/// The span of a simulation: below the caller's, where that names one.
pub(super) fn of_simulation(headers: &HeaderMap, contract_id: ContractId) -> Span {
    adopted(headers, tracing::error_span!("simulate", %contract_id))
}

/// The span of a call: below the caller's, where that names one.
pub(super) fn of_call(headers: &HeaderMap, contract_id: ContractId) -> Span {
    adopted(headers, tracing::error_span!("call", %contract_id))
}

/// The span of an owner's action: below the caller's, where that names one.
pub(super) fn of_action(headers: &HeaderMap, contract_id: ContractId) -> Span {
    adopted(headers, tracing::error_span!("act", %contract_id))
}

fn adopted(headers: &HeaderMap, span: Span) -> Span {
    if let Some(parent) = caller(headers) {
        parent.adopt(&span);
    }
    span
}

fn caller(headers: &HeaderMap) -> Option<TraceParent> {
    headers.get(TraceParent::HEADER)?.to_str().ok()?.parse().ok()
}
