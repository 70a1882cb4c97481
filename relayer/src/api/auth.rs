use super::{Problem, ProblemKind, Shared};
use axum::{
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::Response,
};

/// Lets a write through when it carries the token.
pub(super) async fn require_token(
    State(api): State<Shared>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(token) = &api.state.token else {
        let detail = format!(
            "this relayer has no API token: write one of at least 16 characters to {} (`relayer init` makes one in a \
             new directory) and start the relayer again",
            api.state.token_file.display()
        );
        return Err(Problem::new(ProblemKind::WritesDisabled, detail));
    };
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given =
        given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match given {
        Some((_, given)) if token.matches(given.trim()) => Ok(next.run(request).await),
        Some(_) => Err(Problem::new(ProblemKind::Unauthorized, "the bearer token is not this relayer's")),
        None => Err(Problem::new(ProblemKind::Unauthorized, "writes need `Authorization: Bearer` and the API token")),
    }
}
