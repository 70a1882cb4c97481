//! Decimal numbers as exact text: nothing passes through a float.

use phat_protocol::Amount;

/// Digits of 2^256 - 1.
const MOST_DIGITS: i64 = 78;

/// A decimal number times a power of ten, cut to an integer of at most 256 bits and a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaled {
    negative: bool,
    magnitude: [u8; 32],
}

/// Why a text has no scaled integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The text is not a number as JSON writes it (RFC 8259, section 6).
    #[error("not a number")]
    NotANumber,
    /// The scaled number needs more bits than the type has.
    #[error("out of range")]
    OutOfRange,
}

impl Scaled {
    /// `text` × 10^`decimals`, rounded toward zero, as Solidity's division rounds.
    ///
    /// # Errors
    /// [`DecimalError`]
    pub fn parse(text: &str, decimals: u8) -> Result<Self, DecimalError> {
        let number = Number::parse(text).ok_or(DecimalError::NotANumber)?;
        let digits = || number.integer.bytes().chain(number.fraction.bytes());
        let zeros = digits().take_while(|digit| *digit == b'0').count();
        let kept = count(number.integer.len()) + number.exponent + i64::from(decimals) - count(zeros);
        let significant = digits().count() - zeros;
        if significant == 0 || kept <= 0 {
            return Ok(Self { negative: false, magnitude: [0; 32] });
        }
        if kept > MOST_DIGITS {
            return Err(DecimalError::OutOfRange);
        }
        let kept = usize::try_from(kept).map_err(|_| DecimalError::OutOfRange)?;
        let scaled = digits().skip(zeros).chain(core::iter::repeat(b'0')).take(kept).map(char::from);
        let magnitude: Amount =
            scaled.collect::<alloc::string::String>().parse().map_err(|_| DecimalError::OutOfRange)?;
        Ok(Self { negative: number.negative, magnitude: magnitude.0 })
    }

    /// The number as a big-endian `uint256`.
    ///
    /// # Errors
    /// [`DecimalError::OutOfRange`] when it is negative.
    pub fn to_uint256(self) -> Result<[u8; 32], DecimalError> {
        if self.negative { Err(DecimalError::OutOfRange) } else { Ok(self.magnitude) }
    }

    /// The number, where it is within ±(2^127 - 1).
    ///
    /// # Errors
    /// [`DecimalError::OutOfRange`]
    pub fn to_i128(self) -> Result<i128, DecimalError> {
        let (high, low) = self.magnitude.split_at(16);
        let low = <[u8; 16]>::try_from(low).map(i128::from_be_bytes).map_err(|_| DecimalError::OutOfRange)?;
        if high.iter().any(|byte| *byte != 0) || low < 0 {
            return Err(DecimalError::OutOfRange);
        }
        Ok(if self.negative { -low } else { low })
    }

    /// The number as a big-endian `int256` in two's complement.
    ///
    /// # Errors
    /// [`DecimalError::OutOfRange`] when it is not within -2^255 to 2^255 - 1.
    pub fn to_int256(self) -> Result<[u8; 32], DecimalError> {
        let mut word = self.magnitude;
        if self.negative {
            negate(&mut word);
        }
        let sign = word[0] & 0x80 != 0;
        if sign == self.negative { Ok(word) } else { Err(DecimalError::OutOfRange) }
    }
}

/// Two's complement: every bit flipped, plus one.
fn negate(word: &mut [u8; 32]) {
    let mut carry = true;
    for byte in word.iter_mut().rev() {
        (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
    }
}

/// The parts of a number as JSON writes it: `-12.5e3`.
struct Number<'t> {
    negative: bool,
    integer: &'t str,
    fraction: &'t str,
    exponent: i64,
}

impl<'t> Number<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (integer, fraction) = match mantissa.split_once('.') {
            Some((integer, fraction)) => (integer, all_digits(fraction)?),
            None => (mantissa, ""),
        };
        let integer = all_digits(integer)?;
        let leading_zero = integer.len() > 1 && integer.starts_with('0');
        (!leading_zero).then_some(Self { negative, integer, fraction, exponent })
    }
}

fn all_digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// An exponent beyond a trillion is as good as a trillion: no text that fits in memory makes up for it.
fn parse_exponent(text: &str) -> Option<i64> {
    const BEYOND: i64 = 1_000_000_000_000;
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    Some(sign * all_digits(digits)?.parse().unwrap_or(BEYOND).min(BEYOND))
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests;
