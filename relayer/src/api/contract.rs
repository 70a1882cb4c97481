use super::{
    COMPONENT_TIMEOUT, CodeAnswer, ContractAnswer, ContractSummary, ContractsAnswer, DeployContract, FailedRunAnswer,
    PROBLEM, Problem, ProblemKind, RecentRunsAnswer, Shared,
    extract::{Bytes, Json as JsonBody, Path},
    request::run_reason,
};
use crate::{
    catalogue::CatalogueEntry,
    clock::Millis,
    output::{OutputDescription, OutputFormat, OutputMistake},
    schema,
    store::{Act, CatalogueRecord, CodeRecord, Pause, RecentRuns, Subject},
};
use axum::{Json, extract::State, http::StatusCode};
use phat_enclave_api::{Code, EnclaveError, Instantiate, Refusal, Status};
use phat_executor::SectionError;
use phat_protocol::ContractId;
use serde_json::{Value, json};
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
    // The enclave itself says everything against what is no module.
    let output = match OutputDescription::of_module(&wasm) {
        Ok(output) => output,
        Err(OutputMistake::Section(SectionError::Unreadable(_))) => None,
        Err(mistake) => {
            let refusal = Refusal::BadModule { reasons: vec![mistake.to_string()] };
            return Err(EnclaveError::from(refusal).into());
        }
    };
    let Code { code_hash, size } = api.state.enclave.put_code(wasm).await?;
    let code = CodeRecord { hash: code_hash, size, output };
    api.state.catalogue.put_code(&code, Millis::now(&*api.state.clock)).await?;
    Ok(Json(CodeAnswer { code_hash, size, output: code.output }))
}

/// Deploys a contract: code that was put before, with init data, an owner and a salt.
///
/// Every step can be repeated: a crash between two of them is mended by deploying again.
#[utoipa::path(
    post, path = "/v1/contracts", operation_id = "deploy_contract", tag = "contracts", security(("token" = [])),
    request_body = DeployContract,
    responses(
        (status = 201, description = "It is deployed.", body = ContractAnswer),
        (status = 422, description = "The enclave refuses it, or `output` makes no sense.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn deploy(
    State(api): State<Shared>,
    JsonBody(body): JsonBody<DeployContract>,
) -> Result<(StatusCode, Json<ContractAnswer>), Problem> {
    let state = &api.state;
    let DeployContract { name, code_hash, init_data, owner, salt, output } = body;
    let output = output.map(OutputDescription::try_from).transpose();
    let output = output.map_err(|mistake| Problem::new(ProblemKind::Refused, format!("output: {mistake}")))?;
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
    state.catalogue.put_contract(&entry, output.as_ref()).await?;
    let reconsidered = state.execute.reconsider(entry.contract_id, now).await?;
    let detail = json!({ "name": entry.name, "reconsidered": reconsidered });
    state.admin.note(&Subject::Contract(entry.contract_id), Act::Deployed, Some(detail), now).await?;
    for chain in state.chains.values() {
        chain.doorbells.execute.notify_one();
    }
    tracing::info!(contract = %entry.contract_id, name = %entry.name, reconsidered, "contract deployed");
    let answer = ContractAnswer { reconsidered, in_enclave: Some(true), ..look(&api, entry.contract_id).await? };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// The contracts that were deployed here, the newest first, and what came of their last runs.
#[utoipa::path(
    get, path = "/v1/contracts", operation_id = "list_contracts", tag = "contracts",
    responses((status = 200, description = "All of them.", body = ContractsAnswer))
)]
pub(super) async fn list(State(api): State<Shared>) -> Result<Json<ContractsAnswer>, Problem> {
    let catalogue = &api.state.catalogue;
    let (records, recent, pauses, status) = tokio::join!(
        catalogue.contracts(),
        catalogue.recent_runs(None),
        api.state.admin.pauses(),
        enclave_status(&api)
    );
    let (mut recent, mut pauses) = (recent?, pauses?);
    let contracts = records?.into_iter().map(|record| {
        let id = record.entry.contract_id;
        summary(record, recent.remove(&id), pauses.contracts.remove(&id))
    });
    Ok(Json(ContractsAnswer { contracts: contracts.collect(), limits: status.as_ref().map(limits) }))
}

/// One contract, what came of its last runs, and whether the enclave has it.
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
    look(&api, id).await.map(Json)
}

async fn look(api: &Shared, id: ContractId) -> Result<ContractAnswer, Problem> {
    let catalogue = &api.state.catalogue;
    let record = catalogue.contract(id).await?;
    let mut record = record.ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, format!("no contract {id} was deployed through this relayer"))
    })?;
    let (recent, pauses, status, kept) = tokio::join!(
        catalogue.recent_runs(Some(id)),
        api.state.admin.pauses(),
        enclave_status(api),
        timeout(COMPONENT_TIMEOUT, api.state.enclave.contract(id))
    );
    let in_enclave = match kept {
        Ok(Ok(Some(contract))) => {
            record.entry.revision = contract.revision;
            Some(true)
        }
        Ok(Ok(None)) => Some(false),
        Ok(Err(_)) | Err(_) => None,
    };
    Ok(ContractAnswer {
        summary: summary(record, recent?.remove(&id), pauses?.contracts.remove(&id)),
        in_enclave,
        attestation: status.as_ref().map(|status| status.attestation),
        limits: status.as_ref().map(limits),
        reconsidered: 0,
    })
}

fn summary(record: CatalogueRecord, runs: Option<RecentRuns>, paused: Option<Pause>) -> ContractSummary {
    let recent = runs.map_or_else(RecentRunsAnswer::default, |runs| recent(runs, record.output.as_ref()));
    ContractSummary { entry: record.entry, size: record.size, output: record.output, paused, recent }
}

fn recent(runs: RecentRuns, output: Option<&OutputFormat>) -> RecentRunsAnswer {
    let last_failure = runs.last_failure.map(|run| {
        let decoded = output.and_then(|output| output.decode(run.outcome, &run.output));
        FailedRunAnswer {
            request: run.request,
            at_ms: run.at.0,
            outcome: run.outcome,
            reason: run_reason(run.reason.as_deref(), decoded.as_ref()),
        }
    });
    RecentRunsAnswer {
        runs: runs.by_outcome.values().sum(),
        by_outcome: runs.by_outcome,
        last_run_at_ms: runs.last_run_at.map(|at| at.0),
        last_failure,
        mean_fuel: runs.mean_fuel,
        mean_elapsed_ms: runs.mean_elapsed_ms,
    }
}

/// What one run may use.
fn limits(status: &Status) -> Value {
    status.config.get("limits").cloned().unwrap_or_default()
}

/// The enclave's status; none when it doesn't say in time.
async fn enclave_status(api: &Shared) -> Option<Status> {
    timeout(COMPONENT_TIMEOUT, api.state.enclave.status()).await.ok()?.ok()
}
