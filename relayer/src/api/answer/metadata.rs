use crate::schema;
use phat_protocol::CodeHash;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `PUT /v1/code/{hash}/metadata`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MetadataAnswer {
    /// The code.
    #[schema(value_type = schema::CodeHash)]
    pub code_hash: CodeHash,
    /// What its contracts are made by.
    pub constructors: Vec<String>,
    /// What they can be asked.
    pub messages: Vec<String>,
}
