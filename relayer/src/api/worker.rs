use super::{
    COMPONENT_TIMEOUT, Problem, ProblemKind, RegisteredAnswer, RegistrarError, Shared, WorkerAnswer, WorkerOnChain,
    chain::in_time, extract::Path,
};
use crate::enclave::simulated_not_allowed;
use axum::{Json, extract::State};
use futures_util::future::join_all;
use phat_enclave_api::{Attestation, Status};
use tokio::time::timeout;

/// `GET /v1/worker`.
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

/// `POST /v1/chains/{name}/worker`.
pub(super) async fn register(
    State(api): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<RegisteredAnswer>, Problem> {
    let chain = api.state.chains.get(&name).ok_or_else(|| unknown_chain(&api, &name))?;
    match enclave_status(&api).await?.attestation {
        Attestation::Simulated if !api.state.allow_simulated => {
            return Err(Problem::new(ProblemKind::Conflict, simulated_not_allowed()));
        }
        Attestation::Simulated => {}
    }
    let quote_for = chain.registrar.quote_for().await?;
    let quote = api.state.enclave.quote(&quote_for).await?;
    let registered = chain.registrar.register(&quote_for, &quote).await?;
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

fn unknown_chain(api: &Shared, name: &str) -> Problem {
    let known: Vec<&str> = api.state.chains.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Problem::new(ProblemKind::NotFound, format!("no chain is called {name:?}; configured: {known}"))
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
