use alloc::vec::Vec;

/// The denominator of [`Rule::max_deviation_bps`].
pub const BASIS_POINTS: u16 = 10_000;

/// When prices make an answer. All are integers: the price times 10^`decimals`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How many prices there must be, after those too far away were dropped.
    pub minimum: usize,
    /// How far a price may be from the median of all, in ten-thousandths of that median; 0 to [`BASIS_POINTS`].
    pub max_deviation_bps: u16,
}

/// What prices came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The median of all.
    pub of_all: i128,
    /// For each price, in the order in which they were given, whether it is near enough to [`Self::of_all`].
    pub near: Vec<bool>,
    /// The median of those near enough; none where they are fewer than the minimum.
    pub answer: Option<i128>,
}

impl Rule {
    /// Judges prices; none where there are none.
    ///
    /// A price is too far away when |price - median of all| × 10,000 > |median of all| × `max_deviation_bps`. This is
    /// looked at once: the answer is the median of the rest, and is not compared again.
    #[must_use]
    pub fn judge(&self, prices: &[i128]) -> Option<Verdict> {
        let of_all = median(prices.to_vec())?;
        let near: Vec<bool> = prices.iter().map(|price| self.is_near(*price, of_all)).collect();
        let kept: Vec<i128> = prices.iter().zip(&near).filter(|(_, near)| **near).map(|(price, _)| *price).collect();
        let answer = if kept.len() < self.minimum { None } else { median(kept) };
        Some(Verdict { of_all, near, answer })
    }

    fn is_near(&self, price: i128, median: i128) -> bool {
        wide_product(price.abs_diff(median), BASIS_POINTS)
            <= wide_product(median.unsigned_abs(), self.max_deviation_bps)
    }
}

/// The middle one; of an even count, the mean of the two in the middle, rounded toward zero.
fn median(mut prices: Vec<i128>) -> Option<i128> {
    prices.sort_unstable();
    let above = *prices.get(prices.len() / 2)?;
    if prices.len() % 2 == 1 {
        return Some(above);
    }
    let below = *prices.get((prices.len() / 2).checked_sub(1)?)?;
    Some(mean(below, above))
}

/// (a + b) / 2, rounded toward zero, also where a + b needs a bit more than there is.
fn mean(a: i128, b: i128) -> i128 {
    // Twice the bits that both have, plus those that one has: halved, this rounds down.
    let down = (a & b) + ((a ^ b) >> 1);
    let odd = (a ^ b) & 1;
    if down < 0 { down + odd } else { down }
}

/// A product of up to 144 bits: what is above 2^64, and the rest.
fn wide_product(value: u128, factor: u16) -> (u128, u128) {
    const LOW: u128 = (1 << 64) - 1;
    let factor = u128::from(factor);
    let low = (value & LOW) * factor;
    ((value >> 64) * factor + (low >> 64), low & LOW)
}

#[cfg(test)]
mod tests;
