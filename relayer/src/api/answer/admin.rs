use super::whole;
use crate::{request::StateName, schema, store::Pause};
use phat_protocol::RequestId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /v1/requests/{id}/retry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetryAnswer {
    /// The request.
    #[schema(value_type = schema::RequestId)]
    pub id: RequestId,
    /// Where it stands now.
    pub state: StateName,
}

/// The body of `POST /v1/chains/{name}/pause` and `POST /v1/contracts/{id}/pause`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseOrder {
    /// Why, for those who see the pause.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// The answer to both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PauseAnswer {
    /// The pause that holds: this one, or an earlier one.
    pub paused: Pause,
}

/// `POST /v1/chains/{name}/resume` and `POST /v1/contracts/{id}/resume`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResumeAnswer {
    /// Whether there was a pause to end.
    pub was_paused: bool,
}

/// The body of `POST /v1/chains/{name}/rescan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RescanOrder {
    /// The first block that is gone over again.
    #[serde(deserialize_with = "whole::required")]
    #[schema(maximum = 9_007_199_254_740_991u64)]
    pub from_block: u64,
}

/// Its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RescanAnswer {
    /// The first block that is still to be read.
    pub next_block: u64,
    /// The last block that was watched when the order was given.
    pub to_block: u64,
}

/// `DELETE /v1/chains/{name}/rescan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RescanCancelledAnswer {
    /// The first block that was not read yet; none where nothing was ordered.
    pub next_block: Option<u64>,
}
