//! The description of the API (OpenAPI 3.1), put together from what the handlers say of themselves.

use super::{PROBLEM, Problem, Shared};
use crate::store::Event;
use axum::{extract::State, http::header, response::IntoResponse};
use bytes::Bytes;
use utoipa::{
    Modify, OpenApi, PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, Ref, RefOr, Response,
        path::{Operation, PathItem},
        response::ResponseBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Phat relayer",
        description = "What a cross-chain oracle relayer for Phat Contracts knows, and what its operator may tell \
                       it.\n\nTimes that end in `_ms` are unix milliseconds, the others unix seconds, as on chain. \
                       Writes carry the relayer's API token as bearer token. Every error is a problem as RFC 9457 \
                       describes it; its `type` is one of a closed set.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "health", description = "For probes"),
        (name = "requests", description = "What was asked on the chains, and what became of it"),
        (name = "contracts", description = "What answers"),
        (name = "chains", description = "Where questions come from, and answers go"),
        (name = "jobs", description = "What runs on its own"),
        (name = "events", description = "What happens, as it is committed"),
        (name = "worker", description = "The enclave that answers"),
        (name = "description", description = "This description"),
    ),
    // The stream's schema is text; what stands in it is this.
    components(schemas(Event)),
    modifiers(&Token, &Problems),
)]
struct Description;

/// The API's description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    description.merge(super::reads().into_openapi());
    description.merge(super::writes().into_openapi());
    Token.modify(&mut description);
    Problems.modify(&mut description);
    description
}

/// The description as it is served.
pub(super) fn rendered() -> Bytes {
    // A tree of text and numbers always becomes JSON.
    openapi().to_json().unwrap_or_default().into()
}

/// This description, as OpenAPI 3.1.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "description",
    responses((status = 200, description = "The description.", body = Object))
)]
pub(super) async fn show(State(api): State<Shared>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], api.description.clone())
}

/// How a write shows that it may.
struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The relayer's API token, the content of `api.token_file`."))
            .build();
        openapi.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The problems that a call may meet by its nature: they follow from what it takes and needs, so no
/// handler repeats them.
struct Problems;

impl Modify for Problems {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        components.schemas.insert(Problem::name().into_owned(), Problem::schema());
        for (path, item) in &mut openapi.paths.paths {
            if path.starts_with("/v1/") {
                for operation in operations_mut(item) {
                    add_problems(operation);
                }
            }
        }
    }
}

/// Every operation of a path.
fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
    [get, put, post, delete, options, head, patch, trace].into_iter().flatten()
}

fn add_problems(operation: &mut Operation) {
    let has_parameters = operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty());
    let has_body = operation.request_body.is_some();
    let is_write = operation.security.as_ref().is_some_and(|security| !security.is_empty());
    let problems = [
        (has_parameters || has_body, "400", "The path, the query or the body can't be read."),
        (is_write, "401", "The API token is missing or wrong."),
        (is_write, "403", "This relayer has no API token, so writes are disabled."),
        (has_body, "413", "The body is too long."),
        (has_body, "415", "The body has another media type."),
        (true, "500", "The relayer failed; its log has the cause."),
        (true, "503", "The database, the enclave or the chain doesn't answer."),
    ];
    for (applies, status, words) in problems {
        if applies {
            operation.responses.responses.entry(status.to_owned()).or_insert_with(|| problem(words));
        }
    }
}

fn problem(words: &str) -> RefOr<Response> {
    let schema = Ref::from_schema_name(Problem::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    RefOr::T(ResponseBuilder::new().description(words).content(PROBLEM, content).build())
}
