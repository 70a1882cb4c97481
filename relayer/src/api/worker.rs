use super::{
    COMPONENT_TIMEOUT, PROBLEM, Problem, ProblemKind, QuoteAnswer, Registered, RegisteredAnswer, RegistrarError,
    Shared, WorkerAnswer, WorkerOnChain,
    chain::in_time,
    extract::{Path, Query},
};
use crate::{
    clock::Millis,
    enclave::simulated_not_allowed,
    store::{Act, Subject},
};
use axum::{Json, extract::State};
use futures_util::future::join_all;
use phat_enclave_api::{Attestation, Quote, Status};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;
use utoipa::IntoParams;

/// How long a quote may take: the chain is asked for a block, then the hardware for evidence.
const QUOTE_TIMEOUT: Duration = Duration::from_secs(10);

/// The enclave's worker: its keys, what vouches for it, its configuration, and its standing on each chain.
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
        config: status.config,
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

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct QuoteQuery {
    /// The chain's configured name.
    chain: String,
}

/// Fresh evidence, for one chain's registry, that the worker's keys live in the enclave.
#[utoipa::path(
    get, path = "/v1/worker/quote", operation_id = "quote_worker", tag = "worker", params(QuoteQuery),
    responses(
        (status = 200, description = "The quote.", body = QuoteAnswer),
        (status = 404, description = "No chain is configured under that name.", body = Problem, content_type = PROBLEM),
        (status = 409, description = "Something stands against it that an operator can change.", body = Problem,
            content_type = PROBLEM),
        (status = 422, description = "The chain or the enclave refuses it.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn quote(
    State(api): State<Shared>,
    Query(QuoteQuery { chain: name }): Query<QuoteQuery>,
) -> Result<Json<QuoteAnswer>, Problem> {
    let chain = api.chain(&name)?;
    let quoting = async {
        let quote_for = chain.registrar.quote_for().await?;
        let quote = api.state.enclave.quote(&quote_for).await?;
        Ok::<_, Problem>((quote_for, quote))
    };
    let (quote_for, quote) = timeout(QUOTE_TIMEOUT, quoting).await.map_err(|_| {
        let detail = format!("chain and enclave made no quote within {} s", QUOTE_TIMEOUT.as_secs());
        Problem::new(ProblemKind::Unavailable, detail)
    })??;
    Ok(Json(QuoteAnswer {
        chain: name,
        quote_for,
        attestation: quote.attestation,
        keys: quote.keys,
        measurement: quote.measurement,
        config_hash: quote.config_hash,
        report_data: quote.report_data,
        evidence: quote.evidence,
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
