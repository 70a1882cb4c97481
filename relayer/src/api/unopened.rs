use super::{Liveness, Problem, ProblemKind, Readiness, ReadinessComponent};
use crate::health::Component;
use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use tokio::sync::watch;

/// The API of a relayer whose database can't be opened: it lives, isn't ready, and says why.
pub fn unopened(reason: watch::Receiver<String>) -> Router {
    Router::new()
        .route("/live", get(|| async { Json(Liveness { live: true }) }))
        .route("/ready", get(unready))
        .fallback(|| async { Problem::new(ProblemKind::Unavailable, "the database can't be opened; /ready says why") })
        .with_state(reason)
}

async fn unready(State(reason): State<watch::Receiver<String>>) -> (StatusCode, Json<Readiness>) {
    let database = ReadinessComponent {
        component: Component::Database.to_string(),
        ready: false,
        reason: Some(reason.borrow().clone()),
        attestation: None,
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(Readiness { ready: false, components: vec![database] }))
}
