use super::*;
use serde_json::{Value, json};

fn read(value: Value) -> Result<Schedule, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[test]
fn a_schedule_is_written_as_it_was_read() {
    let topic = format!("0x{}", "ab".repeat(32));
    let address = format!("0x{}", "01".repeat(20));
    for value in [
        json!({ "cron": "*/5 * * * *" }),
        json!({ "every_blocks": 100, "chain": "local" }),
        json!({ "event": { "chain": "local", "address": address, "topics": [topic, "any"] } }),
        json!({ "event": { "chain": "local", "address": address } }),
        json!({ "event": { "chain": "local", "pallet": "Balances", "event": "Transfer" } }),
    ] {
        let schedule = read(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&schedule).unwrap(), value);
        let chain = if value["cron"].is_null() { Some("local") } else { None };
        assert_eq!(schedule.chain(), chain);
    }
}

#[test]
fn what_is_no_schedule_is_refused_in_words() {
    let address = format!("0x{}", "01".repeat(20));
    for (value, words) in [
        (json!({}), "exactly one"),
        (json!({ "cron": "* * * * *", "every_blocks": 1, "chain": "local" }), "exactly one"),
        (json!({ "cron": "* * * * *", "chain": "local" }), "chain belongs to every_blocks"),
        (json!({ "cron": "61 * * * *" }), "cron: minute"),
        (json!({ "every_blocks": 5 }), "needs a chain"),
        (json!({ "every_blocks": 0, "chain": "local" }), "at least 1"),
        (json!({ "event": { "chain": "local", "address": address, "topics": ["0x12"] } }), "topics"),
        (json!({ "event": { "chain": "local", "address": address, "topics": vec!["any"; 5] } }), "at most 4"),
        (json!({ "event": { "chain": "local", "address": address, "pallet": "Balances" } }), "a pallet and an event"),
        (json!({ "event": { "chain": "local", "pallet": "Balances" } }), "a pallet and an event"),
        (json!({ "event": { "chain": "local" } }), "an address"),
        (
            json!({ "event": { "chain": "local", "pallet": "Balances", "event": "Transfer", "topics": ["any"] } }),
            "an address",
        ),
        (json!({ "event": { "chain": "local", "address": address, "contract": "0x" } }), "contract"),
        (json!({ "interval": "5s" }), "interval"),
    ] {
        let refused = read(value.clone()).unwrap_err();
        assert!(refused.contains(words), "{value}: {refused}");
    }
}

#[test]
fn heights_that_the_interval_divides_are_due() {
    let schedule = read(json!({ "every_blocks": 10, "chain": "local" })).unwrap();
    for (height, next) in [(0, 10), (9, 10), (10, 20), (11, 20)] {
        assert_eq!(schedule.next_height(height), Some(next));
    }
    assert_eq!(schedule.next_height(u64::MAX), None);
}
