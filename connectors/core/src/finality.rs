use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// When a block counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Finality {
    /// That many blocks below the newest; 0 counts the newest itself.
    Latest(u64),
    /// The block that the node calls safe.
    Safe,
    /// The block that the node calls finalized.
    Finalized,
}

/// Text that names no finality.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `latest`, `latest - N`, `safe` or `finalized`, found {0:?}")]
pub struct ParseFinalityError(pub String);

impl FromStr for Finality {
    type Err = ParseFinalityError;

    fn from_str(text: &str) -> Result<Self, ParseFinalityError> {
        let refused = || ParseFinalityError(text.to_owned());
        match text.trim() {
            "safe" => Ok(Self::Safe),
            "finalized" => Ok(Self::Finalized),
            other => match other.strip_prefix("latest").ok_or_else(refused)?.trim() {
                "" => Ok(Self::Latest(0)),
                depth => depth
                    .strip_prefix('-')
                    .and_then(|digits| digits.trim().parse().ok())
                    .map(Self::Latest)
                    .ok_or_else(refused),
            },
        }
    }
}

impl TryFrom<String> for Finality {
    type Error = ParseFinalityError;

    fn try_from(text: String) -> Result<Self, ParseFinalityError> {
        text.parse()
    }
}

impl From<Finality> for String {
    fn from(finality: Finality) -> Self {
        finality.to_string()
    }
}

impl fmt::Display for Finality {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest(0) => formatter.write_str("latest"),
            Self::Latest(depth) => write!(formatter, "latest - {depth}"),
            Self::Safe => formatter.write_str("safe"),
            Self::Finalized => formatter.write_str("finalized"),
        }
    }
}
