//! JSON-RPC over HTTP or a web socket, one client for each endpoint.

use super::{
    Answered, CallError, Dialect, EndpointUrl, Subscription, endpoint_url::Scheme, failure, rate_limit::MarkRateLimits,
    web_socket::WebSocket,
};
use crate::{Call as Observed, CallObserver, ChainError};
use futures_util::future::join_all;
use jsonrpsee::{
    core::{
        client::{ClientT, Error, SubscriptionClientT},
        params::BatchRequestBuilder,
        traits::ToRpcParams,
    },
    http_client::{HttpBackend, HttpClient, HttpClientBuilder, RpcLogger, RpcService},
};
use rustls::ClientConfig;
use serde::{Deserialize, Serialize, de::DeserializeOwned, ser::Error as _};
use serde_json::value::RawValue;
use std::{
    fmt::Debug,
    sync::Arc,
    time::{Duration, Instant},
};
use tower::ServiceBuilder;

/// The most bytes of an answer: a few hundred requests with the longest payload.
pub(super) const MAX_ANSWER: u32 = 24 * 1024 * 1024;

/// A connection breaks soon within this part of the time of a call.
const SOON: u32 = 4;

/// One endpoint, cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Transport(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    connection: Connection,
    call_timeout: Duration,
    observer: Arc<dyn CallObserver>,
    dialect: Arc<dyn Dialect>,
}

#[derive(Debug)]
enum Connection {
    Http(HttpClient<RpcLogger<RpcService<MarkRateLimits<HttpBackend>>>>),
    WebSocket(Box<WebSocket>),
}

/// One call, alone or of a batch.
#[derive(Clone, Debug)]
pub struct Call {
    method: &'static str,
    params: Params,
    block: Option<u64>,
    shows_head: bool,
}

impl Call {
    /// A call of `method`.
    #[must_use]
    pub fn new(method: &'static str, params: impl Serialize) -> Self {
        Self { method, params: Params::new(params), block: None, shows_head: false }
    }

    /// The call, as one that only a node can answer that has this block.
    #[must_use]
    pub fn about(self, block: u64) -> Self {
        Self { block: Some(block), ..self }
    }

    /// The call, as one for the newest block's header.
    #[must_use]
    pub fn for_head(self) -> Self {
        Self { shows_head: true, ..self }
    }

    /// The block that it is about.
    #[must_use]
    pub const fn block(&self) -> Option<u64> {
        self.block
    }

    /// Whether the answer is the newest block's header.
    #[must_use]
    pub const fn shows_head(&self) -> bool {
        self.shows_head
    }
}

/// What became of one call.
#[derive(Debug)]
pub struct Reply {
    method: &'static str,
    result: Result<Box<RawValue>, Answered>,
}

impl Reply {
    /// Reads the result.
    ///
    /// # Errors
    /// The error that the node answered, or `Malformed` where the result is something else.
    pub fn read<R: DeserializeOwned>(self) -> Result<R, CallError> {
        let raw = self.result.map_err(CallError::Answered)?;
        serde_json::from_str(raw.get()).map_err(|error| malformed(self.method, &error).into())
    }

    /// The node's error, where it answered one.
    #[must_use]
    pub fn error(&self) -> Option<CallError> {
        self.result.as_ref().err().cloned().map(CallError::Answered)
    }

    /// Whether the node has nothing to show.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.result.as_ref().is_ok_and(|raw| raw.get().trim() == "null")
    }

    /// The number of the block or header that was answered, where one was.
    #[must_use]
    pub fn block_number(&self) -> Option<u64> {
        #[derive(Deserialize)]
        struct Numbered {
            number: String,
        }
        let raw = self.result.as_ref().ok()?;
        let Numbered { number } = serde_json::from_str(raw.get()).ok()?;
        u64::from_str_radix(number.strip_prefix("0x")?, 16).ok()
    }
}

impl Transport {
    /// Makes the endpoint's client, which goes by `name`; connects to nothing.
    pub(super) fn new(
        name: &str,
        url: &EndpointUrl,
        tls: ClientConfig,
        call_timeout: Duration,
        observer: Arc<dyn CallObserver>,
        dialect: Arc<dyn Dialect>,
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
        Ok(Self(Arc::new(Inner { name: name.to_owned(), connection, call_timeout, observer, dialect })))
    }

