use super::{
    Problem, ProblemKind, RequestsAnswer, Shared,
    extract::{Path, Query},
};
use crate::{
    request::StateName,
    store::{RequestFilter, RequestLife},
};
use axum::{Json, extract::State};
use phat_protocol::RequestId;
use serde::Deserialize;

/// The longest page.
const MAX_LIMIT: u32 = 500;
const DEFAULT_LIMIT: u32 = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    state: Option<StateName>,
    chain: Option<String>,
    limit: Option<u32>,
    before: Option<RequestId>,
}

/// `GET /v1/requests`.
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

/// `GET /v1/requests/{id}`.
pub(super) async fn show(State(api): State<Shared>, Path(id): Path<RequestId>) -> Result<Json<RequestLife>, Problem> {
    let life = api.state.read.request(id).await?;
    life.map(Json).ok_or_else(|| Problem::new(ProblemKind::NotFound, format!("no request {id} was seen here")))
}
