mod failure;
mod query;
mod spans;

pub(super) use failure::run_reason;
pub(crate) use query::rfc3339;

use super::{
    PROBLEM, Problem, ProblemKind, ReportAnswer, RequestAnswer, RequestCounts, RequestsAnswer, Shared,
    extract::{Path, Query},
};
use crate::{
    clock::Millis,
    output::DecodedOutput,
    request::StateName,
    schema,
    store::{Page, StoredReport},
};
use axum::{Json, extract::State};
use phat_protocol::{ContractId, RequestId};

/// The requests that were seen, the newest first. Filters combine.
#[utoipa::path(
    get, path = "/v1/requests", operation_id = "list_requests", tag = "requests",
    params(
        ("state" = inline(Option<Vec<StateName>>), Query, description = "Those in one of these states: the key may \
            stand there several times, or once with commas between."),
        ("chain" = Option<String>, Query, description = "Those of this chain, by its configured name."),
        ("consumer" = Option<String>, Query, pattern = "^0x([0-9a-fA-F]{2}){1,64}$",
            description = "Those that this consumer asked: an address, or an encoded account."),
        ("contract" = Option<schema::ContractId>, Query, description = "Those that this contract is asked."),
        ("outcome" = Option<schema::Outcome>, Query, description = "Those whose run ended so."),
        ("since" = Option<String>, Query, format = DateTime, description = "Those that were seen first at this time \
            or later."),
        ("until" = Option<String>, Query, format = DateTime, description = "Those that were seen first before this \
            time."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "The most that are listed: 50 unless \
            said."),
        ("before" = Option<schema::RequestId>, Query, description = "Those that come after this one in the list: \
            `next` of the page before."),
    ),
    responses((status = 200, description = "A page of them.", body = RequestsAnswer))
)]
pub(super) async fn list(
    State(api): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<RequestsAnswer>, Problem> {
    let query::List { filter, page } = query::list(query)?;
    // One more than asked for tells whether there is another page.
    let Page { before, limit } = page;
    let mut requests = api.state.read.requests(&filter, Page { before, limit: limit + 1 }).await?;
    let is_last = requests.len() <= usize::try_from(limit).unwrap_or(usize::MAX);
    if !is_last {
        requests.pop();
    }
    let next = if is_last { None } else { requests.last().map(|request| request.id) };
    Ok(Json(RequestsAnswer { requests, next }))
}

/// How many requests were seen, by state and by outcome. Filters combine.
#[utoipa::path(
    get, path = "/v1/requests/counts", operation_id = "count_requests", tag = "requests",
    params(
        ("state" = inline(Option<Vec<StateName>>), Query, description = "Those in one of these states: the key may \
            stand there several times, or once with commas between."),
        ("chain" = Option<String>, Query, description = "Those of this chain, by its configured name."),
        ("consumer" = Option<String>, Query, pattern = "^0x([0-9a-fA-F]{2}){1,64}$",
            description = "Those that this consumer asked: an address, or an encoded account."),
        ("contract" = Option<schema::ContractId>, Query, description = "Those that this contract is asked."),
        ("outcome" = Option<schema::Outcome>, Query, description = "Those whose run ended so."),
        ("since" = Option<String>, Query, format = DateTime, description = "Those that were seen first at this time \
            or later."),
        ("until" = Option<String>, Query, format = DateTime, description = "Those that were seen first before this \
            time."),
    ),
    responses((status = 200, description = "Their numbers.", body = RequestCounts))
)]
pub(super) async fn counts(
    State(api): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<RequestCounts>, Problem> {
    let counts = api.state.read.count(&query::filter(query)?).await?;
    let total = counts.by_state.values().sum();
    Ok(Json(RequestCounts { total, by_state: counts.by_state, by_outcome: counts.by_outcome }))
}

/// All that is known of one request, and why it failed or what it waits for.
#[utoipa::path(
    get, path = "/v1/requests/{id}", operation_id = "show_request", tag = "requests",
    params(("id" = schema::RequestId, Path, description = "The request's id.")),
    responses(
        (status = 200, description = "Its whole life.", body = RequestAnswer),
        (status = 404, description = "No such request was seen.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn show(State(api): State<Shared>, Path(id): Path<RequestId>) -> Result<Json<RequestAnswer>, Problem> {
    let life = api.state.read.request(id).await?;
    let life = life.ok_or_else(|| Problem::new(ProblemKind::NotFound, format!("no request {id} was seen here")))?;
    let now = Millis::now(&*api.state.clock);
    let decoded = match &life.report {
        Some(report) => decode(&api, life.summary.contract_id, report).await?,
        None => None,
    };
    Ok(Json(RequestAnswer {
        failure: failure::in_words(&life, decoded.as_ref(), now),
        states: spans::spans(&life, now),
        report: life.report.map(|stored| ReportAnswer { stored, decoded }),
        summary: life.summary,
        request: life.request,
        payload: life.payload,
        block_hash: life.block_hash,
        transaction: life.transaction,
        tries: life.tries,
        next_try_at_ms: life.next_try_at_ms,
        replaces: life.replaces,
        replaced_by: life.replaced_by,
        is_final: life.is_final,
        attempts: life.attempts,
        events: life.events,
    }))
}

async fn decode(api: &Shared, contract: ContractId, report: &StoredReport) -> Result<Option<DecodedOutput>, Problem> {
    let record = api.state.catalogue.contract(contract).await?;
    Ok(record.and_then(|record| record.output?.decode(report.outcome, &report.output)))
}
