//! What a run says: a line a figure, and the same as JSON.

use super::leg::Load;
use serde::Serialize;
use std::{fmt, time::Duration};

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What it is; a number in it is that of the requests in flight.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
}

impl fmt::Display for Figure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, unit } = self;
        let decimals = if value.fract() == 0.0 || *value >= 1000.0 { 0 } else { 3 };
        write!(formatter, "{name}: {value:.decimals$} {unit}")
    }
}

/// The figures of one run, in the order in which they were measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Figures(Vec<Figure>);

impl Figures {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Figure] {
        &self.0
    }

    /// The figure of this name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|figure| figure.name == name).map(|figure| figure.value)
    }

    /// The names of the figures that say that a request was not answered exactly once.
    #[must_use]
    pub fn broken(&self) -> Vec<&str> {
        let counts = self.0.iter().filter(|figure| figure.unit == LOST || figure.unit == DOUBLED);
        counts.filter(|figure| figure.value != 0.0).map(|figure| figure.name.as_str()).collect()
    }

    pub(super) fn push(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.0.push(Figure { name: name.into(), value, unit });
    }

    pub(super) fn milliseconds(&mut self, name: &str, value: Duration) {
        self.push(name, value.as_secs_f64() * 1e3, "ms");
    }

    pub(super) fn fuel(&mut self, name: &str, fuel: u64) {
        self.push(name, f64::from(u32::try_from(fuel).unwrap_or(u32::MAX)), "fuel");
    }

    pub(super) fn ratio(&mut self, name: &str, value: f64, to: f64) {
        self.push(name, value / to, "ratio");
    }

    /// What a number of requests cost; `node` is the program that makes the chain.
    pub(super) fn load(&mut self, node: &str, in_flight: usize, load: &Load) {
        self.push(format!("throughput_{in_flight}"), load.rate(), "answers/s");
        self.push(format!("lost_{in_flight}"), number(load.lost), LOST);
        self.push(format!("doubled_{in_flight}"), number(load.doubled), DOUBLED);
        for (part, cpu) in [("relayer", load.relayer), ("enclave", load.enclave), (node, load.node)] {
            let each = cpu.as_secs_f64() * 1e3 / number(load.answers.max(1));
            self.push(format!("{part}_cpu_{in_flight}"), each, "ms/answer");
        }
    }
}

pub(super) const LOST: &str = "lost requests";
pub(super) const DOUBLED: &str = "doubled answers";

/// A count as a figure has it; they are all far below what this can't hold.
pub(super) fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
