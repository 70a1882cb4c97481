use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use frame_support::{BoundedVec, traits::ConstU32};
use scale_info::TypeInfo;

/// The most characters of a ticker.
const MAX_TICKER_LENGTH: u32 = 10;

/// The name of a currency: 1 to 10 of A-Z and 0-9, so that nothing in it has a meaning in JSON.
#[derive(Clone, PartialEq, Eq, Encode, MaxEncodedLen, TypeInfo)]
pub struct Ticker(BoundedVec<u8, ConstU32<MAX_TICKER_LENGTH>>);

/// Bytes that are no ticker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickerError;

impl TryFrom<&[u8]> for Ticker {
    type Error = TickerError;

    fn try_from(bytes: &[u8]) -> Result<Self, TickerError> {
        let is_ticker =
            !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        let bytes = bytes.to_vec().try_into().map_err(|_| TickerError)?;
        is_ticker.then_some(Self(bytes)).ok_or(TickerError)
    }
}

impl Decode for Ticker {
    fn decode<I: codec::Input>(input: &mut I) -> Result<Self, codec::Error> {
        let bytes = BoundedVec::<u8, ConstU32<MAX_TICKER_LENGTH>>::decode(input)?;
        Self::try_from(bytes.as_slice()).map_err(|_| "a ticker has 1 to 10 of A-Z and 0-9".into())
    }
}

impl DecodeWithMemTracking for Ticker {}

impl fmt::Display for Ticker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| fmt::Write::write_char(formatter, char::from(*byte)))
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What is priced, and in what.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Pair {
    /// What is priced.
    pub base: Ticker,
    /// In what.
    pub quote: Ticker,
}
