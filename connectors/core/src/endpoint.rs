use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// How one endpoint of a chain does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointState {
    /// Nothing was asked of it yet.
    Untried,
    /// It answers, and is where the others are.
    Healthy,
    /// It answers, and is too many blocks behind the others.
    Lagging,
    /// It answered something else than a quorum of the others did.
    Disagreeing,
    /// It doesn't answer, or too often not.
    Failing,
    /// It asked for fewer calls, and gets none until that time is over.
    Resting,
    /// It serves another chain than the configured one, and nothing of it counts.
    WrongChain,
}

impl EndpointState {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Untried,
        Self::Healthy,
        Self::Lagging,
        Self::Disagreeing,
        Self::Failing,
        Self::Resting,
        Self::WrongChain,
    ];

    /// Its name, for counting and for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Untried => "untried",
            Self::Healthy => "healthy",
            Self::Lagging => "lagging",
            Self::Disagreeing => "disagreeing",
            Self::Failing => "failing",
            Self::Resting => "resting",
            Self::WrongChain => "wrong_chain",
        }
    }

    /// Whether it is one that calls go to while nothing is wrong.
    #[must_use]
    pub const fn is_well(self) -> bool {
        match self {
            Self::Untried | Self::Healthy => true,
            Self::Lagging | Self::Disagreeing | Self::Failing | Self::Resting | Self::WrongChain => false,
        }
    }
}

impl fmt::Display for EndpointState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Untried => "not tried yet",
            Self::Healthy => "healthy",
            Self::Lagging => "lagging",
            Self::Disagreeing => "disagreeing with the others",
            Self::Failing => "failing",
            Self::Resting => "resting",
            Self::WrongChain => "on another chain",
        })
    }
}

/// What is known of one endpoint now.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointReport {
    /// Its configured name, or scheme, host and port: never credentials.
    pub name: String,
    /// Endpoints with the lowest number are used first.
    pub priority: u32,
    /// How it does.
    pub state: EndpointState,
    /// Whether it is the one that served last.
    pub in_use: bool,
    /// The newest block that it showed.
    pub head: Option<u64>,
    /// How many blocks it was behind the others when it showed that.
    pub lag: Option<u64>,
    /// How long its answers take, as a moving average.
    pub latency: Option<Duration>,
    /// The share of its newest calls that failed, 0 to 1, as a moving average.
    pub error_rate: f64,
    /// What went wrong last, if anything did.
    pub last_error: Option<String>,
    /// For how long yet it gets no calls, because it asked for fewer.
    pub resting: Option<Duration>,
    /// How long ago it answered last.
    pub answered: Option<Duration>,
}

/// The endpoints that a chain end speaks to.
#[async_trait]
pub trait EndpointPool: Send + Sync {
    /// What is known of each, in the order of the configuration. Asks no one.
    fn endpoints(&self) -> Vec<EndpointReport>;

    /// Asks those for chain and head that nothing was heard of for long, or that are to be brought back. Says when
    /// the next one is due. Stage `probe` calls it again and again.
    async fn probe(&self) -> Duration;
}
