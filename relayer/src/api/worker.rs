use super::{
    COMPONENT_TIMEOUT, PROBLEM, Problem, ProblemKind, Registered, RegisteredAnswer, RegistrarError, Shared,
    WorkerAnswer, WorkerOnChain, chain::in_time, extract::Path,
};
use crate::{
    clock::Millis,
    enclave::simulated_not_allowed,
    store::{Act, Subject},
};
use axum::{Json, extract::State};
use futures_util::future::join_all;
use phat_enclave_api::{Attestation, Quote, Status};
use serde_json::json;
use tokio::time::timeout;

/// The enclave's worker: its keys, what vouches for it, and its standing on each chain.
#[utoipa::path(
    get, path = "/v1/worker", operation_id = "show_worker", tag = "worker",
    responses((status = 200, description = "The worker.", body = WorkerAnswer))
)]
pub(super) async fn show(State(api): State<Shared>) -> Result<Json<WorkerAnswer>, Problem> {
    let status = enclave_status(&api).await?;
    let worker = status.keys.worker;
    let chains = api.state.chains.iter().map(|(name, chain)| async move {
        let (active, trouble) = match in_time(chain.status.is_active(worker)).await {
            Ok(active) => (Some(active), None),
            Err(silence) => (None, Some(silence.to_string())),
        };
        WorkerOnChain { chain: name.clone(), active, trouble }
    });
    Ok(Json(WorkerAnswer {
        chains: join_all(chains).await,
        attestation: status.attestation,
        version: status.version,
        keys: status.keys,
        measurement: status.measurement,
        config_hash: status.config_hash,
        contracts: status.contracts,
        running: status.running,
        executions: status.executions,
        fault: status.fault,
    }))
}

/// Registers the worker with the chain's registry, as the chain's wallet, and waits until that is mined.
#[utoipa::path(
    post, path = "/v1/chains/{name}/worker", operation_id = "register_worker", tag = "chains",
    security(("token" = [])),
    params(("name" = String, Path, description = "The chain's configured name.")),
    responses(
        (status = 200, description = "It is registered.", body = RegisteredAnswer),
        (status = 404, description = "No chain is configured under that name.", body = Problem, content_type = PROBLEM),
        (status = 409, description = "Something stands against it that an operator can change.", body = Problem,
            content_type = PROBLEM),
        (status = 422, description = "The registry refuses it.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn register(
    State(api): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<RegisteredAnswer>, Problem> {
    let chain = api.chain(&name)?;
    match enclave_status(&api).await?.attestation {
        Attestation::Simulated if !api.state.allow_simulated => {
            return Err(Problem::new(ProblemKind::Conflict, simulated_not_allowed()));
        }
        Attestation::Simulated => {}
    }
    let quote_for = chain.registrar.quote_for().await?;
    let quote = api.state.enclave.quote(&quote_for).await?;
    let registered = chain.registrar.register(&quote_for, &quote).await?;
    note(&api, &name, &quote, &registered).await?;
    tracing::info!(chain = name, worker = %quote.keys.worker, transaction = %registered.transaction, "worker registered");
    Ok(Json(RegisteredAnswer {
        worker: quote.keys.worker,
        attestation: quote.attestation,
        transaction: registered.transaction,
        block: registered.block,
        expires_at: registered.expires_at,
    }))
}

async fn enclave_status(api: &Shared) -> Result<Status, Problem> {
    match timeout(COMPONENT_TIMEOUT, api.state.enclave.status()).await {
        Ok(status) => Ok(status?),
        Err(_) => {
            let detail = format!("the enclave gave no answer within {} s", COMPONENT_TIMEOUT.as_secs());
            Err(Problem::new(ProblemKind::Unavailable, detail))
        }
    }
}

/// Leaves the registration in the trail of events.
async fn note(api: &Shared, chain: &str, quote: &Quote, registered: &Registered) -> Result<(), Problem> {
    let detail =
        json!({ "worker": quote.keys.worker, "transaction": registered.transaction, "block": registered.block });
    let now = Millis::now(&*api.state.clock);
    api.state.admin.note(&Subject::Chain(chain.to_owned()), Act::Registered, Some(detail), now).await?;
    Ok(())
}

impl From<RegistrarError> for Problem {
    fn from(error: RegistrarError) -> Self {
        match error {
            RegistrarError::Chain(error) => error.into(),
            RegistrarError::NotMined { .. } => Self::new(ProblemKind::Unavailable, error),
            RegistrarError::PairNotAllowed { .. } => Self::new(ProblemKind::Conflict, error),
            RegistrarError::Failed { .. } => Self::new(ProblemKind::Refused, error),
        }
    }
}
