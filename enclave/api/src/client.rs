use crate::{
    Act, Acted, Call, CallResult, Code, Contract, Enclave, EnclaveError, Execute, Execution, Instantiate, Problem,
    Quote, QuoteFor, Simulate, Simulation, Status,
};
use async_trait::async_trait;
use bytes::Bytes;
use phat_protocol::ContractId;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

/// Where an enclave listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket.
    Unix(PathBuf),
    /// HTTP on a loopback address.
    Loopback(std::net::SocketAddr),
}

/// Text that names no place where an enclave may listen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected unix:PATH or http://ADDRESS:PORT with a loopback address, found {0:?}")]
pub struct ParseEndpointError(pub String);

impl FromStr for Endpoint {
    type Err = ParseEndpointError;

    fn from_str(text: &str) -> Result<Self, ParseEndpointError> {
        let refused = || ParseEndpointError(text.to_owned());
        match (text.strip_prefix("unix:"), text.strip_prefix("http://")) {
            (Some(path), _) if !path.is_empty() => Ok(Self::Unix(path.into())),
            (_, Some(address)) => {
                let address: std::net::SocketAddr = address.trim_end_matches('/').parse().map_err(|_| refused())?;
                if address.ip().is_loopback() { Ok(Self::Loopback(address)) } else { Err(refused()) }
            }
            _ => Err(refused()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
            Self::Loopback(address) => write!(formatter, "http://{address}"),
        }
    }
}

/// How long the client waits.
#[derive(Clone, Copy, Debug)]
pub struct ClientSettings {
    /// For a connection.
    pub connect_timeout: Duration,
    /// For an answer to anything but a run.
    pub call_timeout: Duration,
    /// For an answer to a run: longer than the enclave's own limit on it.
    pub run_timeout: Duration,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(30),
            run_timeout: Duration::from_secs(60),
        }
    }
}

/// Speaks to an enclave process. Connections are kept and shared by clones.
#[derive(Clone, Debug)]
pub struct Client {
    endpoint: Endpoint,
    base: String,
    http: reqwest::Client,
    settings: ClientSettings,
    traceparent: fn() -> Option<String>,
}

impl Client {
    /// A client for the enclave at `endpoint`. Nothing is sent yet.
    ///
    /// # Errors
    /// When the HTTP client can't be built on this system.
    pub fn new(endpoint: Endpoint, settings: ClientSettings) -> Result<Self, EnclaveError> {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(no_tls()?)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(settings.connect_timeout);
        let (builder, base) = match &endpoint {
            Endpoint::Unix(path) => (builder.unix_socket(path.as_path()), "http://enclave".to_owned()),
            Endpoint::Loopback(address) => (builder, format!("http://{address}")),
        };
        let http = builder.build().map_err(|error| EnclaveError::Fault(error.to_string()))?;
        Ok(Self { endpoint, base, http, settings, traceparent: || None })
    }

    /// Names, with each call, the place in a trace that the call comes from: what the W3C header
    /// `traceparent` is to hold, or nothing. The enclave's spans are shown below it.
    #[must_use]
    pub fn traced(self, traceparent: fn() -> Option<String>) -> Self {
        Self { traceparent, ..self }
    }

    /// Where the enclave is looked for.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn request(&self, method: Method, path: &str, timeout: Duration) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base)).timeout(timeout);
        match (self.traceparent)() {
            Some(parent) => request.header("traceparent", parent),
            None => request,
        }
    }

    async fn post<Message: Serialize, Answer: DeserializeOwned>(
        &self,
        path: &str,
        message: &Message,
        timeout: Duration,
    ) -> Result<Answer, EnclaveError> {
        self.send(self.request(Method::POST, path, timeout).json(message)).await
    }

    async fn send<Answer: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Answer, EnclaveError> {
        let unreachable = |error: reqwest::Error| EnclaveError::Unreachable {
            endpoint: self.endpoint.to_string(),
            cause: error_chain(&error),
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if status == StatusCode::OK {
            serde_json::from_slice(&body).map_err(|error| EnclaveError::Malformed(error.to_string()))
        } else {
            match serde_json::from_slice::<Problem>(&body) {
                Ok(problem) => Err(problem.into()),
                Err(_) => Err(EnclaveError::Malformed(format!("HTTP status {status}"))),
            }
        }
    }
}

/// No TLS is spoken to the enclave, and no root is trusted. It is set all the same, since reqwest
/// otherwise demands a provider for the whole process.
fn no_tls() -> Result<rustls::ClientConfig, EnclaveError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| EnclaveError::Fault(error.to_string()))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[async_trait]
impl Enclave for Client {
    async fn status(&self) -> Result<Status, EnclaveError> {
        self.send(self.request(Method::GET, "/v1/status", self.settings.call_timeout)).await
    }

    async fn quote(&self, quote_for: &QuoteFor) -> Result<Quote, EnclaveError> {
        self.post("/v1/quote", quote_for, self.settings.call_timeout).await
    }

    async fn put_code(&self, wasm: Bytes) -> Result<Code, EnclaveError> {
        self.send(self.request(Method::PUT, "/v1/code", self.settings.call_timeout).body(wasm)).await
    }

    async fn instantiate(&self, instantiate: &Instantiate) -> Result<Contract, EnclaveError> {
        self.post("/v1/contracts", instantiate, self.settings.run_timeout).await
    }

    async fn contract(&self, id: ContractId) -> Result<Option<Contract>, EnclaveError> {
        let path = format!("/v1/contracts/{id}");
        match self.send(self.request(Method::GET, &path, self.settings.call_timeout)).await {
            Ok(contract) => Ok(Some(contract)),
            Err(EnclaveError::Refused(crate::Refusal::UnknownContract { .. })) => Ok(None),
            Err(other) => Err(other),
        }
    }

    async fn execute(&self, execute: &Execute) -> Result<Execution, EnclaveError> {
        self.post("/v1/execute", execute, self.settings.run_timeout).await
    }

    async fn simulate(&self, simulate: &Simulate) -> Result<Simulation, EnclaveError> {
        self.post("/v1/simulate", simulate, self.settings.run_timeout).await
    }

    async fn call(&self, call: &Call) -> Result<CallResult, EnclaveError> {
        self.post("/v1/call", call, self.settings.run_timeout).await
    }

    async fn act(&self, act: &Act) -> Result<Acted, EnclaveError> {
        self.post("/v1/act", act, self.settings.run_timeout).await
    }
}
