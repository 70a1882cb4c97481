//! The limits of a run, as the enclave's configuration names them.

use serde_json::Value;

/// Each limit, by its path in the configuration, and what it is.
pub(super) fn named(limits: &Value) -> Vec<(String, String)> {
    let mut named = Vec::new();
    collect("", limits, &mut named);
    named
}

fn collect(path: &str, value: &Value, named: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(&path, member, named);
            }
        }
        Value::String(text) => named.push((path.to_owned(), text.clone())),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => named.push((path.to_owned(), value.to_string())),
    }
}

/// How much of a run's fuel that is, where the limits tell.
pub(super) fn share(fuel: u64, limits: &Value) -> Option<String> {
    let limit = limits.get("fuel")?.as_u64().filter(|limit| *limit > 0)?;
    let hundredths = u128::from(fuel) * 10_000 / u128::from(limit);
    let percent = match hundredths {
        0 if fuel > 0 => "less than 0.01".to_owned(),
        hundredths => format!("{}.{:02}", hundredths / 100, hundredths % 100),
    };
    Some(format!(" ({percent} % of {limit})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn limits_are_named_as_in_the_configuration() {
        let limits = json!({ "fuel": 5, "http": { "timeout": "10s" }, "none": null });
        let named = named(&limits);
        assert_eq!(named, [("fuel".to_owned(), "5".to_owned()), ("http.timeout".to_owned(), "10s".to_owned())]);
    }

    #[test]
    fn a_share_is_in_hundredths_of_a_percent() {
        let limits = json!({ "fuel": 5000 });
        assert_eq!(share(1234, &limits).as_deref(), Some(" (24.68 % of 5000)"));
        assert_eq!(share(5000, &limits).as_deref(), Some(" (100.00 % of 5000)"));
        assert_eq!(share(0, &limits).as_deref(), Some(" (0.00 % of 5000)"));
        assert_eq!(share(1, &json!({ "fuel": 100_000 })).as_deref(), Some(" (less than 0.01 % of 100000)"));
        assert_eq!(share(1, &json!({})), None);
        assert_eq!(share(1, &json!({ "fuel": 0 })), None);
    }
}
