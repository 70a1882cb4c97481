//! JSON-RPC over HTTP or a web socket, one client for each endpoint, and what `ethers` needs of it.

mod failure;
mod rate_limit;
mod tls;
mod web_socket;

pub(crate) use failure::{Answered, CallError, from_provider};
pub use tls::CertificateError;
pub(crate) use tls::client_config;
pub(crate) use web_socket::connect as connect_web_socket;

use crate::{EndpointUrl, endpoint_url::Scheme};
use ethers::types::U64;
use jsonrpsee::{
    core::{
        client::{ClientT, Error},
        params::BatchRequestBuilder,
        traits::ToRpcParams,
    },
    http_client::{HttpBackend, HttpClient, HttpClientBuilder, RpcLogger, RpcService},
};
use phat_connector::{Call as Observed, CallObserver, ChainError};
use rate_limit::MarkRateLimits;
use rustls::ClientConfig;
use serde::{Deserialize, Serialize, de::DeserializeOwned, ser::Error as _};
use serde_json::value::RawValue;
use std::{
    fmt::Debug,
    sync::Arc,
    time::{Duration, Instant},
};
use tower::ServiceBuilder;
use web_socket::WebSocket;

/// The most bytes of an answer: a few hundred requests with the longest payload.
const MAX_ANSWER: u32 = 24 * 1024 * 1024;

/// One endpoint, cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Transport(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    connection: Connection,
    call_timeout: Duration,
    observer: Arc<dyn CallObserver>,
}

#[derive(Debug)]
enum Connection {
    Http(HttpClient<RpcLogger<RpcService<MarkRateLimits<HttpBackend>>>>),
    WebSocket(Box<WebSocket>),
}

/// One call of a batch.
#[derive(Clone)]
pub(crate) struct Call {
    method: &'static str,
    params: Params,
    block: Option<u64>,
    shows_head: bool,
}

impl Call {
    pub(crate) fn new(method: &'static str, params: impl Serialize) -> Self {
        Self { method, params: Params::new(params), block: None, shows_head: false }
    }

    /// The call, as one that only a node can answer that has this block.
    pub(crate) fn about(self, block: u64) -> Self {
        Self { block: Some(block), ..self }
    }

    /// The call, as one for the newest block's header.
    pub(crate) fn for_head(self) -> Self {
        Self { shows_head: true, ..self }
    }

    /// The block that it is about.
    pub(crate) fn block(&self) -> Option<u64> {
        self.block
    }

    /// Whether the answer is the newest block's header.
    pub(crate) fn shows_head(&self) -> bool {
        self.shows_head
    }
}

/// What became of one call of a batch.
pub(crate) struct Reply {
    method: &'static str,
    result: Result<Box<RawValue>, Answered>,
}

impl Reply {
    /// Reads the result.
    pub(crate) fn read<R: DeserializeOwned>(self) -> Result<R, CallError> {
        let raw = self.result.map_err(CallError::Answered)?;
        serde_json::from_str(raw.get()).map_err(|error| malformed(self.method, &error).into())
    }

    /// The node's error, where it answered one.
    pub(crate) fn error(&self) -> Option<CallError> {
        self.result.as_ref().err().cloned().map(CallError::Answered)
    }

    /// Whether the node has nothing to show.
    pub(crate) fn is_null(&self) -> bool {
        self.result.as_ref().is_ok_and(|raw| raw.get().trim() == "null")
    }

    /// The number of the block that was answered, where one was.
    pub(crate) fn block_number(&self) -> Option<u64> {
        #[derive(Deserialize)]
        struct Numbered {
            number: U64,
        }
        let raw = self.result.as_ref().ok()?;
        serde_json::from_str::<Numbered>(raw.get()).ok().map(|block| block.number.as_u64())
    }
}

