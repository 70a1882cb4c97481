//! Dates of the proleptic Gregorian calendar, in UTC, by days since the Unix epoch.
//!
//! The algorithm is that of H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`: years begin
//! in March, so that the leap day is the last of one, and repeat after an era of 400 years.

/// Days of 400 years.
const ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// One day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: u8,
    /// 1 to 31.
    pub(super) day: u8,
    /// 0, Sunday, to 6.
    pub(super) weekday: u8,
}

impl Date {
    /// The date so many days after 1970-01-01.
    pub(super) fn of_day(day: i64) -> Self {
        let shifted = day.saturating_add(EPOCH);
        let (era, day_of_era) = (shifted.div_euclid(ERA), shifted.rem_euclid(ERA));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        // 1970-01-01 was a Thursday.
        let weekday = day.saturating_add(4).rem_euclid(7);
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: small(month),
            day: small(day_of_year - (153 * month_from_march + 2) / 5 + 1),
            weekday: small(weekday),
        }
    }
}

/// A number that is below 32 by its making.
fn small(number: i64) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (day, year, month, day_of_month, weekday) in [
            (0, 1970, 1, 1, 4),
            (-1, 1969, 12, 31, 3),
            (11_016, 2000, 2, 29, 2),
            (11_017, 2000, 3, 1, 3),
            (20_779, 2026, 11, 22, 0),
            (47_540, 2100, 2, 28, 0),
            (47_541, 2100, 3, 1, 1),
        ] {
            let expected = Date { year, month, day: day_of_month, weekday };
            assert_eq!(Date::of_day(day), expected, "day {day}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = Date::of_day(-150_000);
        for day in -149_999..150_000 {
            let date = Date::of_day(day);
            assert_eq!(date.weekday, (before.weekday + 1) % 7, "{date:?}");
            let is_next = date.day == before.day + 1 && date.month == before.month && date.year == before.year;
            let is_new_month = date.day == 1 && date.month == before.month % 12 + 1;
            assert!(is_next || is_new_month, "{before:?}, {date:?}");
            if is_new_month {
                let leap = before.year % 4 == 0 && (before.year % 100 != 0 || before.year % 400 == 0);
                let last = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
                assert_eq!(before.day, last[usize::from(before.month) - 1], "{before:?}");
            }
            before = date;
        }
    }
}
