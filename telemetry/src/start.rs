use crate::{InvalidFilter, LogFormat, LogSettings, OtlpEndpoint, collector::Carrier};
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider},
};
use std::{
    io::{self, IsTerminal},
    time::Duration,
};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::{SubscriberInitExt, TryInitError},
};

/// How long finished spans wait for company before they are exported.
const EXPORT_EVERY: Duration = Duration::from_secs(1);
/// How long the last export may hold up the end of the program.
const LAST_EXPORT: Duration = Duration::from_secs(3);
/// Whose spans are exported: our own crates', and no library's.
const OURS: [&str; 5] = ["phat_relayer", "phat_enclave", "phat_executor", "phat_connector", "enclave"];

/// What a program tells, and to whom.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program's name in traces.
    pub service: &'static str,
    /// Its release.
    pub version: &'static str,
    /// Its log lines.
    pub log: LogSettings,
    /// Where traces go; none exports nothing.
    pub otlp: Option<OtlpEndpoint>,
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter isn't one.
    #[error("the log's filter: {0}")]
    Filter(#[from] InvalidFilter),
    /// The HTTP client of the exporter can't be built on this system.
    #[error("traces can't be exported: {0}")]
    Client(#[from] reqwest::Error),
    /// The exporter can't be built.
    #[error("traces can't be exported: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// The process logs already.
    #[error("the log can't be started: {0}")]
    Started(#[from] TryInitError),
}

/// What was started. Spans that wait to be exported are lost when it isn't stopped.
#[derive(Debug)]
#[must_use = "stop it at the end, so that the last spans are exported"]
pub struct Telemetry(Option<SdkTracerProvider>);

/// Starts log lines on standard error and, where there is a collector, the export of traces. Call it
/// once, inside the program's runtime.
///
/// # Errors
/// Why one of them can't be started.
pub fn start(settings: &Settings) -> Result<Telemetry, TelemetryError> {
    let provider = settings.otlp.as_ref().map(|endpoint| provider(settings, endpoint)).transpose()?;
    let traces = provider.as_ref().map(|provider| {
        let ours = OURS.map(|target| (target, LevelFilter::INFO));
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(settings.service))
            .with_location(false)
            .with_threads(false)
            .with_filter(Targets::new().with_targets(ours))
    });
    let lines = lines(settings.log.format).with_filter(settings.log.filter.build()?);
    tracing_subscriber::registry().with(lines).with(traces).try_init()?;
    Ok(Telemetry(provider))
}

fn lines<S: tracing::Subscriber + for<'span> LookupSpan<'span>>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync> {
    let lines = tracing_subscriber::fmt::layer().with_ansi(io::stderr().is_terminal()).with_writer(io::stderr);
    match format {
        LogFormat::Human => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    }
}

fn provider(settings: &Settings, endpoint: &OtlpEndpoint) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Carrier::new()?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint.traces())
        .build()?;
    let batches = BatchConfigBuilder::default().with_scheduled_delay(EXPORT_EVERY).build();
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
    let resource = Resource::builder_empty()
        .with_service_name(settings.service)
        .with_attribute(KeyValue::new("service.version", settings.version))
        .build();
    Ok(SdkTracerProvider::builder().with_span_processor(processor).with_resource(resource).build())
}

impl Telemetry {
    /// Exports what waits, for three seconds at most: a collector that is away must not keep the
    /// program from ending.
    pub async fn stop(self) {
        let Some(provider) = self.0 else { return };
        let stopped = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_EXPORT)).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}
