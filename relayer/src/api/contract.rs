use super::{
    CodeAnswer, ContractAnswer, ContractsAnswer, DeployContract, Problem, ProblemKind, Shared,
    extract::{Bytes, Json as JsonBody, Path},
};
use crate::{catalogue::CatalogueEntry, clock::Millis};
use axum::{Json, extract::State, http::StatusCode};
use phat_enclave_api::{Attestation, Instantiate};
use phat_protocol::ContractId;
use tokio::time::timeout;

/// `PUT /v1/code`.
pub(super) async fn put_code(State(api): State<Shared>, Bytes(wasm): Bytes) -> Result<Json<CodeAnswer>, Problem> {
    let code = api.state.enclave.put_code(wasm).await?;
    Ok(Json(CodeAnswer { code_hash: code.code_hash, size: code.size }))
}

/// `POST /v1/contracts`. Every step can be repeated: a crash between two of them is mended by
/// deploying again.
pub(super) async fn deploy(
    State(api): State<Shared>,
    JsonBody(body): JsonBody<DeployContract>,
) -> Result<(StatusCode, Json<ContractAnswer>), Problem> {
    let state = &api.state;
    let DeployContract { name, code_hash, init_data, owner, salt } = body;
    let contract = state.enclave.instantiate(&Instantiate { code_hash, init_data, owner, salt }).await?;
    let now = Millis::now(&*state.clock);
    let entry = CatalogueEntry {
        contract_id: contract.contract_id,
        name,
        code_hash: contract.code_hash,
        init_data: contract.init_data,
        owner: contract.owner,
        salt: contract.salt,
        revision: contract.revision,
        deployed_at_ms: now.0,
    };
    state.catalogue.put_contract(&entry).await?;
    let reconsidered = state.execute.reconsider(entry.contract_id, now).await?;
    for chain in state.chains.values() {
        chain.doorbell.notify_one();
    }
    tracing::info!(contract = %entry.contract_id, name = %entry.name, reconsidered, "contract deployed");
    Ok((
        StatusCode::CREATED,
        Json(ContractAnswer { entry, in_enclave: Some(true), attestation: attestation(&api).await, reconsidered }),
    ))
}

/// `GET /v1/contracts`.
pub(super) async fn list(State(api): State<Shared>) -> Result<Json<ContractsAnswer>, Problem> {
    Ok(Json(ContractsAnswer { contracts: api.state.catalogue.contracts().await? }))
}

/// `GET /v1/contracts/{id}`.
pub(super) async fn show(
    State(api): State<Shared>,
    Path(id): Path<ContractId>,
) -> Result<Json<ContractAnswer>, Problem> {
    let entry = api.state.catalogue.contract(id).await?;
    let mut entry = entry.ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, format!("no contract {id} was deployed through this relayer"))
    })?;
    let in_enclave = match timeout(super::COMPONENT_TIMEOUT, api.state.enclave.contract(id)).await {
        Ok(Ok(Some(contract))) => {
            entry.revision = contract.revision;
            Some(true)
        }
        Ok(Ok(None)) => Some(false),
        Ok(Err(_)) | Err(_) => None,
    };
    Ok(Json(ContractAnswer { entry, in_enclave, attestation: attestation(&api).await, reconsidered: 0 }))
}

/// What vouches for the enclave; none when it doesn't say in time.
async fn attestation(api: &Shared) -> Option<Attestation> {
    let status = timeout(super::COMPONENT_TIMEOUT, api.state.enclave.status()).await;
    status.ok()?.ok().map(|status| status.attestation)
}
