//! The page that shows the description: Swagger UI, whose assets are part of this program.

use super::{PROBLEM, Problem, ProblemKind, extract::Path};
use axum::{
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use std::sync::Arc;
use utoipa_swagger_ui::Config;

/// The page loads nothing from elsewhere, runs no script that isn't a file of its own, calls this
/// relayer alone, and can't be framed. Swagger UI sets styles in attributes and shows inline images.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// To the page.
#[utoipa::path(
    get, path = "/docs", operation_id = "docs", tag = "description",
    responses((status = 308, description = "It is at `/docs/`."))
)]
pub(super) async fn enter() -> Redirect {
    Redirect::permanent("/docs/")
}

/// This description as a page that can make the calls.
#[utoipa::path(
    get, path = "/docs/", operation_id = "docs_page", tag = "description",
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
pub(super) async fn page() -> Result<Response, Problem> {
    file("index.html")
}

/// A file of the page.
#[utoipa::path(
    get, path = "/docs/{file}", operation_id = "docs_file", tag = "description",
    params(("file" = String, Path, description = "The file's name.")),
    responses(
        (status = 200, description = "The file.", content_type = "*/*", body = Vec<u8>),
        (status = 404, description = "The page has no such file.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    file(&name)
}

fn file(name: &str) -> Result<Response, Problem> {
    // Without a validator: the page would ask someone else's server for a badge.
    let config = Arc::new(Config::from("/openapi.json").validator_url("none"));
    match utoipa_swagger_ui::serve(name, config) {
        Ok(Some(file)) => {
            let policy = (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
            Ok(([policy], [(header::CONTENT_TYPE, file.content_type)], file.bytes).into_response())
        }
        Ok(None) => Err(Problem::new(ProblemKind::NotFound, format!("the page has no file {name:?}"))),
        Err(error) => {
            tracing::error!(%error, "the API's page can't be made");
            Err(Problem::new(ProblemKind::Internal, "the page can't be made"))
        }
    }
}
