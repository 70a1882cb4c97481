use crate::{
    catalogue::{CatalogueEntry, ContractName},
    output::{OutputDescription, OutputFormat, UncheckedDescription},
    schema,
    store::Pause,
};
use phat_enclave_api::Attestation;
use phat_protocol::{CodeHash, Outcome, Owner, RequestId, Salt, serde_hex};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// `PUT /v1/code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodeAnswer {
    /// BLAKE2b-256 of the wasm bytes.
    #[schema(value_type = schema::CodeHash)]
    pub code_hash: CodeHash,
    /// Its length in bytes.
    pub size: u64,
    /// What the module says of its contracts' outputs.
    #[serde(default)]
    pub output: Option<OutputDescription>,
}

/// The body of `POST /v1/contracts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeployContract {
    /// The name that it is to be known by here.
    pub name: ContractName,
    /// The code, put before.
    #[schema(value_type = schema::CodeHash)]
    pub code_hash: CodeHash,
    /// The exact input of `deploy`.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub init_data: Vec<u8>,
    /// Who may change it; 32 zero bytes for nobody.
    #[serde(default)]
    #[schema(value_type = schema::Owner)]
    pub owner: Owner,
    /// What tells it from others of the same code, init data and owner.
    #[serde(default)]
    #[schema(value_type = schema::Salt)]
    pub salt: Salt,
    /// How its output is read, in place of what its module says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<UncheckedDescription>,
}

/// `GET /v1/contracts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContractsAnswer {
    /// All contracts that were deployed here, the newest first.
    pub contracts: Vec<ContractSummary>,
    /// What one run may use, as the enclave's configuration names it; none when the enclave doesn't answer.
    pub limits: Option<Value>,
}

/// A contract in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContractSummary {
    /// What the catalogue has.
    #[serde(flatten)]
    pub entry: CatalogueEntry,
    /// The length of its code in bytes; none when the code was not put through this relayer.
    pub size: Option<u64>,
    /// How its output is read; none where nobody said.
    pub output: Option<OutputFormat>,
    /// The pause that holds for it, if one does.
    pub paused: Option<Pause>,
    /// What came of its last runs.
    pub recent: RecentRunsAnswer,
}

/// What came of a contract's last runs: those of the newest 100 requests that were executed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecentRunsAnswer {
    /// How many they are.
    pub runs: u64,
    /// How they ended; outcomes without any are left out.
    #[schema(value_type = BTreeMap<schema::Outcome, u64>)]
    pub by_outcome: BTreeMap<Outcome, u64>,
    /// When the last one's report was stored.
    pub last_run_at_ms: Option<i64>,
    /// The last one that did not end in Ok.
    pub last_failure: Option<FailedRunAnswer>,
    /// Fuel that one used on average.
    pub mean_fuel: Option<u64>,
    /// How long one took on average, milliseconds.
    pub mean_elapsed_ms: Option<u64>,
}

/// A run that did not end in Ok.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailedRunAnswer {
    /// The request.
    #[schema(value_type = schema::RequestId)]
    pub request: RequestId,
    /// When its report was stored.
    pub at_ms: i64,
    /// How the run ended.
    #[schema(value_type = schema::Outcome)]
    pub outcome: Outcome,
    /// Why, in words.
    pub reason: String,
}

/// `GET /v1/contracts/{id}`, and the answer to `POST /v1/contracts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContractAnswer {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: ContractSummary,
    /// Whether the enclave has it now; none when the enclave doesn't answer.
    pub in_enclave: Option<bool>,
    /// What vouches for the enclave; none when it doesn't answer.
    #[schema(value_type = Option<schema::Attestation>)]
    pub attestation: Option<Attestation>,
    /// What one run may use, as the enclave's configuration names it; none when the enclave doesn't answer.
    pub limits: Option<Value>,
    /// Requests that had been ignored for want of it, and are looked at again.
    #[serde(default)]
    pub reconsidered: u64,
}
