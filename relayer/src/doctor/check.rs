use serde::{Deserialize, Serialize};
use std::fmt;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// It works, and may not for long, or not as was meant.
    Warn,
    /// It stands in the way.
    Fail,
}

impl fmt::Display for CheckState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at.
    pub subject: String,
    /// How it is.
    pub state: CheckState,
    /// What was found.
    pub finding: String,
    /// How to mend it, where something is wrong.
    pub remedy: Option<String>,
}

impl Check {
    /// All is well.
    pub fn ok(subject: impl Into<String>, finding: impl Into<String>) -> Self {
        Self { subject: subject.into(), state: CheckState::Ok, finding: finding.into(), remedy: None }
    }

    /// Something should be looked at.
    pub fn warn(subject: impl Into<String>, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (subject, finding, remedy) = (subject.into(), finding.into(), Some(remedy.into()));
        Self { subject, state: CheckState::Warn, finding, remedy }
    }

    /// Something stands in the way.
    pub fn fail(subject: impl Into<String>, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: CheckState::Fail, ..Self::warn(subject, finding, remedy) }
    }
}
