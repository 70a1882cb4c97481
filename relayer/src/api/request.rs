use super::{
    PROBLEM, Problem, ProblemKind, RequestsAnswer, Shared,
    extract::{Path, Query},
};
use crate::{
    request::StateName,
    schema,
    store::{RequestFilter, RequestLife},
};
use axum::{Json, extract::State};
use phat_protocol::RequestId;
use serde::Deserialize;
use utoipa::IntoParams;

/// The longest page.
const MAX_LIMIT: u32 = 500;
const DEFAULT_LIMIT: u32 = 50;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Those in this state alone.
    #[param(inline)]
    state: Option<StateName>,
    /// Those of this chain alone, by its configured name.
    chain: Option<String>,
    /// The most that are listed: 50 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Those that come after this one in the list: `next` of the page before.
    #[param(value_type = Option<schema::RequestId>)]
    before: Option<RequestId>,
}

/// The requests that were seen, the newest first.
#[utoipa::path(
    get, path = "/v1/requests", operation_id = "list_requests", tag = "requests", params(ListQuery),
    responses((status = 200, description = "A page of them.", body = RequestsAnswer))
)]
pub(super) async fn list(
    State(api): State<Shared>,
    Query(query): Query<ListQuery>,
) -> Result<Json<RequestsAnswer>, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::new(ProblemKind::Malformed, format!("limit is {limit}, and may be 1 to {MAX_LIMIT}")));
    }
    let filter = RequestFilter { state: query.state, chain: query.chain, before: query.before, limit: limit + 1 };
    let mut requests = api.state.read.requests(&filter).await?;
    // One more than asked for tells whether there is another page.
    let is_last = requests.len() <= usize::try_from(limit).unwrap_or(usize::MAX);
    if !is_last {
        requests.pop();
    }
    let next = if is_last { None } else { requests.last().map(|request| request.id) };
    Ok(Json(RequestsAnswer { requests, next }))
}

/// All that is known of one request.
#[utoipa::path(
    get, path = "/v1/requests/{id}", operation_id = "show_request", tag = "requests",
    params(("id" = schema::RequestId, Path, description = "The request's id.")),
    responses(
        (status = 200, description = "Its whole life.", body = RequestLife),
        (status = 404, description = "No such request was seen.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn show(State(api): State<Shared>, Path(id): Path<RequestId>) -> Result<Json<RequestLife>, Problem> {
    let life = api.state.read.request(id).await?;
    life.map(Json).ok_or_else(|| Problem::new(ProblemKind::NotFound, format!("no request {id} was seen here")))
}
