//! What is made of the numbers, exactly: an answer is rounded once, toward zero.
//!
//! A number is an integer that counts 10^-`places`; sums are within ±2^127 such units.

use alloc::vec::Vec;

/// The parts of which a quantile's place is counted: six decimals.
pub(crate) const MILLIONTHS: u32 = 1_000_000;

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// How many rows there are.
    Count,
    /// Their numbers together; of no rows, 0.
    Sum,
    /// The sum by the count.
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The value below which this part of the numbers lies, in millionths, with linear interpolation between the two
    /// next to it (Hyndman and Fan's definition 7, as spreadsheets' PERCENTILE.INC and NumPy's default).
    Quantile(u32),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AggregateError {
    /// No row is left to compute anything of.
    #[error("no rows")]
    NoRows,
    /// A sum, or the answer, needs more than 127 bits.
    #[error("the result is out of range")]
    OutOfRange,
}

/// What of the rows so far is needed.
#[derive(Debug)]
enum Running {
    Count,
    Sum(i128),
    Extreme(Option<i128>),
    All(Vec<i128>),
}

/// An [`Aggregate`] on its way.
#[derive(Debug)]
pub(crate) struct Total {
    aggregate: Aggregate,
    rows: u32,
    running: Running,
}

impl Total {
    pub(crate) const fn new(aggregate: Aggregate) -> Self {
        let running = match aggregate {
            Aggregate::Count => Running::Count,
            Aggregate::Sum | Aggregate::Mean => Running::Sum(0),
            Aggregate::Min | Aggregate::Max => Running::Extreme(None),
            Aggregate::Quantile(_) => Running::All(Vec::new()),
        };
        Self { aggregate, rows: 0, running }
    }

    /// How many numbers it has.
    pub(crate) const fn rows(&self) -> u32 {
        self.rows
    }

    /// Takes a row's number, which doesn't matter where rows are counted.
    pub(crate) fn add(&mut self, number: i128) -> Result<(), AggregateError> {
        self.rows += 1;
        match &mut self.running {
            Running::Count => {}
            Running::Sum(sum) => *sum = sum.checked_add(number).ok_or(AggregateError::OutOfRange)?,
            Running::Extreme(extreme) => {
                let other = extreme.unwrap_or(number);
                let least = self.aggregate == Aggregate::Min;
                *extreme = Some(if least { other.min(number) } else { other.max(number) });
            }
            Running::All(numbers) => numbers.push(number),
        }
        Ok(())
    }

    /// The result times 10^`decimals`, rounded toward zero, of numbers that count 10^-`places`.
    pub(crate) fn finish(self, places: u8, decimals: u8) -> Result<i128, AggregateError> {
        let rows = i128::from(self.rows);
        let (numerator, denominator, places) = match (self.running, self.aggregate) {
            (Running::Count, _) => (rows, 1, 0),
            (Running::Sum(sum), Aggregate::Mean) => (sum, rows, places),
            (Running::Sum(sum), _) => (sum, 1, places),
            (Running::Extreme(extreme), _) => (extreme.ok_or(AggregateError::NoRows)?, 1, places),
            (Running::All(numbers), Aggregate::Quantile(part)) => {
                (quantile(numbers, part)?, i128::from(MILLIONTHS), places)
            }
            (Running::All(_), _) => return Err(AggregateError::NoRows),
        };
        if denominator == 0 {
            return Err(AggregateError::NoRows);
        }
        scaled(numerator, denominator, places, decimals).ok_or(AggregateError::OutOfRange)
    }
}

/// The quantile, times a million.
fn quantile(mut numbers: Vec<i128>, part: u32) -> Result<i128, AggregateError> {
    numbers.sort_unstable();
    let last = u64::try_from(numbers.len()).ok().and_then(|length| length.checked_sub(1));
    let place = last.ok_or(AggregateError::NoRows)? * u64::from(part);
    let (below, between) = (place / u64::from(MILLIONTHS), place % u64::from(MILLIONTHS));
    let at = |index: u64| usize::try_from(index).ok().and_then(|index| numbers.get(index)).copied();
    let below_value = at(below).ok_or(AggregateError::NoRows)?;
    let above_value = at(below + 1).unwrap_or(below_value);
    let interpolated = || {
        let step = above_value.checked_sub(below_value)?.checked_mul(between.into())?;
        below_value.checked_mul(MILLIONTHS.into())?.checked_add(step)
    };
    interpolated().ok_or(AggregateError::OutOfRange)
}

/// `numerator` / `denominator` × 10^(`decimals` - `places`), rounded toward zero.
fn scaled(numerator: i128, denominator: i128, places: u8, decimals: u8) -> Option<i128> {
    // Rounding toward zero twice rounds as once, so digits can be cut behind the division.
    let (mut quotient, mut remainder) = (numerator / denominator, numerator % denominator);
    for _ in places..decimals {
        remainder = remainder.checked_mul(10)?;
        quotient = quotient.checked_mul(10)?.checked_add(remainder / denominator)?;
        remainder %= denominator;
    }
    for _ in decimals..places {
        quotient /= 10;
    }
    Some(quotient)
}

#[cfg(test)]
mod tests;
