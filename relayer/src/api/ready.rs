use super::{
    ApiChain, ApiState, COMPONENT_TIMEOUT, Liveness, Readiness, ReadinessComponent, Shared,
    chain::in_time,
    finding::{Checked, Finding, Weight},
    wallet,
};
use crate::{doctor, health::Component};
use axum::{Json, extract::State, http::StatusCode};
use futures_util::future::join_all;
use phat_enclave_api::{Attestation, Status};
use std::time::Duration;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// How long an answer stands, so that probes cost the endpoints little.
pub(super) const FRESH: Duration = Duration::from_secs(1);

/// What the probe found last. Whoever asks while it looks waits for that.
#[derive(Default)]
pub(super) struct Cache(Mutex<Option<(Instant, Found)>>);

/// What the probe found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Database, enclave, and each chain.
    pub(super) components: Vec<Checked>,
    /// What vouches for the enclave; none when it doesn't answer.
    attestation: Option<Attestation>,
}

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
    let Found { components, attestation } = probe(&api).await;
    let components = components.iter().map(|checked| component(checked, attestation)).collect::<Vec<_>>();
    let ready = components.iter().all(|component| component.ready);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, components }))
}

/// Looks at every component, or at what was found a moment ago.
pub(super) async fn probe(api: &Shared) -> Found {
    let mut cached = api.readiness.0.lock().await;
    match &*cached {
        Some((made, found)) if made.elapsed() < FRESH => found.clone(),
        Some(_) | None => {
            let found = look(&api.state).await;
            *cached = Some((Instant::now(), found.clone()));
            found
        }
    }
}

async fn look(state: &ApiState) -> Found {
    // The chains are asked about the worker, so the enclave comes first; each has its own time.
    let ((enclave, status), database) = tokio::join!(enclave(state), database(state));
    let chains = state.chains.iter().map(|(name, chain)| look_at_chain(state, name, chain, status.as_ref()));
    let mut components = vec![database, enclave];
    components.extend(join_all(chains).await);
    Found { components, attestation: status.map(|status| status.attestation) }
}

/// A component is ready when nothing was found against it now, and its tasks met no trouble.
fn component(checked: &Checked, attestation: Option<Attestation>) -> ReadinessComponent {
    let against = checked.findings.iter().filter(|finding| match finding.weight {
        Weight::Stops | Weight::Met => true,
        Weight::Noticed => false,
    });
    let reasons: Vec<&str> = against.map(|finding| finding.reason.as_str()).collect();
    ReadinessComponent {
        component: checked.component.to_string(),
        ready: reasons.is_empty(),
        reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
        attestation: attestation.filter(|_| checked.component == Component::Enclave),
    }
}

/// What was found now, and what the tasks met beside it.
fn checked(state: &ApiState, component: Component, mut findings: Vec<Finding>) -> Checked {
    let said: Vec<String> = findings.iter().map(|finding| finding.reason.clone()).collect();
    findings.extend(state.health.troubles(&component, &said).into_iter().map(Finding::met));
    Checked { component, findings }
}

async fn database(state: &ApiState) -> Checked {
    const REMEDY: &str = "look at the disk and at the log; the relayer goes on when it can write";
    let finding = match timeout(COMPONENT_TIMEOUT, state.read.ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Finding::stops(error.to_string(), REMEDY)),
        Err(_) => Some(Finding::stops(late(), REMEDY)),
    };
    checked(state, Component::Database, finding.into_iter().collect())
}

async fn enclave(state: &ApiState) -> (Checked, Option<Status>) {
    let mut findings = Vec::new();
    let status = match timeout(COMPONENT_TIMEOUT, state.enclave.status()).await {
        Ok(Ok(status)) => {
            match status.attestation {
                Attestation::Simulated if !state.allow_simulated => findings.push(Finding::simulated()),
                Attestation::Simulated => {}
            }
            findings.extend(status.fault.as_ref().map(|fault| {
                Finding::stops(format!("it can't sign: {fault}"), "mend what it says; it goes on when it can sign")
            }));
            let apart = doctor::too_far_apart(state.clock.now().as_secs(), status.now);
            findings.extend(apart.map(|(finding, remedy)| Finding::stops(finding, remedy)));
            Some(status)
        }
        Ok(Err(error)) => {
            findings.push(Finding::enclave(&error));
            None
        }
        Err(_) => {
            findings.push(Finding::stops(late(), "look at the enclave's process and its log"));
            None
        }
    };
    (checked(state, Component::Enclave, findings), status)
}

async fn look_at_chain(state: &ApiState, name: &str, chain: &ApiChain, status: Option<&Status>) -> Checked {
    let mut findings = Vec::new();
    match in_time(chain.status.facts()).await {
        // One reason is enough where the others would only follow from it.
        Err(silence) => findings.push(Finding::silence(name, &silence)),
        Ok(facts) => {
            if facts.paused {
                let reason = format!("oracle {} is paused", facts.oracle);
                findings.push(Finding::stops(reason, "its admin unpauses it; nothing can be answered meanwhile"));
            }
            if facts.threshold > 1 {
                let reason =
                    format!("oracle {} asks for {} signatures, and one relayer has one", facts.oracle, facts.threshold);
                findings.push(Finding::stops(reason, "its admin lowers it (setThreshold), or name another oracle"));
            }
            let worker = status.map(|status| status.keys.worker);
            let active = async {
                match worker {
                    Some(worker) => Some((worker, in_time(chain.status.is_active(worker)).await)),
                    // The enclave's own component says that it is away.
                    None => None,
                }
            };
            let (active, wallets) = tokio::join!(active, wallet::stopped(name, chain));
            match active {
                Some((worker, Ok(false))) => {
                    let remedy = format!("`relayer worker register --chain {name}`");
                    let reason = format!("worker {worker} is not active on registry {} ({remedy})", facts.registry);
                    findings.push(Finding::stops(reason, remedy));
                }
                Some((_, Err(silence))) => findings.push(Finding::silence(name, &silence)),
                Some((_, Ok(true))) | None => {}
            }
            findings.extend(wallets);
        }
    }
    findings.dedup_by(|one, other| one.reason == other.reason);
    checked(state, Component::Chain(name.to_owned()), findings)
}

fn late() -> String {
    format!("no answer within {} s", COMPONENT_TIMEOUT.as_secs())
}
