use super::{
    ActOrder, ActedAnswer, CallAnswer, PROBLEM, Problem, ProblemKind, Shared,
    extract::{Json as JsonBody, Path},
};
use crate::{
    clock::Millis,
    schema,
    store::{Act as Deed, Subject},
};
use axum::{Json, extract::State};
use phat_enclave_api::{Act, Acted, EnclaveError, Refusal};
use phat_protocol::{ActionKind, ContractId, OwnerAction};
use serde_json::json;

/// Passes on what a contract's owner signed: a message that changes the contract, its secrets, or a query.
///
/// The enclave judges it. The relayer can read a message and a query, and neither the secrets nor what
/// the owner didn't sign can be changed by it.
#[utoipa::path(
    post, path = "/v1/contracts/{id}/actions", operation_id = "act_on_contract", tag = "contracts",
    security(("token" = [])),
    params(("id" = schema::ContractId, Path, description = "The contract's id.")),
    request_body = ActOrder,
    responses(
        (status = 200, description = "What came of it. A message whose run failed is told so, and changed nothing.",
            body = ActedAnswer),
        (status = 404, description = "The enclave has no such contract.", body = Problem, content_type = PROBLEM),
        (status = 409, description = "The nonce isn't the next one.", body = Problem, content_type = PROBLEM),
        (status = 422, description = "The enclave refuses it: nobody owns the contract, the signature isn't its \
            owner's, the action's time is over, or the secrets can't be read.", body = Problem, content_type = PROBLEM),
        (status = 503, description = "The enclave doesn't answer, or runs as much as it may.", body = Problem,
            content_type = PROBLEM),
    )
)]
pub(super) async fn act(
    State(api): State<Shared>,
    Path(contract_id): Path<ContractId>,
    JsonBody(body): JsonBody<ActOrder>,
) -> Result<Json<ActedAnswer>, Problem> {
    let ActOrder { nonce, not_after, kind, data, signature } = body;
    let act = Act { action: OwnerAction { contract_id, nonce, not_after, kind, data }, signature };
    let acted = match api.state.enclave.act(&act).await {
        Ok(acted) => acted,
        Err(EnclaveError::Refused(Refusal::UnknownContract { .. })) => {
            let detail = format!("the enclave has no contract {contract_id}; deploy it (`relayer contract deploy`)");
            return Err(Problem::new(ProblemKind::NotFound, detail));
        }
        Err(EnclaveError::Refused(refusal @ (Refusal::WrongNonce { .. } | Refusal::StaleNonce { .. }))) => {
            return Err(Problem::new(ProblemKind::Conflict, refusal));
        }
        Err(error) => return Err(error.into()),
    };
    let changed = match kind {
        ActionKind::Message | ActionKind::Secrets => acted.applied,
        ActionKind::Query => false,
    };
    let reconsidered = if changed { advanced(&api, &acted).await? } else { 0 };
    Ok(Json(ActedAnswer {
        contract_id,
        kind: acted.kind,
        applied: acted.applied,
        revision: acted.revision,
        attestation: acted.attestation,
        run: acted.run.map(|run| CallAnswer::of(contract_id, run)),
        reconsidered,
    }))
}

/// Keeps the new revision, and has the requests looked at again that waited for it.
async fn advanced(api: &Shared, acted: &Acted) -> Result<u64, Problem> {
    let (state, id, now) = (&api.state, acted.contract_id, Millis::now(&*api.state.clock));
    if let Some(mut record) = state.catalogue.contract(id).await? {
        record.entry.revision = acted.revision;
        state.catalogue.put_contract(&record.entry, None).await?;
    }
    let reconsidered = state.execute.reconsider(id, now).await?;
    let detail = json!({ "kind": acted.kind, "revision": acted.revision, "reconsidered": reconsidered });
    state.admin.note(&Subject::Contract(id), Deed::OwnerActed, Some(detail), now).await?;
    for chain in state.chains.values() {
        chain.doorbells.execute.notify_one();
    }
    tracing::info!(contract = %id, kind = ?acted.kind, revision = acted.revision, reconsidered, "the owner acted");
    Ok(reconsidered)
}
