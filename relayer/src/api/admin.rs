//! What an operator may order of requests, contracts and chains. The orders are rows, so they hold
//! over restarts; what they concern is woken.

use super::{
    PROBLEM, PauseAnswer, PauseOrder, Problem, ProblemKind, RescanAnswer, RescanCancelledAnswer, RescanOrder,
    ResumeAnswer, RetryAnswer, Shared,
    extract::{Json as JsonBody, OptionalJson, Path},
};
use crate::{
    clock::Millis,
    request::StateName,
    schema,
    store::{Retried, Subject},
};
use axum::{Json, extract::State, http::StatusCode};
use phat_protocol::{ContractId, RequestId};

/// The longest reason of a pause, in characters.
const MAX_REASON: usize = 500;

/// Has a request tried again now.
///
/// One that is ignored is observed again; one that waits after a failure waits no longer.
#[utoipa::path(
    post, path = "/v1/requests/{id}/retry", operation_id = "retry_request", tag = "requests", security(("token" = [])),
    params(("id" = schema::RequestId, Path, description = "The request's id.")),
    responses(
        (status = 200, description = "It is tried now.", body = RetryAnswer),
        (status = 404, description = "No such request was seen.", body = Problem, content_type = PROBLEM),
        (status = 409, description = "There is nothing to try again; `detail` says why.", body = Problem,
            content_type = PROBLEM),
    )
)]
pub(super) async fn retry(State(api): State<Shared>, Path(id): Path<RequestId>) -> Result<Json<RetryAnswer>, Problem> {
    match api.state.admin.retry(id, Millis::now(&*api.state.clock)).await? {
        Retried::Now { chain, state } => {
            if let Some(chain) = api.state.chains.get(&chain) {
                if state == StateName::Reported { &chain.doorbells.submit } else { &chain.doorbells.execute }
                    .notify_one();
            }
            tracing::info!(request = %id, %state, "request retried by order");
            Ok(Json(RetryAnswer { id, state }))
        }
        Retried::Needless(why) => Err(Problem::new(ProblemKind::Conflict, why)),
        Retried::Unknown => Err(Problem::new(ProblemKind::NotFound, format!("no request {id} was seen here"))),
    }
}

/// Pauses a chain: no run begins for it, and no report of it goes into a new transaction.
///
/// It is watched on. A run that the enclave is at ends, and its report waits; a transaction that was stored is sent,
/// sent again, replaced and settled. The pause holds over restarts. A chain that is paused already stays as it is.
#[utoipa::path(
    post, path = "/v1/chains/{name}/pause", operation_id = "pause_chain", tag = "chains", security(("token" = [])),
    params(("name" = String, Path, description = "The chain's configured name.")),
    request_body = Option<PauseOrder>,
    responses(
        (status = 200, description = "It is paused.", body = PauseAnswer),
        (status = 404, description = "No chain is configured under that name.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn pause_chain(
    State(api): State<Shared>,
    Path(name): Path<String>,
    OptionalJson(order): OptionalJson<PauseOrder>,
) -> Result<Json<PauseAnswer>, Problem> {
    api.chain(&name)?;
    pause(&api, &Subject::Chain(name), order).await
}

/// Ends a chain's pause.
#[utoipa::path(
    post, path = "/v1/chains/{name}/resume", operation_id = "resume_chain", tag = "chains", security(("token" = [])),
    params(("name" = String, Path, description = "The chain's configured name.")),
    responses(
        (status = 200, description = "It isn't paused.", body = ResumeAnswer),
        (status = 404, description = "It isn't paused, and no chain is configured under that name.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn resume_chain(
    State(api): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<ResumeAnswer>, Problem> {
    let known = api.chain(&name).map(drop);
    resume(&api, &Subject::Chain(name), async { known }).await
}

/// Pauses a contract: no run of it begins, on any chain.
///
/// Runs that the enclave is at end, and reports that are there are submitted. The pause holds over restarts. A
/// contract that is paused already stays as it is.
#[utoipa::path(
    post, path = "/v1/contracts/{id}/pause", operation_id = "pause_contract", tag = "contracts",
    security(("token" = [])),
    params(("id" = schema::ContractId, Path, description = "The contract's id.")),
    request_body = Option<PauseOrder>,
    responses(
        (status = 200, description = "It is paused.", body = PauseAnswer),
        (status = 404, description = "Neither the relayer nor the enclave has it.", body = Problem,
            content_type = PROBLEM),
    )
)]
pub(super) async fn pause_contract(
    State(api): State<Shared>,
    Path(id): Path<ContractId>,
    OptionalJson(order): OptionalJson<PauseOrder>,
) -> Result<Json<PauseAnswer>, Problem> {
    known_contract(&api, id).await?;
    pause(&api, &Subject::Contract(id), order).await
}

/// Ends a contract's pause.
#[utoipa::path(
    post, path = "/v1/contracts/{id}/resume", operation_id = "resume_contract", tag = "contracts",
    security(("token" = [])),
    params(("id" = schema::ContractId, Path, description = "The contract's id.")),
    responses(
        (status = 200, description = "It isn't paused.", body = ResumeAnswer),
        (status = 404, description = "It isn't paused, and neither the relayer nor the enclave has it.", body = Problem,
            content_type = PROBLEM),
    )
)]
pub(super) async fn resume_contract(
    State(api): State<Shared>,
    Path(id): Path<ContractId>,
) -> Result<Json<ResumeAnswer>, Problem> {
    resume(&api, &Subject::Contract(id), known_contract(&api, id)).await
}