    /// The endpoint, without credentials.
    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    /// One call. Sent again where the connection broke soon, as often as the dialect says.
    pub(super) async fn call(&self, method: &str, params: Params) -> Result<Box<RawValue>, CallError> {
        let mut retries = self.0.dialect.retries();
        loop {
            let sent = Instant::now();
            let result = self.call_once(method, params.clone(), sent).await;
            let is_lost = matches!(result, Err(CallError::Failed(ChainError::Unreachable { .. })));
            if !is_lost || retries == 0 || sent.elapsed() > self.0.call_timeout / SOON {
                return result;
            }
            retries -= 1;
        }
    }

    async fn call_once(&self, method: &str, params: Params, sent: Instant) -> Result<Box<RawValue>, CallError> {
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

    /// Whether calls go over a web socket.
    pub(super) fn is_web_socket(&self) -> bool {
        match self.0.connection {
            Connection::WebSocket(_) => true,
            Connection::Http(_) => false,
        }
    }

    /// Subscribes over the connection that calls go over.
    pub(super) async fn subscribe<T: DeserializeOwned>(
        &self,
        call: Call,
        unsubscribe: &'static str,
    ) -> Result<Subscription<T>, CallError> {
        let Call { method, params, .. } = call;
        let Connection::WebSocket(socket) = &self.0.connection else {
            let (endpoint, cause) = (self.0.name.clone(), format!("{method} takes a ws:// or wss:// URL"));
            return Err(ChainError::Unreachable { endpoint, cause }.into());
        };
        let sent = Instant::now();
        let result = match socket.client().await {
            Ok(client) => client.subscribe(method, params, unsubscribe).await,
            Err(error) => {
                self.observe(method, sent, Some(error.kind()));
                return Err(error.into());
            }
        };
        let result = result.map_err(|error| self.failure(method, &error));
        self.observe(method, sent, result.as_ref().err().map(CallError::kind));
        Ok(Subscription::new(method, result?))
    }

    /// One call, whatever the node says to it.
    pub(super) async fn reply(&self, call: Call) -> Result<Reply, CallError> {
        let Call { method, params, .. } = call;
        match self.call(method, params).await {
            Ok(result) => Ok(Reply { method, result: Ok(result) }),
            Err(CallError::Answered(answered)) => Ok(Reply { method, result: Err(answered) }),
            Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => Err(error),
        }
    }

    /// Sends all calls as one JSON-RPC batch; the replies are in the calls' order.
    pub(super) async fn batch(&self, calls: Vec<Call>) -> Result<Vec<Reply>, ChainError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        if !self.0.dialect.batches() {
            return self.beside(calls).await;
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
            result: answer.map_err(|error| Answered::new(&self.0.name, method, &error, self.0.dialect.codes())),
        });
        Ok(replies.collect())
    }

    /// Sends all calls beside each other. One that isn't answered is an error of them all.
    async fn beside(&self, calls: Vec<Call>) -> Result<Vec<Reply>, ChainError> {
        let answers = join_all(calls.into_iter().map(|call| self.reply(call))).await;
        answers.into_iter().map(|answer| answer.map_err(ChainError::from)).collect()
    }

    fn observe(&self, method: &str, sent: Instant, failure: Option<&'static str>) {
        self.0.observer.called(Observed { endpoint: &self.0.name, method, elapsed: sent.elapsed(), failure });
    }

    fn failure(&self, method: &str, error: &Error) -> CallError {
        failure::classify(&self.0.name, method, self.0.call_timeout, self.0.dialect.codes(), error)
    }
}

fn malformed(method: &str, error: &serde_json::Error) -> ChainError {
    ChainError::Malformed { method: method.to_owned(), cause: error.to_string() }
}

/// Parameters that are encoded already, or why they can't be.
#[derive(Clone, Debug)]
pub struct Params(Result<Box<RawValue>, String>);

impl Params {
    /// Encodes them. `()`, with which some libraries mean none, becomes an empty list: some nodes refuse
    /// `null`.
    #[must_use]
    pub fn new(params: impl Serialize) -> Self {
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
