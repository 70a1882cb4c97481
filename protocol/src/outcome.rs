use parity_scale_codec::{Decode, Encode};

/// How a run of a contract ended. Every one of them is signed, delivered and paid; a fault of the
/// host is none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum Outcome {
    /// The contract answered.
    Ok = 0,
    /// The contract answered an error of its own.
    ContractError = 1,
    /// The module trapped.
    Trapped = 2,
    /// The whole fuel budget was spent.
    OutOfFuel = 3,
    /// The module trapped after a refused `memory.grow`.
    OutOfMemory = 4,
    /// The clock ran out.
    TimedOut = 5,
    /// The answer is longer than the request's `maxOutput`.
    OutputTooLarge = 6,
    /// A contract error or a trap, where the last HTTP call was denied.
    EgressDenied = 7,
    /// The module can't start, lacks the message, or returns bytes that can't be decoded.
    BadContract = 8,
    /// Reserved: workers disagreed.
    Disagreed = 9,
}

/// A byte that names no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} names no outcome")]
pub struct UnknownOutcome(pub u8);

impl Outcome {
    /// Every outcome, in the order of its number.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::ContractError,
        Self::Trapped,
        Self::OutOfFuel,
        Self::OutOfMemory,
        Self::TimedOut,
        Self::OutputTooLarge,
        Self::EgressDenied,
        Self::BadContract,
        Self::Disagreed,
    ];

    /// The number that chains see.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::ContractError => 1,
            Self::Trapped => 2,
            Self::OutOfFuel => 3,
            Self::OutOfMemory => 4,
            Self::TimedOut => 5,
            Self::OutputTooLarge => 6,
            Self::EgressDenied => 7,
            Self::BadContract => 8,
            Self::Disagreed => 9,
        }
    }

    /// The outcome's name as it is written in this protocol.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "Ok",
            Self::ContractError => "ContractError",
            Self::Trapped => "Trapped",
            Self::OutOfFuel => "OutOfFuel",
            Self::OutOfMemory => "OutOfMemory",
            Self::TimedOut => "TimedOut",
            Self::OutputTooLarge => "OutputTooLarge",
            Self::EgressDenied => "EgressDenied",
            Self::BadContract => "BadContract",
            Self::Disagreed => "Disagreed",
        }
    }
}

impl core::fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(self.name())
    }
}

impl TryFrom<u8> for Outcome {
    type Error = UnknownOutcome;

    fn try_from(number: u8) -> Result<Self, UnknownOutcome> {
        Self::ALL.get(usize::from(number)).copied().ok_or(UnknownOutcome(number))
    }
}
