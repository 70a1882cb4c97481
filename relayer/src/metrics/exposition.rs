use prometheus::{
    GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder, core::Collector,
};

/// Metrics that are shown together, each with its help and its type.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    registry: Registry,
    #[cfg(test)]
    described: Vec<Described>,
}

/// A metric as the documentation names it.
#[cfg(test)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) labels: &'static [&'static str],
}

/// Why a metric can't be made: its name breaks the format, or is taken. A test makes every one.
const WELL_NAMED: &str = "metrics are well named, each once";

impl Exposition {
    /// A number that only grows; its name ends in `_total`.
    pub(crate) fn counter(&mut self, name: &'static str, help: &str, labels: &'static [&'static str]) -> IntCounterVec {
        let counter = IntCounterVec::new(Opts::new(name, help), labels).expect(WELL_NAMED);
        self.add(name, "counter", labels, counter)
    }

    /// A whole number that rises and falls.
    pub(crate) fn gauge(&mut self, name: &'static str, help: &str, labels: &'static [&'static str]) -> IntGaugeVec {
        let gauge = IntGaugeVec::new(Opts::new(name, help), labels).expect(WELL_NAMED);
        self.add(name, "gauge", labels, gauge)
    }

    /// A quantity that rises and falls.
    pub(crate) fn quantity(&mut self, name: &'static str, help: &str, labels: &'static [&'static str]) -> GaugeVec {
        let gauge = GaugeVec::new(Opts::new(name, help), labels).expect(WELL_NAMED);
        self.add(name, "gauge", labels, gauge)
    }

    /// How values are spread over `bounds`, which rise.
    pub(crate) fn histogram(
        &mut self,
        name: &'static str,
        help: &str,
        labels: &'static [&'static str],
        bounds: &[f64],
    ) -> HistogramVec {
        let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        let histogram = HistogramVec::new(options, labels).expect(WELL_NAMED);
        self.add(name, "histogram", labels, histogram)
    }

    #[cfg_attr(not(test), expect(unused_variables, reason = "only tests compare them with the documentation"))]
    fn add<Metric: Collector + Clone + 'static>(
        &mut self,
        name: &'static str,
        kind: &'static str,
        labels: &'static [&'static str],
        metric: Metric,
    ) -> Metric {
        self.registry.register(Box::new(metric.clone())).expect(WELL_NAMED);
        #[cfg(test)]
        self.described.push(Described { name, kind, labels });
        metric
    }

    /// Prometheus' text format, version 0.0.4. A metric without a value yet isn't shown.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to memory fails for no metric that the registry took.
        if TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text).is_err() {
            text.clear();
        }
        text
    }

    #[cfg(test)]
    pub(crate) fn described(&self) -> &[Described] {
        &self.described
    }
}
