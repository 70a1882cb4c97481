use super::{Cron, InvalidCron};
use crate::{clock::Millis, schema};
use phat_connector::{EventFilter, EvmEventFilter, MAX_TOPICS, SubstrateEventFilter};
use phat_protocol::{Chain, Digest, EvmAddress};
use serde::{Deserialize, Serialize};
use std::{fmt, num::NonZeroU64};
use utoipa::ToSchema;

#[cfg(test)]
mod tests;

/// A topic that any value fits.
const ANY: &str = "any";

/// When a job runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ScheduleForm", into = "ScheduleForm")]
pub enum Schedule {
    /// By the calendar, in UTC.
    Cron(Cron),
    /// At each height of a chain that so many divide.
    Blocks {
        /// How many.
        every: NonZeroU64,
        /// The chain's configured name.
        chain: String,
    },
    /// On each event of a chain.
    Event {
        /// The chain's configured name.
        chain: String,
        /// Which.
        filter: EventFilter,
    },
}

/// When a job runs: exactly one of `cron`, `every_blocks` and `event`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleForm {
    /// By the calendar, in UTC: minute, hour, day of the month, month, day of the week; with six fields, seconds stand
    /// first. `*`, lists, ranges, steps and English names are understood, and `@hourly`, `@daily`, `@weekly`,
    /// `@monthly` and `@yearly`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "*/5 * * * *")]
    pub cron: Option<String>,
    /// At each height of `chain` that this number divides.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::api::whole_number")]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991u64)]
    pub every_blocks: Option<u64>,
    /// The chain that `every_blocks` counts, by its configured name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// On each event of a chain that is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventForm>,
}

/// Events of a chain: of a contract (`address`, and `topics` if any) on an EVM chain, or of a pallet (`pallet` and
/// `event`) on a Substrate chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventForm {
    /// The chain's configured name.
    pub chain: String,
    /// The contract that emits them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::EvmAddress>)]
    pub address: Option<EvmAddress>,
    /// What their topics must be, from the first on: `0x` and 64 hexadecimal digits each, or `any`. At most 4.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 4)]
    pub topics: Vec<String>,
    /// The pallet that emits them, by its name in the runtime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Balances")]
    pub pallet: Option<String>,
    /// The event's name in the pallet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Transfer")]
    pub event: Option<String>,
}

/// What is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    /// None is there, or several are.
    #[error("a schedule has exactly one of cron, every_blocks (with chain) and event")]
    NotOne,
    /// It doesn't say which chain.
    #[error("every_blocks needs a chain")]
    NoChain,
    /// A chain makes no difference here.
    #[error("chain belongs to every_blocks; an event names its own")]
    NeedlessChain,
    /// Nothing happens every 0 blocks.
    #[error("every_blocks is at least 1")]
    EveryNone,
    /// The cron expression can't be read.
    #[error("cron: {0}")]
    Cron(#[from] InvalidCron),
    /// It doesn't say which events, or it mixes two chain families.
    #[error("an event has an address (with topics, on an EVM chain), or a pallet and an event (on a Substrate chain)")]
    NoEvent,
    /// Its event is one of another family of chains than its chain.
    #[error("the event is not of its chain: contracts' addresses are for EVM chains, pallets for Substrate chains")]
    OtherFamily,
    /// There are too many topics.
    #[error("an event has at most {MAX_TOPICS} topics, found {0}")]
    Topics(usize),
    /// A topic can't be read.
    #[error("topics: expected 0x and 64 hexadecimal digits, or \"any\", found {0:?}")]
    Topic(String),
}

impl Schedule {
    /// The chain that it depends on, by its configured name.
    #[must_use]
    pub fn chain(&self) -> Option<&str> {
        match self {
            Self::Cron(_) => None,
            Self::Blocks { chain, .. } | Self::Event { chain, .. } => Some(chain),
        }
    }

    /// Whether that chain, which it names, has what it waits for.
    ///
    /// # Errors
    /// `OtherFamily` when its event is one of another family of chains.
    pub fn fits(&self, chain: &Chain) -> Result<(), InvalidSchedule> {
        let fits = match self {
            Self::Cron(_) | Self::Blocks { .. } => true,
            Self::Event { filter: EventFilter::Evm(_), .. } => matches!(chain, Chain::Evm(_)),
            Self::Event { filter: EventFilter::Substrate(_), .. } => matches!(chain, Chain::Substrate(_)),
        };
        if fits { Ok(()) } else { Err(InvalidSchedule::OtherFamily) }
    }

