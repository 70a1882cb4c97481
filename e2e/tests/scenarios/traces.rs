//! One request is one trace, whichever program works on it.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value as AnyValue, resource::v1::Resource,
};
use phat_e2e::{Asked, Asker, Binaries, Environment, Ground, Question, Settings, wait_for};
use prost::Message;
use std::{
    future::IntoFuture,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// A span as the collector got it; ids as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    service: String,
    name: String,
    trace: String,
    id: String,
    parent: String,
    attributes: Vec<(String, String)>,
}

type Spans = Arc<Mutex<Vec<Span>>>;

/// An OTLP collector on loopback.
struct Collector {
    url: String,
    spans: Spans,
    server: JoinHandle<()>,
}

impl Collector {
    async fn start() -> Result<Self> {
        let spans = Spans::default();
        let router = Router::new().route("/v1/traces", post(collect)).with_state(Arc::clone(&spans));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let serving = axum::serve(listener, router).into_future();
        let server = tokio::spawn(async move {
            // It ends with its guard alone.
            let _ = serving.await;
        });
        Ok(Self { url, spans, server })
    }

    fn trace(&self, asked: &Asked) -> Vec<Span> {
        let trace = hex::encode(&asked.id.0[..16]);
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().filter(|span| span.trace == trace).cloned().collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn collect(State(spans): State<Spans>, body: Bytes) -> StatusCode {
    let Ok(export) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
    let mut spans = spans.lock().unwrap_or_else(PoisonError::into_inner);
    for resource in export.resource_spans {
        let service = resource.resource.as_ref().map(service_of).unwrap_or_default();
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            let attributes = span.attributes.into_iter().map(|attribute| {
                let text = match attribute.value.and_then(|value| value.value) {
                    Some(AnyValue::StringValue(text)) => text,
                    other => format!("{other:?}"),
                };
                (attribute.key, text)
            });
            spans.push(Span {
                service: service.clone(),
                name: span.name,
                trace: hex::encode(span.trace_id),
                id: hex::encode(span.span_id),
                parent: hex::encode(span.parent_span_id),
                attributes: attributes.collect(),
            });
        }
    }
    StatusCode::OK
}

fn service_of(resource: &Resource) -> String {
    let name = resource.attributes.iter().find(|attribute| attribute.key == "service.name");
    match name.and_then(|attribute| attribute.value.clone()).and_then(|value| value.value) {
        Some(AnyValue::StringValue(name)) => name,
        _ => String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_one_trace_through_every_stage_and_the_enclave() -> Result<()> {
    let collector = Collector::start().await?;
    let telemetry: toml::Table = format!("[telemetry]\notlp_endpoint = \"{}\"\n", collector.url).parse()?;
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    settings.enclave = telemetry.clone();
    settings.relayer = telemetry;
    let environment: Environment = Environment::on(Ground::start(settings).await?).await?;
    let contract_id = environment.deploy_prices().await?;
    environment.source.price("BTC", "USD", "97214.53");
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    let question = Question::price(contract_id, "BTC", "USD");
    let asked = [asker.ask(&question).await?, asker.ask(&question).await?];
    environment.expect_each_answered_once(&asker, &asked, DEADLINE).await?;

    let expected = [
        ("phat-relayer", "watch"),
        ("phat-relayer", "execute"),
        ("phat-enclave", "run"),
        ("phat-relayer", "submit"),
        ("phat-relayer", "settle"),
    ];
    for asked in &asked {
        let what = format!("every span of {}", asked.id);
        let spans = wait_for(&what, DEADLINE, async || {
            let spans = collector.trace(asked);
            let there = |(service, name)| spans.iter().any(|span: &Span| span.service == service && span.name == name);
            Ok(expected.into_iter().all(there).then_some(spans))
        })
        .await
        .with_context(|| format!("there is {:?}", collector.trace(asked)))?;
        let id = ("request_id".to_owned(), asked.id.to_string());
        for span in &spans {
            ensure!(span.attributes.contains(&id), "{span:?} doesn't name its request");
        }
        let of = |name: &str| spans.iter().find(|span| span.name == name).context(name.to_owned());
        ensure!(of("run")?.parent == of("execute")?.id, "the enclave's run isn't below the relayer's call: {spans:?}");
    }
    environment.finish().await
}
