use super::{ApiChain, ApiState, COMPONENT_TIMEOUT, Liveness, Readiness, ReadinessComponent, Shared, chain::in_time};
use crate::{enclave::simulated_not_allowed, health::Component};
use axum::{Json, extract::State, http::StatusCode};
use futures_util::future::join_all;
use phat_enclave_api::{Attestation, Status};
use phat_protocol::Amount;
use std::time::Duration;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// How long an answer stands, so that probes cost the endpoints little.
const FRESH: Duration = Duration::from_secs(1);

/// The last answer. Whoever asks while one is made waits for that one.
#[derive(Default)]
pub(super) struct Cache(Mutex<Option<(Instant, Readiness)>>);

/// Whether the process serves.
#[utoipa::path(
    get, path = "/live", operation_id = "live", tag = "health",
    responses((status = 200, description = "It does.", body = Liveness))
)]
pub(super) async fn live() -> Json<Liveness> {
    Json(Liveness { live: true })
}

/// Whether every component works.
///
/// The answer names them all, and what each one lacks. It stands for a second.
#[utoipa::path(
    get, path = "/ready", operation_id = "ready", tag = "health",
    responses(
        (status = 200, description = "All of them work.", body = Readiness),
        (status = 503, description = "One of them doesn't.", body = Readiness),
    )
)]
pub(super) async fn ready(State(api): State<Shared>) -> (StatusCode, Json<Readiness>) {
    let mut cached = api.readiness.0.lock().await;
    let readiness = match &*cached {
        Some((made, readiness)) if made.elapsed() < FRESH => readiness.clone(),
        Some(_) | None => {
            let readiness = look(&api.state).await;
            *cached = Some((Instant::now(), readiness.clone()));
            readiness
        }
    };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

async fn look(state: &ApiState) -> Readiness {
    // The chains are asked about the worker, so the enclave comes first; each has its own time.
    let ((enclave, status), database) = tokio::join!(enclave(state), database(state));
    let chains = state.chains.iter().map(|(name, chain)| look_at_chain(state, name, chain, status.as_ref()));
    let mut components = vec![database, enclave];
    components.extend(join_all(chains).await);
    Readiness { ready: components.iter().all(|component| component.ready), components }
}

/// A component is ready when nothing was found against it now, and its tasks met no trouble.
fn component(state: &ApiState, component: &Component, mut reasons: Vec<String>) -> ReadinessComponent {
    let met = state.health.troubles(component, &reasons);
    reasons.extend(met);
    ReadinessComponent {
        component: component.to_string(),
        ready: reasons.is_empty(),
        reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
        attestation: None,
    }
}

async fn database(state: &ApiState) -> ReadinessComponent {
    let reason = match timeout(COMPONENT_TIMEOUT, state.read.ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(late()),
    };
    component(state, &Component::Database, reason.into_iter().collect())
}

async fn enclave(state: &ApiState) -> (ReadinessComponent, Option<Status>) {
    let mut reasons = Vec::new();
    let status = match timeout(COMPONENT_TIMEOUT, state.enclave.status()).await {
        Ok(Ok(status)) => {
            match status.attestation {
                Attestation::Simulated if !state.allow_simulated => reasons.push(simulated_not_allowed().to_string()),
                Attestation::Simulated => {}
            }
            reasons.extend(status.fault.as_ref().map(|fault| format!("it can't sign: {fault}")));
            Some(status)
        }
        Ok(Err(error)) => {
            reasons.push(error.to_string());
            None
        }
        Err(_) => {
            reasons.push(late());
            None
        }
    };
    let attestation = status.as_ref().map(|status| status.attestation);
    (ReadinessComponent { attestation, ..component(state, &Component::Enclave, reasons) }, status)
}

async fn look_at_chain(state: &ApiState, name: &str, chain: &ApiChain, status: Option<&Status>) -> ReadinessComponent {
    let mut reasons = Vec::new();
    match in_time(chain.status.facts()).await {
        // One reason is enough where the others would only follow from it.
        Err(silence) => reasons.push(silence.to_string()),
        Ok(facts) => {
            if facts.paused {
                reasons.push(format!("oracle {} is paused", facts.oracle));
            }
            let worker = status.map(|status| status.keys.worker);
            let active = async {
                match worker {
                    Some(worker) => Some((worker, in_time(chain.status.is_active(worker)).await)),
                    // The enclave's own component says that it is away.
                    None => None,
                }
            };
            let (active, balance) = tokio::join!(active, in_time(chain.sink.balance()));
            match active {
                Some((worker, Ok(false))) => reasons.push(format!(
                    "worker {worker} is not active on registry {} (`relayer worker register --chain {name}`)",
                    facts.registry
                )),
                Some((_, Err(silence))) => reasons.push(silence.to_string()),
                Some((_, Ok(true))) | None => {}
            }
            match balance {
                Ok(balance) if balance == Amount::default() => {
                    reasons.push(format!("wallet {} has no funds", chain.sink.submitter()));
                }
                Ok(_) => {}
                Err(silence) => reasons.push(silence.to_string()),
            }
        }
    }
    reasons.dedup();
    component(state, &Component::Chain(name.to_owned()), reasons)
}

fn late() -> String {
    format!("no answer within {} s", COMPONENT_TIMEOUT.as_secs())
}