    /// When the calendar says that it is due next; none where the calendar doesn't matter.
    #[must_use]
    pub fn next_time(&self, now: Millis) -> Option<Millis> {
        match self {
            Self::Cron(cron) => cron.next_after(now),
            Self::Blocks { .. } | Self::Event { .. } => None,
        }
    }

    /// The height after `height` at which it is due next; none where heights don't matter.
    #[must_use]
    pub const fn next_height(&self, height: u64) -> Option<u64> {
        match self {
            Self::Blocks { every, .. } => (height / every.get() + 1).checked_mul(every.get()),
            Self::Cron(_) | Self::Event { .. } => None,
        }
    }
}

impl TryFrom<ScheduleForm> for Schedule {
    type Error = InvalidSchedule;

    fn try_from(form: ScheduleForm) -> Result<Self, InvalidSchedule> {
        let ScheduleForm { cron, every_blocks, chain, event } = form;
        match (cron, every_blocks, event) {
            (Some(_), None, None) | (None, None, Some(_)) if chain.is_some() => Err(InvalidSchedule::NeedlessChain),
            (Some(cron), None, None) => Ok(Self::Cron(cron.parse()?)),
            (None, Some(every), None) => Ok(Self::Blocks {
                every: NonZeroU64::new(every).ok_or(InvalidSchedule::EveryNone)?,
                chain: chain.ok_or(InvalidSchedule::NoChain)?,
            }),
            (None, None, Some(EventForm { chain, address, topics, pallet, event })) => {
                let filter = match (address, pallet, event) {
                    (Some(address), None, None) => {
                        if topics.len() > MAX_TOPICS {
                            return Err(InvalidSchedule::Topics(topics.len()));
                        }
                        let topics = topics.into_iter().map(topic).collect::<Result<_, _>>()?;
                        EventFilter::Evm(EvmEventFilter { address, topics })
                    }
                    (None, Some(pallet), Some(event)) if topics.is_empty() => {
                        EventFilter::Substrate(SubstrateEventFilter { pallet, event })
                    }
                    (Some(_) | None, Some(_) | None, Some(_) | None) => return Err(InvalidSchedule::NoEvent),
                };
                Ok(Self::Event { chain, filter })
            }
            (None, None, None) | (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                Err(InvalidSchedule::NotOne)
            }
        }
    }
}

fn topic(text: String) -> Result<Option<Digest>, InvalidSchedule> {
    if text == ANY {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| InvalidSchedule::Topic(text))
}

impl From<Schedule> for ScheduleForm {
    fn from(schedule: Schedule) -> Self {
        match schedule {
            Schedule::Cron(cron) => Self { cron: Some(cron.into()), ..Self::default() },
            Schedule::Blocks { every, chain } => {
                Self { every_blocks: Some(every.get()), chain: Some(chain), ..Self::default() }
            }
            Schedule::Event { chain, filter } => {
                let event = match filter {
                    EventFilter::Evm(EvmEventFilter { address, topics }) => {
                        let written =
                            |topic: &Option<Digest>| topic.map_or_else(|| ANY.to_owned(), |it| it.to_string());
                        let topics = topics.iter().map(written).collect();
                        EventForm { chain, address: Some(address), topics, ..EventForm::default() }
                    }
                    EventFilter::Substrate(SubstrateEventFilter { pallet, event }) => {
                        EventForm { chain, pallet: Some(pallet), event: Some(event), ..EventForm::default() }
                    }
                };
                Self { event: Some(event), ..Self::default() }
            }
        }
    }
}

/// In words, for people.
impl fmt::Display for ScheduleForm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cron, every_blocks, chain, event } = self;
        if let Some(cron) = cron {
            write!(formatter, "cron {cron}")?;
        }
        if let Some(every) = every_blocks {
            write!(formatter, "every {every} blocks of {}", chain.as_deref().unwrap_or("?"))?;
        }
        if let Some(EventForm { chain, address, topics, pallet, event }) = event {
            if let Some(address) = address {
                write!(formatter, "event of {address} on {chain}")?;
            }
            if let (Some(pallet), Some(event)) = (pallet, event) {
                write!(formatter, "event {pallet}.{event} on {chain}")?;
            }
            if !topics.is_empty() {
                write!(formatter, ", topics {}", topics.join(" "))?;
            }
        }
        Ok(())
    }
}
