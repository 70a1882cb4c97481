use crate::schema;
use phat_connector::EndpointState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One endpoint of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointAnswer {
    /// Its configured name, or scheme, host and port.
    pub name: String,
    /// Endpoints with the lowest number are used while they do well.
    pub priority: u32,
    /// How it does.
    #[schema(value_type = schema::EndpointState)]
    pub state: EndpointState,
    /// Whether it is the one that served last.
    pub in_use: bool,
    /// The newest block that it showed.
    pub head: Option<u64>,
    /// How many blocks it was behind the others then.
    pub lag_blocks: Option<u64>,
    /// How long its answers take, milliseconds, as a moving average.
    pub latency_ms: Option<u64>,
    /// How many of a hundred of its newest calls failed, as a moving average.
    pub failed_percent: u8,
    /// What went wrong last, if anything did.
    pub last_error: Option<String>,
    /// Until when it gets no calls, because it asked for fewer.
    pub resting_until_ms: Option<i64>,
    /// When it answered last.
    pub answered_at_ms: Option<i64>,
}
