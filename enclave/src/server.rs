//! The HTTP half of the boundary.

mod answer;
mod trace;

use crate::worker::Worker;
use answer::{Failure, read};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State, rejection::BytesRejection},
    http::{HeaderMap, Method},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use phat_enclave_api::{
    Act, Acted, Call, CallResult, Code, Contract, Execute, Execution, Instantiate, Problem, Quote, QuoteFor, Refusal,
    Simulate, Simulation, Status,
};
use phat_protocol::{ContractId, OracleChain};
use std::sync::Arc;
use tracing::Instrument;

/// The longest body of a request, a simulation or a quote, in bytes: a payload of 16 KiB is 32 KiB of
/// hexadecimal digits.
const MESSAGE_BYTES: usize = 64 * 1024;
/// What a body may have beside code, init data or a message's input, in bytes.
const SLACK_BYTES: usize = 4 * 1024;

type Result<Body> = std::result::Result<Json<Body>, Failure>;
type Body = std::result::Result<Bytes, BytesRejection>;

/// The routes. `code_bytes` and `input_bytes` are the executor's limits on code and on input.
pub(crate) fn router(worker: Arc<Worker>, code_bytes: usize, input_bytes: usize) -> Router {
    let limit = |most: usize| DefaultBodyLimit::max(most);
    // Longer code is refused as such, with the limit named; only what is far too long isn't read.
    let most_code = code_bytes.saturating_mul(2).saturating_add(SLACK_BYTES);
    let most_input = input_bytes.saturating_mul(2).saturating_add(SLACK_BYTES);
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/quote", post(quote).layer(limit(MESSAGE_BYTES)))
        .route("/v1/code", put(put_code).layer(limit(most_code)))
        .route("/v1/contracts", post(instantiate).layer(limit(most_input)))
        .route("/v1/contracts/{id}", get(contract))
        .route("/v1/execute", post(execute).layer(limit(MESSAGE_BYTES)))
        .route("/v1/simulate", post(simulate).layer(limit(MESSAGE_BYTES)))
        .route("/v1/call", post(call).layer(limit(most_input)))
        .route("/v1/act", post(act).layer(limit(most_input)))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_route)
        .with_state(worker)
}

async fn status(State(worker): State<Arc<Worker>>) -> Result<Status> {
    Ok(Json(worker.status().await?))
}

async fn quote(State(worker): State<Arc<Worker>>, headers: HeaderMap, body: Body) -> Result<Quote> {
    let quote_for: QuoteFor = read(&headers, body)?;
    Ok(Json(worker.quote(&quote_for)?))
}

async fn put_code(State(worker): State<Arc<Worker>>, body: Body) -> Result<Code> {
    let wasm = body.map_err(Failure::from)?;
    Ok(Json(worker.put_code(Arc::from(wasm.as_ref())).await?))
}

async fn instantiate(State(worker): State<Arc<Worker>>, headers: HeaderMap, body: Body) -> Result<Contract> {
    let instantiate: Instantiate = read(&headers, body)?;
    Ok(Json(worker.instantiate(instantiate).await?))
}

async fn contract(State(worker): State<Arc<Worker>>, Path(id): Path<String>) -> Result<Contract> {
    let id: ContractId = id.parse().map_err(|error: phat_protocol::MalformedId| malformed(error.to_string()))?;
    Ok(Json(worker.contract(id).await?))
}

async fn execute(State(worker): State<Arc<Worker>>, headers: HeaderMap, body: Body) -> Result<Execution> {
    let execute: Execute = read(&headers, body)?;
    let request_id = execute.request.request_id();
    let span = trace::of_request(&headers, request_id);
    async {
        match worker.execute(execute).await {
            Ok(execution) => Ok(Json(execution)),
            Err(problem) => {
                observe(&problem);
                Err(problem.into())
            }
        }
    }
    .instrument(span)
    .await
}

async fn simulate(State(worker): State<Arc<Worker>>, headers: HeaderMap, body: Body) -> Result<Simulation> {
    let simulate: Simulate = read(&headers, body)?;
    let span = trace::of_simulation(&headers, simulate.contract_id);
    Ok(Json(worker.simulate(simulate).instrument(span).await?))
}

async fn call(State(worker): State<Arc<Worker>>, headers: HeaderMap, body: Body) -> Result<CallResult> {
    let call: Call = read(&headers, body)?;
    let span = trace::of_call(&headers, call.contract_id);
    Ok(Json(worker.call(call).instrument(span).await?))
}

async fn act(State(worker): State<Arc<Worker>>, headers: HeaderMap, body: Body) -> Result<Acted> {
    let act: Act = read(&headers, body)?;
    let span = trace::of_action(&headers, act.action.contract_id);
    Ok(Json(worker.act(act).instrument(span).await?))
}

async fn unknown_route(method: Method, request: Request) -> Response {
    malformed(format!("there is no {method} {}", request.uri().path())).into_response()
}

fn malformed(what: String) -> Failure {
    Failure::from(Problem::Refused(Refusal::Malformed { what }))
}

/// Tells the log why a request was not answered.
fn observe(problem: &Problem) {
    match problem {
        Problem::Refused(refusal) => tracing::info!(%refusal, "refused"),
        Problem::Busy => tracing::info!("busy"),
        Problem::Fault(cause) => tracing::warn!(cause, "the host failed: nothing was signed"),
    }
}
