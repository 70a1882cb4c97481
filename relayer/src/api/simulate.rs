use super::{
    PROBLEM, Problem, ProblemKind, Shared, SimulateContract, SimulationAnswer,
    extract::{Json as JsonBody, Path},
};
use crate::schema;
use axum::{Json, extract::State};
use phat_enclave_api::{EnclaveError, Refusal, Simulate};
use phat_protocol::{Chain, ContractId, bounds};

/// What a contract is told where no chain is configured: a development chain's id.
const NO_CHAIN: Chain = Chain::Evm(31337);

/// Runs a contract as a request would, without secrets.
///
/// Nothing is signed, stored or sent to a chain. It takes the token all the same: the contract speaks
/// to the internet for whoever asks. A run that fails is an answer like any other.
#[utoipa::path(
    post, path = "/v1/contracts/{id}/simulate", operation_id = "simulate_contract", tag = "contracts",
    security(("token" = [])),
    params(("id" = schema::ContractId, Path, description = "The contract's id.")),
    request_body = SimulateContract,
    responses(
        (status = 200, description = "What came of the run.", body = SimulationAnswer),
        (status = 404, description = "The enclave has no such contract, or no chain is configured under that name.",
            body = Problem, content_type = PROBLEM),
        (status = 422, description = "The enclave refuses it.", body = Problem, content_type = PROBLEM),
        (status = 503, description = "The enclave doesn't answer, or runs as much as it may.", body = Problem,
            content_type = PROBLEM),
    )
)]
pub(super) async fn simulate(
    State(api): State<Shared>,
    Path(contract_id): Path<ContractId>,
    JsonBody(body): JsonBody<SimulateContract>,
) -> Result<Json<SimulationAnswer>, Problem> {
    let SimulateContract { payload, chain, consumer, max_output } = body;
    let chain = match &chain {
        Some(name) => api.chain(name)?.chain,
        None => api.state.chains.values().next().map_or(NO_CHAIN, |chain| chain.chain),
    };
    if u32::try_from(payload.len()).map_or(true, |length| length > bounds::MAX_PAYLOAD) {
        let detail =
            format!("the payload has {} bytes, and a request's at most {}", payload.len(), bounds::MAX_PAYLOAD);
        return Err(Problem::new(ProblemKind::Malformed, detail));
    }
    let max_output = max_output.unwrap_or(bounds::MAX_OUTPUT);
    if max_output > bounds::MAX_OUTPUT {
        let detail = format!("max_output is {max_output}, and may be 0 to {}", bounds::MAX_OUTPUT);
        return Err(Problem::new(ProblemKind::Malformed, detail));
    }
    let simulate = Simulate { contract_id, payload, chain, consumer, max_output };
    let simulation = match api.state.enclave.simulate(&simulate).await {
        Ok(simulation) => simulation,
        Err(EnclaveError::Refused(Refusal::UnknownContract { .. })) => {
            let detail = format!("the enclave has no contract {contract_id}; deploy it (`relayer contract deploy`)");
            return Err(Problem::new(ProblemKind::NotFound, detail));
        }
        Err(error) => return Err(error.into()),
    };
    let record = api.state.catalogue.contract(contract_id).await?;
    let format = record.and_then(|record| record.output);
    Ok(Json(SimulationAnswer {
        decoded: format.and_then(|format| format.decode(simulation.outcome, &simulation.output)),
        contract_id,
        chain,
        attestation: simulation.attestation,
        outcome: simulation.outcome,
        outcome_number: simulation.outcome.number(),
        output: simulation.output,
        reason: simulation.reason,
        logs: simulation.logs,
        fuel: simulation.fuel,
        elapsed_ms: simulation.elapsed_ms,
    }))
}
