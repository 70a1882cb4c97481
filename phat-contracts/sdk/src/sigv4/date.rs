use alloc::{format, string::String};

/// A time, as signatures name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    year: u64,
    month: u64,
    day: u64,
    seconds: u64,
}

const DAY: u64 = 86_400;

impl Stamp {
    /// The time of so many milliseconds since 1970, in UTC.
    pub(super) fn of(millis: u64) -> Self {
        let (mut days, seconds) = (millis / 1_000 / DAY, millis / 1_000 % DAY);
        // Whole cycles of 400 years, then year by year: at most 400 steps.
        let mut year = 1970 + days / 146_097 * 400;
        days %= 146_097;
        while days >= days_of_year(year) {
            days -= days_of_year(year);
            year += 1;
        }
        let mut month = 1;
        while days >= days_of_month(year, month) {
            days -= days_of_month(year, month);
            month += 1;
        }
        Self { year, month, day: days + 1, seconds }
    }

    /// `20130524`
    pub(super) fn day(&self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// `20130524T000000Z`
    pub(super) fn time(&self) -> String {
        let (hours, minutes, seconds) = (self.seconds / 3_600, self.seconds / 60 % 60, self.seconds % 60);
        format!("{}T{hours:02}{minutes:02}{seconds:02}Z", self.day())
    }
}

/// The Gregorian calendar's rule.
const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_of_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + if is_leap(year) { 1 } else { 0 },
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, time) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_369_353_600, "20130524T000000Z"),
            (1_735_689_599, "20241231T235959Z"),
            (1_800_000_000, "20270115T080000Z"),
            (4_107_542_400, "21000301T000000Z"),
            (12_622_780_800, "23700101T000000Z"),
        ] {
            assert_eq!(Stamp::of(seconds * 1_000 + 999).time(), time, "{seconds}");
        }
    }
}
