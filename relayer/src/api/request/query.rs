//! The query of a list. It is read by hand, since a key may stand in it several times.

use crate::{
    api::{Problem, ProblemKind},
    clock::Millis,
    request::StateName,
    store::{Page, RequestFilter},
};
use phat_protocol::Outcome;
use std::{fmt, str::FromStr, time::UNIX_EPOCH};

/// The longest page.
const MAX_LIMIT: u32 = 500;
const DEFAULT_LIMIT: u32 = 50;
/// The longest consumer, in bytes: an encoded account has 32.
const MAX_CONSUMER: usize = 64;

/// 400 years of the Gregorian calendar, milliseconds.
const CYCLE_MILLIS: i64 = 146_097 * 86_400_000;

/// Which requests are listed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct List {
    pub(super) filter: RequestFilter,
    pub(super) page: Page,
}

/// Reads the query of a list.
///
/// # Errors
/// The first key or value in it that can't be read.
pub(super) fn list(query: Vec<(String, String)>) -> Result<List, Problem> {
    let mut page = Page { before: None, limit: DEFAULT_LIMIT };
    let (mut filters, mut seen) = (Vec::new(), Vec::new());
    for (key, value) in query {
        match key.as_str() {
            "limit" | "before" if seen.contains(&key) => return Err(twice(&key)),
            "limit" => page.limit = limit(&value)?,
            "before" => page.before = Some(read(&key, &value)?),
            _ => {
                filters.push((key, value));
                continue;
            }
        }
        seen.push(key);
    }
    let filter = read_filter(filters, "state, chain, consumer, contract, outcome, since, until, limit, before")?;
    Ok(List { filter, page })
}

/// Reads a query that has filters alone.
///
/// # Errors
/// The first key or value in it that can't be read.
pub(super) fn filter(query: Vec<(String, String)>) -> Result<RequestFilter, Problem> {
    read_filter(query, "state, chain, consumer, contract, outcome, since, until")
}

fn read_filter(query: Vec<(String, String)>, known: &str) -> Result<RequestFilter, Problem> {
    let mut filter = RequestFilter::default();
    let mut seen: Vec<String> = Vec::new();
    for (key, value) in query {
        if key != "state" && seen.contains(&key) {
            return Err(twice(&key));
        }
        match key.as_str() {
            "state" => {
                for name in value.split(',') {
                    let state: StateName = read(&key, name)?;
                    if !filter.states.contains(&state) {
                        filter.states.push(state);
                    }
                }
            }
            "chain" => filter.chain = Some(value),
            "consumer" => filter.consumer = Some(consumer(&value)?),
            "contract" => filter.contract = Some(read(&key, &value)?),
            "outcome" => filter.outcome = Some(outcome(&value)?),
            "since" => filter.since = Some(time(&key, &value)?),
            "until" => filter.until = Some(time(&key, &value)?),
            _ => return Err(malformed(format!("unknown key {key:?}; known are {known}"))),
        }
        seen.push(key);
    }
    Ok(filter)
}

fn read<Value: FromStr>(key: &str, text: &str) -> Result<Value, Problem>
where
    Value::Err: fmt::Display,
{
    text.parse().map_err(|error: Value::Err| malformed(format!("{key}: {error}")))
}

fn limit(text: &str) -> Result<u32, Problem> {
    let limit = text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| malformed(format!("limit is {text:?}, and may be 1 to {MAX_LIMIT}")))
}

fn consumer(text: &str) -> Result<Vec<u8>, Problem> {
    let bytes = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
    bytes.filter(|bytes| (1..=MAX_CONSUMER).contains(&bytes.len())).ok_or_else(|| {
        malformed(format!("consumer: expected 0x and 2 to {} hexadecimal digits, found {text:?}", 2 * MAX_CONSUMER))
    })
}

fn outcome(text: &str) -> Result<Outcome, Problem> {
    Outcome::ALL.into_iter().find(|outcome| outcome.name() == text).ok_or_else(|| {
        let names: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.name()).collect();
        malformed(format!("outcome: expected one of {}; found {text:?}", names.join(", ")))
    })
}

fn time(key: &str, text: &str) -> Result<Millis, Problem> {
    rfc3339(text).ok_or_else(|| {
        malformed(format!("{key}: expected a time as in 2026-11-22T10:00:00Z (RFC 3339), found {text:?}"))
    })
}

/// A time as RFC 3339 writes it.
pub(crate) fn rfc3339(text: &str) -> Option<Millis> {
    // Lower case is allowed there.
    let text = text.to_ascii_uppercase();
    let (local, offset_minutes) = match text.strip_suffix('Z') {
        Some(local) => (local, 0),
        None => {
            let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
            (local, minutes(offset)?)
        }
    };
    // Before 1970 the calendar is the one of 2000 years later, five of its cycles.
    let (year, rest) = local.split_at_checked(4)?;
    let year: u16 = year.parse().ok()?;
    let shift = if year < 1970 { CYCLE_MILLIS * 5 } else { 0 };
    let local = format!("{:04}{rest}Z", if year < 1970 { year + 2000 } else { year });
    let local = humantime::parse_rfc3339(&local).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let millis = i64::try_from(local.as_millis()).ok()?;
    Some(Millis(millis.checked_sub(shift)?.checked_sub(offset_minutes * 60_000)?))
}

/// The minutes of an offset as in `+01:30`.
fn minutes(offset: &str) -> Option<i64> {
    let (sign, rest) = match offset.as_bytes().first()? {
        b'+' => (1, offset.get(1..)?),
        b'-' => (-1, offset.get(1..)?),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |digits: &str, end: i64| {
        let digits =
            Some(digits).filter(|digits| digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        digits?.parse::<i64>().ok().filter(|number| *number < end)
    };
    Some(sign * (number(hours, 24)? * 60 + number(minutes, 60)?))
}

fn twice(key: &str) -> Problem {
    malformed(format!("{key} stands in the query twice"))
}

fn malformed(detail: String) -> Problem {
    Problem::new(ProblemKind::Malformed, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_fractions_and_offsets() {
        for (text, millis) in [
            ("1970-01-01T00:00:01Z", 1_000),
            ("1970-01-01t00:00:01.5z", 1_500),
            ("1970-01-01T01:30:00+01:30", 0),
            ("1970-01-01T00:00:00-01:00", 3_600_000),
            ("2026-11-22T10:00:00Z", 1_795_341_600_000),
            ("1969-12-31T23:59:59Z", -1_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ] {
            assert_eq!(rfc3339(text), Some(Millis(millis)), "{text}");
        }
        for text in [
            "",
            "Z",
            "yesterday",
            "2026-11-22",
            "1970-01-01T00:00:00",
            "1970-01-01T00:00:00+1:30",
            "1970-01-01T00:00:00+24:00",
            "1970-01-01T00:00:00+01:60",
            "1970-13-01T00:00:00Z",
            "é1970-01-01T00:0é:00Z",
        ] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
    }
}
