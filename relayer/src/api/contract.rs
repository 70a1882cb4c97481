use super::{
    CodeAnswer, ContractAnswer, ContractsAnswer, DeployContract, PROBLEM, Problem, ProblemKind, Shared,
    extract::{Bytes, Json as JsonBody, Path},
};
use crate::{
    catalogue::CatalogueEntry,
    clock::Millis,
    schema,
    store::{Act, Subject},
};
use axum::{Json, extract::State, http::StatusCode};
use phat_enclave_api::{Attestation, Instantiate};
use phat_protocol::ContractId;
use serde_json::json;
use tokio::time::timeout;

/// Checks a contract's code, and stores it in the enclave.
///
/// Code that is there already is answered alike.
#[utoipa::path(
    put, path = "/v1/code", operation_id = "put_code", tag = "contracts", security(("token" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The module's bytes, at most 4 MiB."),
    responses(
        (status = 200, description = "It is stored.", body = CodeAnswer),
        (status = 422, description = "It can't become a contract; `reasons` says all that stands against it.",
            body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn put_code(State(api): State<Shared>, Bytes(wasm): Bytes) -> Result<Json<CodeAnswer>, Problem> {
    let code = api.state.enclave.put_code(wasm).await?;
    Ok(Json(CodeAnswer { code_hash: code.code_hash, size: code.size }))
}

/// Deploys a contract: code that was put before, with init data, an owner and a salt.
///
/// Every step can be repeated: a crash between two of them is mended by deploying again.
#[utoipa::path(
    post, path = "/v1/contracts", operation_id = "deploy_contract", tag = "contracts", security(("token" = [])),
    request_body = DeployContract,
    responses(
        (status = 201, description = "It is deployed.", body = ContractAnswer),
        (status = 422, description = "The enclave refuses it.", body = Problem, content_type = PROBLEM),
    )
)]
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
    let detail = json!({ "name": entry.name, "reconsidered": reconsidered });
    state.admin.note(&Subject::Contract(entry.contract_id), Act::Deployed, Some(detail), now).await?;
    for chain in state.chains.values() {
        chain.doorbells.execute.notify_one();
    }
    tracing::info!(contract = %entry.contract_id, name = %entry.name, reconsidered, "contract deployed");
    Ok((
        StatusCode::CREATED,
        Json(ContractAnswer { entry, in_enclave: Some(true), attestation: attestation(&api).await, reconsidered }),
    ))
}

/// The contracts that were deployed here, the newest first.
#[utoipa::path(
    get, path = "/v1/contracts", operation_id = "list_contracts", tag = "contracts",
    responses((status = 200, description = "All of them.", body = ContractsAnswer))
)]
pub(super) async fn list(State(api): State<Shared>) -> Result<Json<ContractsAnswer>, Problem> {
    Ok(Json(ContractsAnswer { contracts: api.state.catalogue.contracts().await? }))
}

/// One contract, and whether the enclave has it.
#[utoipa::path(
    get, path = "/v1/contracts/{id}", operation_id = "show_contract", tag = "contracts",
    params(("id" = schema::ContractId, Path, description = "The contract's id.")),
    responses(
        (status = 200, description = "The contract.", body = ContractAnswer),
        (status = 404, description = "No such contract was deployed here.", body = Problem, content_type = PROBLEM),
    )
)]
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
