//! What both programs tell of what they do: log lines on standard error, and, where the operator names
//! a collector, traces over OTLP. One request is one trace, through every stage of the relayer and
//! through the enclave.
//!
//! Nothing here decides an answer, so none of its settings is part of the enclave's configuration hash.

mod collector;
mod log;
mod start;
mod trace;

pub use collector::{OtlpEndpoint, ParseOtlpEndpointError};
pub use log::{InvalidFilter, LogFilter, LogFormat, LogSettings, UnknownLogFormat};
pub use start::{Settings, Telemetry, TelemetryError, start};
pub use trace::{ParseTraceParentError, TraceParent, traceparent};
