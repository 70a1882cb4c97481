//! A strict reader of Prometheus' text format, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>): what it takes, any scraper takes.

use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that one scrape shows, by the names of its families.
#[derive(Clone, Debug, Default)]
pub struct Exposition(pub BTreeMap<String, Family>);

/// One metric.
#[derive(Clone, Debug, Default)]
pub struct Family {
    /// Its help.
    pub help: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    /// Its series.
    pub samples: Vec<Sample>,
}

/// One series at the time of the scrape.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The family's name, with a suffix in a histogram.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Exposition {
    /// Reads the whole text.
    ///
    /// # Errors
    /// With the first line that breaks the format, or the first series that can't be.
    pub fn read(text: &str) -> Result<Self> {
        ensure!(text.ends_with('\n'), "the last line doesn't end");
        let mut families = BTreeMap::new();
        let mut current: Option<(String, Family)> = None;
        for (number, line) in text.lines().enumerate() {
            read_line(line, &mut current, &mut families).with_context(|| format!("line {}: {line}", number + 1))?;
        }
        close(current, &mut families)?;
        Ok(Self(families))
    }

    /// The value of the one series with this name and these labels among its own; 0 when it isn't there.
    ///
    /// # Errors
    /// When there are several.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Result<f64> {
        let wanted = |sample: &&Sample| {
            sample.name == name
                && labels.iter().all(|(label, value)| sample.labels.get(*label).is_some_and(|found| found == value))
        };
        let found: Vec<_> = self.0.values().flat_map(|family| &family.samples).filter(wanted).collect();
        ensure!(found.len() < 2, "{name} with {labels:?} is {found:?}");
        Ok(found.first().map_or(0.0, |sample| sample.value))
    }
}

fn read_line(
    line: &str,
    current: &mut Option<(String, Family)>,
    families: &mut BTreeMap<String, Family>,
) -> Result<()> {
    if let Some(rest) = line.strip_prefix("# HELP ") {
        close(current.take(), families)?;
        let (name, help) = rest.split_once(' ').context("no help")?;
        ensure!(is_name(name), "{name} is no name");
        *current = Some((name.to_owned(), Family { help: help.to_owned(), ..Family::default() }));
        return Ok(());
    }
    let (name, family) = current.as_mut().context("before any help")?;
    if let Some(rest) = line.strip_prefix("# TYPE ") {
        let (typed, kind) = rest.split_once(' ').context("no type")?;
        ensure!(typed == name && family.kind.is_empty() && family.samples.is_empty(), "out of its place");
        ensure!(["counter", "gauge", "histogram"].contains(&kind), "{kind} is no type");
        kind.clone_into(&mut family.kind);
        return Ok(());
    }
    ensure!(!line.starts_with('#') && !line.is_empty(), "neither help, type nor sample");
    let sample = read_sample(line)?;
    let suffix = sample.name.strip_prefix(name.as_str()).context("of another family")?;
    match (family.kind.as_str(), suffix) {
        ("counter" | "gauge", "") | ("histogram", "_bucket" | "_sum" | "_count") => {}
        (kind, suffix) => bail!("a {kind} has no {suffix}"),
    }
    ensure!(sample.labels.contains_key("le") == (suffix == "_bucket"), "le is for buckets");
    family.samples.push(sample);
    Ok(())
}

fn close(family: Option<(String, Family)>, families: &mut BTreeMap<String, Family>) -> Result<()> {
    let Some((name, family)) = family else { return Ok(()) };
    ensure!(!family.help.trim().is_empty() && !family.kind.is_empty(), "{name} has no help or no type");
    ensure!(!family.samples.is_empty(), "{name} has no sample");
    ensure!((family.kind == "counter") == name.ends_with("_total"), "{name} is a {}", family.kind);
    let mut seen = BTreeSet::new();
    for sample in &family.samples {
        ensure!(seen.insert((&sample.name, &sample.labels)), "{name} repeats {:?}", sample.labels);
        ensure!(family.kind == "gauge" || sample.value >= 0.0, "{name} is {}", sample.value);
    }
    if family.kind == "histogram" {
        expect_histogram(&name, &family)?;
    }
    ensure!(families.insert(name.clone(), family).is_none(), "{name} is there twice");
    Ok(())
}

