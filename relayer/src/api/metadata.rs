use super::{
    MetadataAnswer, PROBLEM, Problem, ProblemKind, Shared,
    extract::{Json as JsonBody, Path},
};
use crate::{clock::Millis, schema};
use axum::{Json, extract::State};
use phat_metadata::Interface;
use phat_protocol::CodeHash;
use serde_json::Value;

/// Keeps what ink! metadata says of code that was put before.
///
/// The body is the JSON of a `.contract` bundle, or of the metadata alone; the code in it is left out. It
/// replaces what was kept before. Nothing vouches for it: it only helps people to speak to contracts.
#[utoipa::path(
    put, path = "/v1/code/{hash}/metadata", operation_id = "put_metadata", tag = "contracts",
    security(("token" = [])),
    params(("hash" = schema::CodeHash, Path, description = "The code's hash.")),
    request_body = Object,
    responses(
        (status = 200, description = "It is kept.", body = MetadataAnswer),
        (status = 404, description = "No such code was put through this relayer.", body = Problem, content_type = PROBLEM),
        (status = 422, description = "It is not metadata of ink! 3, 4 or 5, or is another code's.", body = Problem,
            content_type = PROBLEM),
    )
)]
pub(super) async fn put(
    State(api): State<Shared>,
    Path(code_hash): Path<CodeHash>,
    JsonBody(mut document): JsonBody<Value>,
) -> Result<Json<MetadataAnswer>, Problem> {
    let refused = |detail: String| Problem::new(ProblemKind::Refused, detail);
    if let Some(source) = document.get_mut("source").and_then(Value::as_object_mut) {
        source.remove("wasm");
        if let Some(Value::String(stated)) = source.get("hash")
            && stated.parse() != Ok(code_hash)
        {
            return Err(refused(format!("it is the metadata of code {stated}, and this code is {code_hash}")));
        }
    }
    let interface = Interface::read(&document).map_err(|error| refused(error.to_string()))?;
    if !api.state.catalogue.put_metadata(code_hash, &document, Millis::now(&*api.state.clock)).await? {
        let detail = format!("no code {code_hash} was put through this relayer (`relayer contract upload`)");
        return Err(Problem::new(ProblemKind::NotFound, detail));
    }
    let names = |entries: &[phat_metadata::Entry]| entries.iter().map(|entry| entry.name.clone()).collect();
    Ok(Json(MetadataAnswer {
        code_hash,
        constructors: names(interface.constructors()),
        messages: names(interface.messages()),
    }))
}

/// What ink! metadata says of code, as it was put.
#[utoipa::path(
    get, path = "/v1/code/{hash}/metadata", operation_id = "show_metadata", tag = "contracts",
    params(("hash" = schema::CodeHash, Path, description = "The code's hash.")),
    responses(
        (status = 200, description = "The metadata, in ink!'s own JSON.", body = Object),
        (status = 404, description = "None was put for that code.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn show(State(api): State<Shared>, Path(code_hash): Path<CodeHash>) -> Result<Json<Value>, Problem> {
    let document = api.state.catalogue.metadata(code_hash).await?;
    let none = || Problem::new(ProblemKind::NotFound, format!("no metadata was put for code {code_hash}"));
    document.map(Json).ok_or_else(none)
}
