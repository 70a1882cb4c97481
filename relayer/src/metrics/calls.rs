use super::{Exposition, recorded};
use phat_connector::{Call, CallObserver};
use prometheus::{HistogramVec, IntCounterVec};
use std::sync::Arc;

/// Seconds of a call over a network.
const CALL: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0];

/// Calls to endpoints.
#[derive(Debug)]
pub(crate) struct Calls {
    seconds: HistogramVec,
    endpoints: IntCounterVec,
}

impl Calls {
    pub(super) fn new(exposition: &mut Exposition) -> Self {
        Self {
            seconds: exposition.histogram(
                "phat_relayer_rpc_call_seconds",
                "How long calls to the chain's endpoint took, by method and outcome; several calls that were sent \
                 together are one, by the first's method.",
                &["chain", "method", "outcome"],
                &CALL,
            ),
            endpoints: exposition.counter(
                "phat_relayer_endpoint_calls_total",
                "Calls to each of the chain's endpoints, by outcome; several calls that were sent together are one.",
                &["chain", "endpoint", "outcome"],
            ),
        }
    }
}

/// The calls of one chain, by its configured name.
#[derive(Clone, Debug)]
pub(crate) struct CallsOf(pub(crate) Arc<str>);

impl CallObserver for CallsOf {
    fn called(&self, call: Call<'_>) {
        let outcome = call.failure.unwrap_or("ok");
        let labels = [&*self.0, known(call.method), outcome];
        recorded().calls.endpoints.with_label_values(&[&*self.0, call.endpoint, outcome]).inc();
        recorded().calls.seconds.with_label_values(&labels).observe(call.elapsed.as_secs_f64());
    }
}

/// The method's name where it is one that a connector calls: labels have a bound.
fn known(method: &str) -> &'static str {
    const METHODS: [&str; 17] = [
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_estimateGas",
        "eth_feeHistory",
        "eth_gasPrice",
        "eth_getBalance",
        "eth_getBlockByNumber",
        "eth_getCode",
        "eth_getLogs",
        "eth_getTransactionByHash",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
        "eth_maxPriorityFeePerGas",
        "eth_sendRawTransaction",
        "eth_simulateV1",
        "eth_subscribe",
    ];
    METHODS.into_iter().find(|known| *known == method).unwrap_or("other")
}
