use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// How the relayer is, in one word; the worst of its components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything works, and nothing needs a look.
    Healthy,
    /// It works, with something that an operator should look at.
    Degraded,
    /// Nothing of a component's work can go on.
    Down,
}

impl Verdict {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Down => "down",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// `GET /v1/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusAnswer {
    /// How the relayer is.
    pub verdict: Verdict,
    /// The relayer's release.
    pub version: String,
    /// When it began to serve, unix milliseconds.
    pub started_at_ms: i64,
    /// Its time, unix milliseconds.
    pub now_ms: i64,
    /// All that is wrong, the worst first; nothing when it is healthy.
    pub reasons: Vec<StatusReason>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusReason {
    /// `relayer`, `database`, `enclave`, `chain NAME` or `contract ID`.
    pub component: String,
    /// How that component is for this reason: `degraded` or `down`.
    pub verdict: Verdict,
    /// What is wrong.
    pub reason: String,
    /// How to mend it, where that is known.
    pub remedy: Option<String>,
}
