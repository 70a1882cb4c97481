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

/// A number that was cut to an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The integer.
    pub value: i128,
    /// Whether nothing was cut away.
    pub exact: bool,
}

/// `text` × 10^`decimals`, rounded toward zero, where it is within ±(2^127 - 1): what [`Scaled::parse`] and
/// [`Scaled::to_i128`] give. A number of at most 18 digits takes a fraction of their time.
///
/// # Errors
/// [`DecimalError`]
pub fn parse_i128(text: &str, decimals: u8) -> Result<Cut, DecimalError> {
    const MOST: usize = 18;
    let number = Number::parse(text).ok_or(DecimalError::NotANumber)?;
    if number.integer.len() + number.fraction.len() > MOST {
        let value = Scaled::parse(text, decimals)?.to_i128()?;
        return Ok(Cut { value, exact: places(text)? <= decimals.into() });
    }
    let mut digits = 0_u64;
    for part in [number.integer, number.fraction] {
        for digit in part.as_bytes() {
            digits = digits * 10 + u64::from(digit - b'0');
        }
    }
    let shift = i64::from(decimals) + number.exponent - count(number.fraction.len());
    let power = usize::try_from(shift.unsigned_abs()).ok().and_then(|shift| POWERS.get(shift)).copied();
    let (magnitude, exact) = match power {
        _ if digits == 0 => (0, true),
        Some(power) if shift >= 0 => (power.checked_mul(digits.into()).ok_or(DecimalError::OutOfRange)?, true),
        None if shift >= 0 => return Err(DecimalError::OutOfRange),
        Some(power) => (i128::from(digits) / power, i128::from(digits) % power == 0),
        None => (0, false),
    };
    Ok(Cut { value: if number.negative { -magnitude } else { magnitude }, exact })
}

/// Powers of ten below 2^127.
const POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// How many digits behind the point a number needs: 2 for `12.50e-1`, 0 for `1.5e3`.
///
/// # Errors
/// [`DecimalError::NotANumber`]
pub fn places(text: &str) -> Result<u64, DecimalError> {
    let number = Number::parse(text).ok_or(DecimalError::NotANumber)?;
    let mut digits = number.integer.bytes().chain(number.fraction.bytes());
    let zeros = digits.by_ref().rev().take_while(|digit| *digit == b'0').count();
    if zeros == number.integer.len() + number.fraction.len() {
        return Ok(0);
    }
    let places = count(number.fraction.len()) - count(zeros) - number.exponent;
    Ok(u64::try_from(places).unwrap_or(0))
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
        let (integer, rest) = digits(unsigned)?;
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) => digits(rest)?,
            None => ("", rest),
        };
        let exponent = match rest.as_bytes().first() {
            None => 0,
            Some(b'e' | b'E') => parse_exponent(&rest[1..])?,
            Some(_) => return None,
        };
        let leading_zero = integer.len() > 1 && integer.starts_with('0');
        (!leading_zero).then_some(Self { negative, integer, fraction, exponent })
    }
}

/// The digits that a text begins with, at least one, and the rest.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn all_digits(text: &str) -> Option<&str> {
    digits(text).filter(|(_, rest)| rest.is_empty()).map(|(digits, _)| digits)
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
