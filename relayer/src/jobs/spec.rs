use super::{JobName, Schedule};
use phat_protocol::ContractId;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use utoipa::ToSchema;

/// What a job is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSpec {
    /// What it is called.
    pub name: JobName,
    /// The contract that is run.
    pub contract_id: ContractId,
    /// The message's input: selector and arguments.
    pub input: Vec<u8>,
    /// Whether the SCALE encoding of a run's [`JobTrigger`](super::JobTrigger) is put behind the input, as the last
    /// argument.
    pub append_trigger: bool,
    /// When it runs.
    pub schedule: Schedule,
    /// What becomes of times that passed while no relayer was running.
    pub missed: Missed,
}

/// Names of a closed set, as the database and the API write them.
macro_rules! names {
    ($name:ident, $unknown:ident, $what:literal, { $($variant:ident => $text:literal),* $(,)? }) => {
        impl $name {
            /// As it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        #[doc = concat!("Text that is no ", $what, ".")]
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("no {what} is called {found:?}", what = $what, found = .0)]
        pub struct $unknown(String);

        impl FromStr for $name {
            type Err = $unknown;

            fn from_str(text: &str) -> Result<Self, $unknown> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err($unknown(text.to_owned())),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

/// What becomes of times and heights that passed while no relayer was running. Events are never missed: they are read
/// from where reading stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// They are passed over.
    #[default]
    Skip,
    /// The job runs once for all of them.
    Once,
}

names!(Missed, UnknownMissed, "policy for what was missed (skip, once)", { Skip => "skip", Once => "once" });

/// Who said that there is a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobSource {
    /// A call of the API, which may remove it again.
    Api,
    /// The configuration, which alone may remove it.
    Config,
    /// The configuration once, and no more: it doesn't run.
    Left,
}

names!(JobSource, UnknownJobSource, "source of a job", { Api => "api", Config => "config", Left => "left" });

/// Why a job did not run when it was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its run before had not ended.
    Overlap,
    /// No relayer was running.
    Missed,
    /// Its contract was paused.
    ContractPaused,
    /// Several heights were due at once, and it ran at the newest.
    Passed,
}

names!(SkipReason, UnknownSkipReason, "reason to skip a run", {
    Overlap => "overlap",
    Missed => "missed",
    ContractPaused => "contract_paused",
    Passed => "passed",
});