impl Transport {
    /// Makes the endpoint's client, which goes by `name`; connects to nothing.
    pub(crate) fn new(
        name: &str,
        url: &EndpointUrl,
        tls: ClientConfig,
        call_timeout: Duration,
        observer: Arc<dyn CallObserver>,
    ) -> Result<Self, Error> {
        let connection = match url.scheme() {
            Scheme::Http => Connection::Http(
                HttpClientBuilder::default()
                    .set_http_middleware(ServiceBuilder::new().layer_fn(MarkRateLimits::new))
                    .with_custom_cert_store(tls)
                    .request_timeout(call_timeout)
                    .max_response_size(MAX_ANSWER)
                    .build(url.expose())?,
            ),
            Scheme::WebSocket => {
                Connection::WebSocket(Box::new(WebSocket::new(name.to_owned(), url.clone(), tls, call_timeout)))
            }
        };
        Ok(Self(Arc::new(Inner { name: name.to_owned(), connection, call_timeout, observer })))
    }

    /// The endpoint, without credentials.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// One call.
    pub(crate) async fn call(&self, method: &str, params: Params) -> Result<Box<RawValue>, CallError> {
        let sent = Instant::now();
        let result = match &self.0.connection {
            Connection::Http(client) => client.request(method, params).await,
            Connection::WebSocket(socket) => match socket.client().await {
                Ok(client) => client.request(method, params).await,
                Err(error) => {
                    self.observe(method, sent, Some(error.kind()));
                    return Err(error.into());
                }
            },
        };
        let result = result.map_err(|error| self.failure(method, &error));
        self.observe(method, sent, result.as_ref().err().map(CallError::kind));
        result
    }

    /// Sends all calls as one JSON-RPC batch; the replies are in the calls' order.
    pub(crate) async fn batch(&self, calls: Vec<Call>) -> Result<Vec<Reply>, ChainError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let methods: Vec<&'static str> = calls.iter().map(|call| call.method).collect();
        let method = methods.first().copied().unwrap_or_default();
        let mut batch = BatchRequestBuilder::new();
        for call in calls {
            batch.insert(call.method, call.params).map_err(|error| malformed(call.method, &error))?;
        }
        let sent = Instant::now();
        let answered = match &self.0.connection {
            Connection::Http(client) => client.batch_request::<Box<RawValue>>(batch).await,
            Connection::WebSocket(socket) => match socket.client().await {
                Ok(client) => client.batch_request(batch).await,
                Err(error) => {
                    self.observe(method, sent, Some(error.kind()));
                    return Err(error);
                }
            },
        };
        let answered = answered.map_err(|error| self.failure(method, &error));
        self.observe(method, sent, answered.as_ref().err().map(CallError::kind));
        let answered = answered.map_err(ChainError::from)?;
        if answered.len() != methods.len() {
            let cause = format!("{} answers to a batch of {} calls", answered.len(), methods.len());
            return Err(ChainError::Malformed { method: method.to_owned(), cause });
        }
        let replies = methods.into_iter().zip(answered).map(|(method, answer)| Reply {
            method,
            result: answer.map_err(|error| Answered::new(&self.0.name, method, &error)),
        });
        Ok(replies.collect())
    }

    fn observe(&self, method: &str, sent: Instant, failure: Option<&'static str>) {
        self.0.observer.called(Observed { endpoint: &self.0.name, method, elapsed: sent.elapsed(), failure });
    }

    fn failure(&self, method: &str, error: &Error) -> CallError {
        failure::classify(&self.0.name, method, self.0.call_timeout, error)
    }
}

fn malformed(method: &str, error: &serde_json::Error) -> ChainError {
    ChainError::Malformed { method: method.to_owned(), cause: error.to_string() }
}

/// Parameters that are encoded already, or why they can't be.
#[derive(Clone)]
pub(crate) struct Params(Result<Box<RawValue>, String>);

impl Params {
    /// Encodes them. `()`, with which `ethers` means none, becomes an empty list: some nodes refuse
    /// `null`.
    pub(crate) fn new(params: impl Serialize) -> Self {
        let encoded = serde_json::to_string(&params).and_then(|text| {
            let text = if text == "null" { "[]".to_owned() } else { text };
            RawValue::from_string(text)
        });
        Self(encoded.map_err(|error| error.to_string()))
    }
}

impl ToRpcParams for Params {
    fn to_rpc_params(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        self.0.map(Some).map_err(serde_json::Error::custom)
    }
}