/// Has a chain's blocks gone over again, beside the watching of new ones.
///
/// A request that is known stays as it is, but for one that is orphaned: found again, it lives again. An order that
/// stands already is replaced. Blocks that can't be read are tried again, later and later, and hold up nothing else; the
/// chain shows what stands and why.
#[utoipa::path(
    post, path = "/v1/chains/{name}/rescan", operation_id = "rescan_chain", tag = "chains", security(("token" = [])),
    params(("name" = String, Path, description = "The chain's configured name.")),
    request_body = RescanOrder,
    responses(
        (status = 202, description = "It is ordered.", body = RescanAnswer),
        (status = 404, description = "No chain is configured under that name.", body = Problem, content_type = PROBLEM),
        (status = 409, description = "That block was never watched, so it will be without an order.", body = Problem,
            content_type = PROBLEM),
    )
)]
pub(super) async fn rescan(
    State(api): State<Shared>,
    Path(name): Path<String>,
    JsonBody(RescanOrder { from_block }): JsonBody<RescanOrder>,
) -> Result<(StatusCode, Json<RescanAnswer>), Problem> {
    let chain = api.chain(&name)?;
    let watched = api.state.read.cursor(&name).await?.map(|block| block.number);
    let Some(to_block) = watched.filter(|watched| *watched >= from_block) else {
        let watched =
            watched.map_or("no block was watched yet".to_owned(), |block| format!("the last one watched is {block}"));
        let detail = format!("block {from_block} will be watched without an order: {watched}");
        return Err(Problem::new(ProblemKind::Conflict, detail));
    };
    api.state.admin.order_rescan(&name, from_block, Millis::now(&*api.state.clock)).await?;
    chain.doorbells.rescan.notify_one();
    tracing::info!(chain = name, from_block, to_block, "rescan ordered");
    Ok((StatusCode::ACCEPTED, Json(RescanAnswer { next_block: from_block, to_block })))
}

/// Takes back the order to go over a chain's blocks again.
///
/// What was found stays.
#[utoipa::path(
    delete, path = "/v1/chains/{name}/rescan", operation_id = "cancel_rescan", tag = "chains",
    security(("token" = [])),
    params(("name" = String, Path, description = "The chain's configured name.")),
    responses(
        (status = 200, description = "Nothing is ordered.", body = RescanCancelledAnswer),
        (status = 404, description = "No chain is configured under that name.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn cancel_rescan(
    State(api): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<RescanCancelledAnswer>, Problem> {
    api.chain(&name)?;
    let next_block = api.state.admin.cancel_rescan(&name, Millis::now(&*api.state.clock)).await?;
    tracing::info!(chain = name, next_block, "rescan cancelled");
    Ok(Json(RescanCancelledAnswer { next_block }))
}

async fn pause(api: &Shared, subject: &Subject, order: Option<PauseOrder>) -> Result<Json<PauseAnswer>, Problem> {
    let reason = checked_reason(order)?;
    let paused = api.state.admin.pause(subject, reason.as_deref(), Millis::now(&*api.state.clock)).await?;
    tracing::warn!(%subject, reason = paused.reason, "paused by order");
    Ok(Json(PauseAnswer { paused }))
}

/// The reason that a pause is given, where it isn't too long.
pub(super) fn checked_reason(order: Option<PauseOrder>) -> Result<Option<String>, Problem> {
    let reason = order.and_then(|order| order.reason);
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON) {
        return Err(Problem::new(ProblemKind::Malformed, format!("a reason has at most {MAX_REASON} characters")));
    }
    Ok(reason)
}

/// Ends the pause. What was paused may be known no more, so `known` is asked only where nothing was.
async fn resume(
    api: &Shared,
    subject: &Subject,
    known: impl Future<Output = Result<(), Problem>>,
) -> Result<Json<ResumeAnswer>, Problem> {
    let was_paused = api.state.admin.resume(subject, Millis::now(&*api.state.clock)).await?;
    if !was_paused {
        known.await?;
    }
    for chain in api.state.chains.values() {
        chain.doorbells.execute.notify_one();
        chain.doorbells.submit.notify_one();
    }
    tracing::info!(%subject, was_paused, "resumed by order");
    Ok(Json(ResumeAnswer { was_paused }))
}

/// Fails when neither the catalogue nor the enclave has the contract.
async fn known_contract(api: &Shared, id: ContractId) -> Result<(), Problem> {
    if api.state.catalogue.contract(id).await?.is_some() || api.state.enclave.contract(id).await?.is_some() {
        return Ok(());
    }
    Err(Problem::new(ProblemKind::NotFound, format!("neither this relayer nor its enclave has a contract {id}")))
}
