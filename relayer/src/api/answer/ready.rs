use crate::schema;
use phat_enclave_api::Attestation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /live`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Liveness {
    /// Always.
    pub live: bool,
}

/// `GET /ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether every component is.
    pub ready: bool,
    /// Database, enclave, and each chain.
    pub components: Vec<ReadinessComponent>,
}

/// One part that the relayer can't work without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadinessComponent {
    /// `database`, `enclave` or `chain NAME`.
    pub component: String,
    /// Whether it works.
    pub ready: bool,
    /// Why not.
    pub reason: Option<String>,
    /// What vouches for it: said of the enclave alone, when it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Attestation>)]
    pub attestation: Option<Attestation>,
}
