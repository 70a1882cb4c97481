use super::{
    CallAnswer, CallContract, PROBLEM, Problem, ProblemKind, Shared,
    extract::{Json as JsonBody, Path},
};
use crate::schema;
use axum::{Json, extract::State};
use phat_enclave_api::{Call, EnclaveError, Refusal};
use phat_protocol::ContractId;

/// Runs any message of a contract as a query.
///
/// It sees the contract's state, and what it writes is dropped. It has the contract's keys and
/// secrets, its caller is 32 zero bytes, and nothing is signed or sent to a chain. A run that fails is an
/// answer like any other.
#[utoipa::path(
    post, path = "/v1/contracts/{id}/call", operation_id = "call_contract", tag = "contracts",
    security(("token" = [])),
    params(("id" = schema::ContractId, Path, description = "The contract's id.")),
    request_body = CallContract,
    responses(
        (status = 200, description = "What came of the run.", body = CallAnswer),
        (status = 404, description = "The enclave has no such contract.", body = Problem, content_type = PROBLEM),
        (status = 422, description = "The enclave refuses it.", body = Problem, content_type = PROBLEM),
        (status = 503, description = "The enclave doesn't answer, or runs as much as it may.", body = Problem,
            content_type = PROBLEM),
    )
)]
pub(super) async fn call(
    State(api): State<Shared>,
    Path(contract_id): Path<ContractId>,
    JsonBody(body): JsonBody<CallContract>,
) -> Result<Json<CallAnswer>, Problem> {
    let call = Call { contract_id, input: body.input };
    let result = match api.state.enclave.call(&call).await {
        Ok(result) => result,
        Err(EnclaveError::Refused(Refusal::UnknownContract { .. })) => {
            let detail = format!("the enclave has no contract {contract_id}; deploy it (`relayer contract deploy`)");
            return Err(Problem::new(ProblemKind::NotFound, detail));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Json(CallAnswer::of(contract_id, result)))
}
