use super::Exposition;
use prometheus::{HistogramVec, IntCounterVec};
use std::time::Duration;

/// Seconds of an answer.
const ANSWER: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Calls of the HTTP API.
#[derive(Debug)]
pub(crate) struct Http {
    requests: IntCounterVec,
    seconds: HistogramVec,
}

impl Http {
    pub(super) fn new(exposition: &mut Exposition) -> Self {
        Self {
            requests: exposition.counter(
                "phat_relayer_http_requests_total",
                "Calls of the HTTP API, by the route's template, method and status.",
                &["route", "method", "status"],
            ),
            seconds: exposition.histogram(
                "phat_relayer_http_request_seconds",
                "How long the HTTP API took until it began to answer.",
                &["route", "method"],
                &ANSWER,
            ),
        }
    }

    /// An answer began. The route is a template, the method one of HTTP's own.
    pub(crate) fn answered(&self, route: &str, method: &'static str, status: u16, elapsed: Duration) {
        self.requests.with_label_values(&[route, method, &status.to_string()]).inc();
        self.seconds.with_label_values(&[route, method]).observe(elapsed.as_secs_f64());
    }
}
