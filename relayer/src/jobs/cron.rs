//! Cron expressions, in UTC.
//!
//! The language is that of POSIX (`crontab`), with an optional field for seconds before the others, steps, and names
//! of months and weekdays. It is small, and time in UTC has no gaps: the crates that know time zones bring a date
//! library and procedural macros for what is a few bit sets here.

use super::calendar::Date;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

#[cfg(test)]
mod tests;

const SECONDS_OF_DAY: i64 = 86_400;
/// How many days are looked through for the next time: a leap day on a given weekday comes after 40 years at the
/// latest, where a century without one stands between.
const HORIZON: i64 = 366 * 41;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Times by the calendar, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron {
    text: String,
    seconds: Set,
    minutes: Set,
    hours: Set,
    days: Set,
    months: Set,
    weekdays: Set,
    /// Whether a day must fit both its fields: so when one of them says `*`.
    both_days: bool,
}

/// Text that is no cron expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCron {
    /// There are too few or too many fields.
    #[error(
        "a cron expression has 5 fields (minute, hour, day of the month, month, day of the week), or 6 with seconds \
         first; found {found}"
    )]
    Fields {
        /// How many there are.
        found: usize,
    },
    /// A field can't be read.
    #[error("{field}: {part:?} is not one of {from} to {to}, a range, a list or a step of them")]
    Field {
        /// Which.
        field: &'static str,
        /// What stands in it.
        part: String,
        /// The least value.
        from: u8,
        /// The greatest value.
        to: u8,
    },
    /// No such day ever comes.
    #[error("no day fits it")]
    Never,
}

/// Numbers below 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Set(u64);

impl Set {
    const fn has(self, number: u8) -> bool {
        self.0 >> number & 1 == 1
    }

    /// The members from `from` on, rising.
    fn from(self, from: u8) -> impl Iterator<Item = u8> {
        (from..64).filter(move |number| self.has(*number))
    }
}

/// What may stand in a field.
struct Field {
    name: &'static str,
    from: u8,
    to: u8,
    names: &'static [&'static str],
}

impl Field {
    const fn new(name: &'static str, from: u8, to: u8, names: &'static [&'static str]) -> Self {
        Self { name, from, to, names }
    }

    fn read(&self, text: &str) -> Result<Set, InvalidCron> {
        let mut set = 0;
        for part in text.split(',') {
            set |= self.part(part).ok_or_else(|| InvalidCron::Field {
                field: self.name,
                part: part.to_owned(),
                from: self.from,
                to: self.to,
            })?;
        }
        Ok(Set(set))
    }

    fn part(&self, part: &str) -> Option<u64> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u8>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.from, self.to),
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None => {
                let value = self.value(range)?;
                // `5/10` goes on to the end.
                (value, if step.is_some() { self.to } else { value })
            }
        };
        if first > last {
            return None;
        }
        let numbers = (first..=last).step_by(usize::from(step.unwrap_or(1)));
        Some(numbers.fold(0, |set, number| set | 1 << number))
    }

    fn value(&self, text: &str) -> Option<u8> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = match named {
            Some(position) => u8::try_from(position).ok()? + self.from,
            None => text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))?,
        };
        (self.from..=self.to).contains(&value).then_some(value)
    }
}

impl Cron {
    /// The first time after `time` that fits; none beyond the years that a time can have.
    #[must_use]
    pub fn next_after(&self, time: Millis) -> Option<Millis> {
        let second = time.0.div_euclid(1000).checked_add(1)?;
        let today = second.div_euclid(SECONDS_OF_DAY);
        for day in today..=today.checked_add(HORIZON)? {
            if !self.has_day(Date::of_day(day)) {
                continue;
            }
            let earliest = if day == today { second.rem_euclid(SECONDS_OF_DAY) } else { 0 };
            if let Some(second) = self.next_of_day(earliest) {
                return day.checked_mul(SECONDS_OF_DAY)?.checked_add(second)?.checked_mul(1000).map(Millis);
            }
        }
        None
    }

    fn has_day(&self, date: Date) -> bool {
        let (day, weekday) = (self.days.has(date.day), self.weekdays.has(date.weekday));
        self.months.has(date.month) && if self.both_days { day && weekday } else { day || weekday }
    }

    /// The first second of a day that fits, from `earliest` on.
    fn next_of_day(&self, earliest: i64) -> Option<i64> {
        let part = |number: i64| u8::try_from(number).unwrap_or(u8::MAX);
        let (hour, minute, second) = (part(earliest / 3600), part(earliest / 60 % 60), part(earliest % 60));
        for at_hour in self.hours.from(hour) {
            let same_hour = at_hour == hour;
            for at_minute in self.minutes.from(if same_hour { minute } else { 0 }) {
                let from = if same_hour && at_minute == minute { second } else { 0 };
                if let Some(at_second) = self.seconds.from(from).next() {
                    return Some(i64::from(at_hour) * 3600 + i64::from(at_minute) * 60 + i64::from(at_second));
                }
            }
        }
        None
    }
}

impl FromStr for Cron {
    type Err = InvalidCron;

    fn from_str(text: &str) -> Result<Self, InvalidCron> {
        let written = match text.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            other => other,
        };
        let fields: Vec<&str> = written.split_ascii_whitespace().collect();
        let (second, rest) = match fields[..] {
            [minute, hour, day, month, weekday] => ("0", [minute, hour, day, month, weekday]),
            [second, minute, hour, day, month, weekday] => (second, [minute, hour, day, month, weekday]),
            _ => return Err(InvalidCron::Fields { found: fields.len() }),
        };
        let [minute, hour, day, month, weekday] = rest;
        let weekdays = Field::new("day of the week", 0, 7, &WEEKDAYS).read(weekday)?;
        let cron = Self {
            text: text.trim().to_owned(),
            seconds: Field::new("second", 0, 59, &[]).read(second)?,
            minutes: Field::new("minute", 0, 59, &[]).read(minute)?,
            hours: Field::new("hour", 0, 23, &[]).read(hour)?,
            days: Field::new("day of the month", 1, 31, &[]).read(day)?,
            months: Field::new("month", 1, 12, &MONTHS).read(month)?,
            // Sunday is 0 and 7.
            weekdays: Set(weekdays.0 | weekdays.0 >> 7 & 1),
            both_days: day.starts_with('*') || weekday.starts_with('*'),
        };
        cron.next_after(Millis(0)).ok_or(InvalidCron::Never)?;
        Ok(cron)
    }
}

impl TryFrom<String> for Cron {
    type Error = InvalidCron;

    fn try_from(text: String) -> Result<Self, InvalidCron> {
        text.parse()
    }
}

impl From<Cron> for String {
    fn from(cron: Cron) -> Self {
        cron.text
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
