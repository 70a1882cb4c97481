use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use tracing_subscriber::EnvFilter;

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Which events.
    pub filter: LogFilter,
    /// How they are written.
    pub format: LogFormat,
}

/// Which events are logged: a level, or directives of `tracing-subscriber`'s environment filter such as
/// `info,phat_relayer=debug`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogFilter(String);

/// Text that is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a level or directives such as \"info,phat_relayer=debug\", found {text:?}: {cause}")]
pub struct InvalidFilter {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub cause: String,
}

impl LogFilter {
    /// The directives as they were written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The filter itself.
    pub(crate) fn build(&self) -> Result<EnvFilter, InvalidFilter> {
        EnvFilter::try_new(&self.0).map_err(|error| InvalidFilter { text: self.0.clone(), cause: error.to_string() })
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = InvalidFilter;

    fn from_str(text: &str) -> Result<Self, InvalidFilter> {
        let filter = Self(text.to_owned());
        filter.build().map(|_| filter)
    }
}

impl TryFrom<String> for LogFilter {
    type Error = InvalidFilter;

    fn try_from(text: String) -> Result<Self, InvalidFilter> {
        text.parse()
    }
}

impl From<LogFilter> for String {
    fn from(filter: LogFilter) -> Self {
        filter.0
    }
}

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Text that names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected human or json, found {0:?}")]
pub struct UnknownLogFormat(pub String);

impl fmt::Display for LogFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Human => "human",
            Self::Json => "json",
        })
    }
}

impl FromStr for LogFormat {
    type Err = UnknownLogFormat;

    fn from_str(text: &str) -> Result<Self, UnknownLogFormat> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            other => Err(UnknownLogFormat(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_judged_where_it_is_read() {
        assert_eq!("info,phat_relayer=debug".parse::<LogFilter>().unwrap().as_str(), "info,phat_relayer=debug");
        let refused = "info,phat_relayer=loud".parse::<LogFilter>().unwrap_err().to_string();
        assert!(refused.contains("phat_relayer=loud"), "{refused}");
    }

    #[test]
    fn a_format_is_human_or_json() {
        for format in [LogFormat::Human, LogFormat::Json] {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!("xml".parse::<LogFormat>(), Err(UnknownLogFormat("xml".to_owned())));
    }
}