/// Buckets rise, the last is all, and each series has its sum and its count.
fn expect_histogram(name: &str, family: &Family) -> Result<()> {
    let mut series: BTreeMap<BTreeMap<String, String>, Vec<&Sample>> = BTreeMap::new();
    for sample in &family.samples {
        let mut labels = sample.labels.clone();
        labels.remove("le");
        series.entry(labels).or_default().push(sample);
    }
    for (labels, samples) in series {
        let (mut bound, mut count) = (f64::NEG_INFINITY, 0.0);
        for bucket in samples.iter().filter(|sample| sample.name.ends_with("_bucket")) {
            let next = number(&bucket.labels["le"])?;
            ensure!(next > bound && bucket.value >= count, "{name} {labels:?}: buckets don't rise");
            (bound, count) = (next, bucket.value);
        }
        let one = |suffix: &str| {
            let mut found = samples.iter().filter(|sample| sample.name.ends_with(suffix));
            found.next().filter(|_| found.next().is_none()).with_context(|| format!("{name} {labels:?}: {suffix}"))
        };
        one("_sum")?;
        let whole = one("_count")?.value.to_bits() == count.to_bits();
        ensure!(bound == f64::INFINITY && whole, "{name} {labels:?}: the last bucket isn't all");
    }
    Ok(())
}

fn read_sample(line: &str) -> Result<Sample> {
    let end = line.find(['{', ' ']).context("no value")?;
    let (name, rest) = line.split_at(end);
    ensure!(is_name(name), "{name} is no name");
    let mut labels = BTreeMap::new();
    let rest = match rest.strip_prefix('{') {
        None => rest,
        Some(mut rest) => loop {
            if let Some(rest) = rest.strip_prefix('}') {
                break rest;
            }
            let (label, value) = rest.split_once("=\"").context("no label value")?;
            ensure!(is_name(label) && !label.contains(':'), "{label} is no label");
            let (value, after) = read_text(value)?;
            ensure!(labels.insert(label.to_owned(), value).is_none(), "{label} is there twice");
            rest = after.strip_prefix(',').unwrap_or(after);
        },
    };
    let value = number(rest.strip_prefix(' ').context("no value")?)?;
    Ok(Sample { name: name.to_owned(), labels, value })
}

/// A label's value up to its quote, and what follows it.
fn read_text(text: &str) -> Result<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &text[place + 1..])),
            '\\' => value.push(match letters.next() {
                Some((_, 'n')) => '\n',
                Some((_, escaped @ ('"' | '\\'))) => escaped,
                other => bail!("{other:?} can't be escaped"),
            }),
            letter => value.push(letter),
        }
    }
    bail!("a label's value doesn't end")
}

fn number(text: &str) -> Result<f64> {
    match text {
        "+Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        "NaN" => Ok(f64::NAN),
        text => text.parse().with_context(|| format!("{text} is no number")),
    }
}

fn is_name(text: &str) -> bool {
    let letter = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'_' || letter == b':';
    !text.is_empty() && text.bytes().all(letter) && !text.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_scraper_takes_is_taken() {
        let text = "# HELP a_total Help.\n# TYPE a_total counter\na_total{b=\"c\\\"d\"} 1\na_total{b=\"e\"} 2\n\
                    # HELP h Help.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n";
        let exposition = Exposition::read(text).unwrap();
        assert_eq!(exposition.value("a_total", &[("b", "c\"d")]).unwrap().to_bits(), 1f64.to_bits());
        assert!(exposition.value("a_total", &[]).is_err());
    }

    #[test]
    fn what_breaks_the_format_is_refused() {
        let typed = |kind: &str, samples: &str| format!("# HELP a Help.\n# TYPE a {kind}\n{samples}");
        for text in [
            typed("gauge", "a 1"),
            typed("gauge", ""),
            typed("counter", "a 1\n"),
            typed("gauge", "a 1\na 2\n"),
            typed("gauge", "b 1\n"),
            typed("gauge", "a{b=\"c} 1\n"),
            typed("gauge", "a one\n"),
            typed("histogram", "a_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 3\na_count 1\n"),
            typed("histogram", "a_bucket{le=\"1\"} 1\na_sum 3\na_count 1\n"),
            typed("histogram", "a_bucket{le=\"+Inf\"} 1\na_sum 3\na_count 2\n"),
            "# HELP a Help.\na 1\n".to_owned(),
            "# TYPE a gauge\na 1\n".to_owned(),
            typed("gauge", "a 1\n") + &typed("gauge", "a 1\n"),
        ] {
            assert!(Exposition::read(&text).is_err(), "{text}");
        }
    }
}
