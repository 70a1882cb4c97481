use alloc::{string::String, vec::Vec};
use core::{fmt, str::FromStr};

/// A sum of money in the chain's smallest unit: an unsigned 256-bit integer, big-endian.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(pub [u8; 32]);

/// Text that is not a decimal number below 2^256.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a decimal number below 2^256, found {0:?}")]
pub struct ParseAmountError(pub String);

impl Amount {
    /// The sum as 128 bits, where it fits.
    #[must_use]
    pub fn to_u128(&self) -> Option<u128> {
        let (high, low) = self.0.split_at(16);
        let low: [u8; 16] = low.try_into().ok()?;
        high.iter().all(|byte| *byte == 0).then(|| u128::from_be_bytes(low))
    }
}

impl From<u128> for Amount {
    fn from(value: u128) -> Self {
        Self(crate::abi::left_pad(&value.to_be_bytes()))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Long division by ten, most significant byte first.
        let mut number = self.0;
        let mut digits = Vec::new();
        while digits.is_empty() || number.iter().any(|byte| *byte != 0) {
            let mut remainder = 0u16;
            for byte in &mut number {
                let value = remainder * 256 + u16::from(*byte);
                *byte = u8::try_from(value / 10).unwrap_or(u8::MAX);
                remainder = value % 10;
            }
            digits.push(char::from(b'0' + u8::try_from(remainder).unwrap_or(0)));
        }
        digits.iter().rev().try_for_each(|digit| fmt::Write::write_char(formatter, *digit))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Amount {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, ParseAmountError> {
        let refused = || ParseAmountError(text.into());
        if text.is_empty() {
            return Err(refused());
        }
        let mut number = [0u8; 32];
        for digit in text.bytes() {
            if !digit.is_ascii_digit() {
                return Err(refused());
            }
            let mut carry = u16::from(digit - b'0');
            for byte in number.iter_mut().rev() {
                let value = u16::from(*byte) * 10 + carry;
                *byte = value.to_be_bytes()[1];
                carry = value >> 8;
            }
            if carry != 0 {
                return Err(refused());
            }
        }
        Ok(Self(number))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
