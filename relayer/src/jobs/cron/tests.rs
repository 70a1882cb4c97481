use super::{Cron, InvalidCron};
use crate::{api::rfc3339, clock::Millis, jobs::calendar::Date};
use proptest::prelude::*;

fn next(cron: &str, after: &str) -> String {
    let cron: Cron = cron.parse().unwrap();
    let next = cron.next_after(rfc3339(after).unwrap()).unwrap();
    let since = std::time::Duration::from_millis(next.0.try_into().unwrap());
    humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + since).to_string()
}

#[test]
fn the_next_time_is_the_first_that_fits_after_now() {
    for (cron, after, expected) in [
        ("* * * * *", "2026-11-22T10:00:00Z", "2026-11-22T10:01:00Z"),
        ("* * * * * *", "2026-11-22T10:00:00.9Z", "2026-11-22T10:00:01Z"),
        ("*/15 * * * *", "2026-11-22T10:44:59Z", "2026-11-22T10:45:00Z"),
        ("*/15 * * * *", "2026-11-22T10:45:00Z", "2026-11-22T11:00:00Z"),
        ("30 4 1 * *", "2026-12-01T04:30:00Z", "2027-01-01T04:30:00Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
        // A leap day that is a Sunday, over a century without one.
        ("0 0 29 2 */7", "2088-02-29T00:00:00Z", "2128-02-29T00:00:00Z"),
        ("0 0 * * 0", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"),
        ("0 0 * * 7", "2026-11-16T00:00:00Z", "2026-11-22T00:00:00Z"),
        ("0 9 * * mon-FRI", "2026-11-20T09:00:00Z", "2026-11-23T09:00:00Z"),
        ("0 0 1 jan,jul *", "2026-02-01T00:00:00Z", "2026-07-01T00:00:00Z"),
        ("5/20 * * * *", "2026-11-22T10:05:00Z", "2026-11-22T10:25:00Z"),
        ("10-20/5 * * * * *", "2026-11-22T10:00:15Z", "2026-11-22T10:00:20Z"),
        ("@hourly", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
        ("@weekly", "2026-11-22T10:00:00Z", "2026-11-29T00:00:00Z"),
    ] {
        assert_eq!(next(cron, after), expected, "{cron} after {after}");
    }
}

#[test]
fn a_day_fits_either_of_its_fields_where_both_are_bounded() {
    // POSIX: the 13th, and every Friday.
    assert_eq!(next("0 0 13 * 5", "2026-11-22T00:00:00Z"), "2026-11-27T00:00:00Z");
    assert_eq!(next("0 0 13 * 5", "2026-12-12T00:00:00Z"), "2026-12-13T00:00:00Z");
    assert_eq!(next("0 0 13 * *", "2026-11-22T00:00:00Z"), "2026-12-13T00:00:00Z");
}

#[test]
fn what_is_no_expression_is_refused_with_the_field() {
    for (text, field) in [
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of the month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of the week"),
        ("60 * * * * *", "second"),
        ("a * * * *", "minute"),
        ("*/0 * * * *", "minute"),
        ("5-1 * * * *", "minute"),
        ("+5 * * * *", "minute"),
        ("1,, * * * *", "minute"),
        ("1-2-3 * * * *", "minute"),
    ] {
        let refused = text.parse::<Cron>().unwrap_err().to_string();
        assert!(refused.starts_with(&format!("{field}: ")), "{text}: {refused}");
    }
    assert_eq!("* * * *".parse::<Cron>(), Err(InvalidCron::Fields { found: 4 }));
    assert_eq!("".parse::<Cron>(), Err(InvalidCron::Fields { found: 0 }));
    assert_eq!("0 0 30 2 *".parse::<Cron>(), Err(InvalidCron::Never));
}

/// A field as text, and what is in it.
fn field(from: u8, to: u8) -> impl Strategy<Value = (String, Vec<u8>)> {
    let all = move || (from..=to).collect::<Vec<u8>>();
    prop_oneof![
        Just(("*".to_owned(), all())),
        (from..=to).prop_map(|value| (value.to_string(), vec![value])),
        (from..=to, from..=to).prop_map(|(one, other)| {
            let (first, last) = (one.min(other), one.max(other));
            (format!("{first}-{last}"), (first..=last).collect())
        }),
        (1..=to).prop_map(move |step| (format!("*/{step}"), all().into_iter().step_by(step.into()).collect())),
    ]
}

proptest! {
    #[test]
    fn the_next_time_fits_and_none_between_does(
        second in field(0, 59), minute in field(0, 59), hour in field(0, 23),
        after in 0i64..4_000_000_000_000,
    ) {
        let cron: Cron = format!("{} {} {} * * *", second.0, minute.0, hour.0).parse().unwrap();
        let next = cron.next_after(Millis(after)).unwrap().0;
        prop_assert!(next > after && next % 1000 == 0);
        let fits = |millis: i64| {
            let of_day = millis / 1000 % 86_400;
            let has = |set: &[u8], number: i64| set.iter().any(|known| i64::from(*known) == number);
            has(&second.1, of_day % 60) && has(&minute.1, of_day / 60 % 60) && has(&hour.1, of_day / 3600)
        };
        prop_assert!(fits(next));
        let mut between = after / 1000 * 1000 + 1000;
        while between < next {
            prop_assert!(!fits(between));
            between += 1000;
        }
    }

    #[test]
    fn the_next_day_fits_and_none_between_does(
        day in field(1, 31), month in field(1, 12), weekday in field(0, 6), after in 0i64..40_000,
    ) {
        let text = format!("0 0 {} {} {}", day.0, month.0, weekday.0);
        let Ok(cron) = text.parse::<Cron>() else { return Ok(()) };
        let next = cron.next_after(Millis(after * 86_400_000)).unwrap().0;
        prop_assert_eq!(next % 86_400_000, 0);
        let fits = |number: i64| {
            let date = Date::of_day(number);
            let (in_days, in_weekdays) = (day.1.contains(&date.day), weekday.1.contains(&date.weekday));
            let open = day.0.starts_with('*') || weekday.0.starts_with('*');
            month.1.contains(&date.month) && if open { in_days && in_weekdays } else { in_days || in_weekdays }
        };
        let next = next / 86_400_000;
        prop_assert!(next > after && fits(next));
        prop_assert!((after + 1..next).all(|number| !fits(number)));
    }
}
