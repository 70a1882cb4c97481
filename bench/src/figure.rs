//! What a run says: a line a figure, and the same as JSON.

use serde::{Serialize, Serializer, ser::SerializeMap};
use std::{fmt, time::Duration};

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Aim {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Aim {
    fn met_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(formatter, "at least {least}"),
            Self::AtMost(most) => write!(formatter, "at most {most}"),
        }
    }
}

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    aim: Option<Aim>,
}

impl fmt::Display for Figure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, unit, aim } = self;
        let decimals = if value.fract() == 0.0 || *value >= 1000.0 { 0 } else { 3 };
        write!(formatter, "{name}: {value:.decimals$} {unit}")?;
        match aim {
            None => Ok(()),
            Some(aim) if aim.met_by(*value) => write!(formatter, " (aim: {aim}: met)"),
            Some(aim) => write!(formatter, " (aim: {aim}: FALLS SHORT)"),
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("value", &self.value)?;
        map.serialize_entry("unit", self.unit)?;
        if let Some(aim) = self.aim {
            map.serialize_entry("aim", &aim.to_string())?;
            map.serialize_entry("met", &aim.met_by(self.value))?;
        }
        map.end()
    }
}

/// The figures of one run, in the order in which they were measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(Vec<Figure>);

impl Figures {
    /// All of them.
    pub(crate) fn all(&self) -> &[Figure] {
        &self.0
    }

    pub(crate) fn push(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.0.push(Figure { name: name.into(), value, unit, aim: None });
    }

    /// A figure that is judged.
    pub(crate) fn judge(&mut self, name: impl Into<String>, value: f64, unit: &'static str, aim: Aim) {
        self.0.push(Figure { name: name.into(), value, unit, aim: Some(aim) });
    }

    pub(crate) fn microseconds(&mut self, name: impl Into<String>, value: Duration) {
        self.push(name, value.as_secs_f64() * 1e6, "us");
    }

    pub(crate) fn milliseconds(&mut self, name: impl Into<String>, value: Duration) {
        self.push(name, value.as_secs_f64() * 1e3, "ms");
    }
}

/// The middle one of some values; with an even number of them, the upper of the two. Zero without any.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The smallest sample that `percent` of all samples don't exceed (nearest rank); zero without samples.
pub(crate) fn percentile(samples: &mut [Duration], percent: usize) -> Duration {
    samples.sort_unstable();
    let rank = (samples.len() * percent).div_ceil(100);
    samples.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(value: f64, aim: Aim) -> String {
        Figure { name: "speed".into(), value, unit: "ratio", aim: Some(aim) }.to_string()
    }

    #[test]
    fn a_figure_says_whether_its_aim_is_met() {
        assert_eq!(line(0.5, Aim::AtLeast(0.5)), "speed: 0.500 ratio (aim: at least 0.5: met)");
        assert_eq!(line(0.49, Aim::AtLeast(0.5)), "speed: 0.490 ratio (aim: at least 0.5: FALLS SHORT)");
        assert_eq!(line(3.0, Aim::AtMost(3.0)), "speed: 3 ratio (aim: at most 3: met)");
        assert_eq!(line(3.5, Aim::AtMost(3.0)), "speed: 3.500 ratio (aim: at most 3: FALLS SHORT)");
    }

    #[test]
    fn json_names_an_aim_and_whether_it_is_met() {
        let mut figures = Figures::default();
        figures.push("rate", 2.0, "1/s");
        figures.judge("speed", 1.0, "ratio", Aim::AtLeast(5.0));
        let json = serde_json::to_value(figures.all()).expect("JSON");
        assert_eq!(
            json,
            serde_json::json!([
                { "name": "rate", "value": 2.0, "unit": "1/s" },
                { "name": "speed", "value": 1.0, "unit": "ratio", "aim": "at least 5", "met": false },
            ])
        );
    }

    #[test]
    fn a_percentile_is_a_sample_that_so_many_do_not_exceed() {
        let mut samples: Vec<_> = (1..=50).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut samples, 50), Duration::from_millis(25));
        assert_eq!(percentile(&mut samples, 99), Duration::from_millis(50));
        assert_eq!(percentile(&mut [], 50), Duration::ZERO);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }
}
