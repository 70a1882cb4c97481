use crate::{
    output::DecodedOutput,
    request::StateName,
    schema,
    store::{AttemptRecord, EventRecord, RequestSummary, StoredReport},
};
use phat_connector::TxHash;
use phat_protocol::{BlockHash, Outcome, Request, RequestId, serde_hex};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// `GET /v1/requests`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestsAnswer {
    /// The page, newest first.
    pub requests: Vec<RequestSummary>,
    /// `before` of the next page; none when this is the last.
    #[schema(value_type = Option<schema::RequestId>)]
    pub next: Option<RequestId>,
}

/// `GET /v1/requests/counts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestCounts {
    /// All that the filters let through.
    pub total: u64,
    /// Those of them in each state; states without any are left out.
    pub by_state: BTreeMap<StateName, u64>,
    /// Those of them that were executed, by how the run ended; outcomes without any are left out.
    #[schema(value_type = BTreeMap<schema::Outcome, u64>)]
    pub by_outcome: BTreeMap<Outcome, u64>,
}

/// `GET /v1/requests/{id}`: the whole life of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestAnswer {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: RequestSummary,
    /// Why it failed or what it waits for, in one sentence; none when the consumer has an answer that is Ok.
    pub failure: Option<String>,
    /// Everything that its id binds.
    #[schema(value_type = schema::Request)]
    pub request: Request,
    /// What was asked.
    #[serde(with = "serde_hex")]
    #[schema(value_type = schema::Bytes)]
    pub payload: Vec<u8>,
    /// The hash of its block.
    #[schema(value_type = schema::BlockHash)]
    pub block_hash: BlockHash,
    /// The transaction that made it.
    #[schema(value_type = schema::TxHash)]
    pub transaction: TxHash,
    /// The request that the same transaction had made, with the same content, in a block that was reorganised
    /// away.
    #[schema(value_type = Option<schema::RequestId>)]
    pub replaces: Option<RequestId>,
    /// The request that the same transaction made when it was mined again, the newest if there are several.
    #[schema(value_type = Option<schema::RequestId>)]
    pub replaced_by: Option<RequestId>,
    /// How often the present step was tried.
    pub tries: u32,
    /// Not tried again before this time.
    pub next_try_at_ms: i64,
    /// Whether the block that settled it is at the configured finality.
    pub is_final: bool,
    /// The states that it was in, oldest first.
    pub states: Vec<StateSpan>,
    /// The signed answer.
    pub report: Option<ReportAnswer>,
    /// The nonces used for it, oldest first.
    pub attempts: Vec<AttemptRecord>,
    /// What happened to it, oldest first.
    pub events: Vec<EventRecord>,
}

/// A signed answer, read as the contract says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportAnswer {
    /// What was stored.
    #[serde(flatten)]
    pub stored: StoredReport,
    /// What the output means; none where the contract doesn't say, or the bytes aren't what it says.
    pub decoded: Option<DecodedOutput>,
}

/// One stay in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateSpan {
    /// The state.
    pub state: StateName,
    /// When it began.
    pub from_ms: i64,
    /// When it ended; none for the present state.
    pub until_ms: Option<i64>,
    /// How long it was, milliseconds; so far, for the present state.
    pub duration_ms: u64,
}
