//! Where traces go, and the HTTP client that carries them there.

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc, time::Duration};
use tokio::runtime::Handle;
use url::Url;

/// How long one export may take, its answer included.
const EXPORT_TIME: Duration = Duration::from_secs(10);

/// A collector that speaks OTLP over HTTP, as `http://HOST:PORT` or `https://HOST[:PORT]`, with a path
/// where it has one. Spans are posted to `/v1/traces` below it, as the OTLP specification says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OtlpEndpoint(Url);

/// Text that names no collector. It isn't repeated: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected http://HOST:PORT or https://HOST of an OTLP collector, without user, query and fragment")]
pub struct ParseOtlpEndpointError;

impl OtlpEndpoint {
    /// Where spans are posted.
    #[must_use]
    pub fn traces(&self) -> String {
        format!("{}/v1/traces", self.0.as_str().trim_end_matches('/'))
    }
}

impl FromStr for OtlpEndpoint {
    type Err = ParseOtlpEndpointError;

    fn from_str(text: &str) -> Result<Self, ParseOtlpEndpointError> {
        let url: Url = text.parse().map_err(|_| ParseOtlpEndpointError)?;
        let plain =
            url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        if plain && web { Ok(Self(url)) } else { Err(ParseOtlpEndpointError) }
    }
}

impl TryFrom<String> for OtlpEndpoint {
    type Error = ParseOtlpEndpointError;

    fn try_from(text: String) -> Result<Self, ParseOtlpEndpointError> {
        text.parse()
    }
}

impl From<OtlpEndpoint> for String {
    fn from(endpoint: OtlpEndpoint) -> Self {
        endpoint.0.into()
    }
}

impl fmt::Display for OtlpEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

impl fmt::Debug for OtlpEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Carries exports on the program's own runtime, whichever thread asks for it.
#[derive(Debug)]
pub(crate) struct Carrier {
    client: reqwest::Client,
    runtime: Handle,
}

impl Carrier {
    /// A carrier on the runtime of the caller.
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(public_roots())
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(EXPORT_TIME)
            .build()?;
        Ok(Self { client, runtime: Handle::current() })
    }
}

fn public_roots() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::DEFAULT_VERSIONS;
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider));
    // The provider has suites for both default versions, so this is never refused.
    let builder = builder
        .with_protocol_versions(versions)
        .unwrap_or_else(|_| rustls::ClientConfig::builder_with_protocol_versions(versions));
    builder.with_root_certificates(roots).with_no_client_auth()
}

#[async_trait]
impl HttpClient for Carrier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let answer = client.execute(request.try_into()?).await?;
            // Only the status tells anything that is acted upon.
            let status = answer.status();
            Ok::<_, reqwest::Error>(status)
        });
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = sent.await??;
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_go_below_the_collectors_own_path() {
        for (given, traces) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://collector.example/otlp/", "https://collector.example/otlp/v1/traces"),
        ] {
            assert_eq!(given.parse::<OtlpEndpoint>().unwrap().traces(), traces);
        }
    }

    #[test]
    fn what_is_no_collector_is_refused_without_being_repeated() {
        for text in ["", "collector", "grpc://a:4317", "http://user:secret@a", "http://a/?key=secret", "http://a/#x"] {
            let refused = text.parse::<OtlpEndpoint>().unwrap_err().to_string();
            assert!(!refused.contains("secret"), "{refused}");
        }
    }
}
