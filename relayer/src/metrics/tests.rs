use super::{
    exposition::Described,
    figures::{ChainFigures, Figures},
    recorded,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

const OPERATIONS: &str = include_str!("../../../docs/operations.md");

fn figures() -> Figures {
    Figures {
        now: Duration::from_secs(1_700_000_000),
        started: Duration::from_secs(1_600_000_000),
        chains: BTreeMap::from([("local".to_owned(), ChainFigures::default())]),
        enclave: None,
        troubles: BTreeMap::new(),
    }
}

fn every_metric() -> Vec<Described> {
    let mut metrics = recorded().exposition.described().to_vec();
    metrics.extend_from_slice(figures().exposition().described());
    metrics
}

/// The first three columns of each row whose first names a metric of ours.
fn documented() -> Vec<(String, String, String)> {
    let rows = OPERATIONS.lines().filter(|line| line.starts_with("| `phat_"));
    rows.map(|row| {
        let mut columns = row.split('|').skip(1).map(|column| column.replace('`', "").trim().to_owned());
        let mut next = || columns.next().unwrap();
        (next(), next(), next())
    })
    .collect()
}

#[test]
fn the_operations_manual_describes_every_metric_and_no_other() {
    let known: BTreeSet<_> = every_metric()
        .iter()
        .map(|metric| (metric.name.to_owned(), metric.kind.to_owned(), metric.labels.join(", ")))
        .collect();
    let documented = documented();
    assert_eq!(documented.iter().cloned().collect::<BTreeSet<_>>(), known);
    assert_eq!(documented.len(), known.len(), "a metric is described twice");
}

#[test]
fn an_alarm_names_metrics_that_there_are() {
    let known: BTreeSet<_> = every_metric().iter().map(|metric| metric.name).collect();
    let words = OPERATIONS.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    for word in words.filter(|word| word.starts_with("phat_relayer_") || word.starts_with("phat_enclave_")) {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| word.strip_suffix(suffix)).unwrap_or(word);
        assert!(known.contains(word) || known.contains(family), "{word}");
    }
}

/// <https://prometheus.io/docs/practices/naming/>
#[test]
fn names_follow_the_conventions() {
    let mut seen = BTreeSet::new();
    for Described { name, kind, labels } in every_metric() {
        assert!(seen.insert(name), "{name} is there twice");
        assert!(name.starts_with("phat_relayer_") || name.starts_with("phat_enclave_"), "{name} has no prefix of ours");
        assert!(name.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_'), "{name}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
        for reserved in ["_count", "_sum", "_bucket", "_milliseconds", "_ms", "_minutes"] {
            assert!(!name.ends_with(reserved), "{name} ends in {reserved}");
        }
        for label in labels {
            assert!(!["le", "quantile", "instance", "job"].contains(label), "{name} has the label {label}");
        }
    }
}
