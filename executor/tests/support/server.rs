//! HTTP servers on loopback, on free ports. They stop when they are dropped.

use axum::{
    Router,
    body::Body,
    extract::Query,
    http::{HeaderMap, Method, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::{any, get},
};
use futures_util::stream;
use phat_executor::{AllowEntry, ExecutorConfig};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
    server::TlsStream,
};

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Connections that were accepted.
    pub(crate) connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://127.0.0.1:{}{path}", self.address.port())
    }

    pub(crate) fn allowed(&self) -> AllowEntry {
        AllowEntry { host: "127.0.0.1".into(), port: self.address.port(), http: true, root_pem: None }
    }

    /// A configuration that lets guests come here by http.
    pub(crate) fn config(&self) -> ExecutorConfig {
        let mut config = ExecutorConfig::default();
        config.egress.allow.push(self.allowed());
        config
    }
}

/// Serves [`site`] over http.
pub(crate) async fn http() -> Server {
    http_of(site()).await
}

/// Serves a site of the test's own over http.
pub(crate) async fn http_of(site: Router) -> Server {
    serve(site, |listener| listener).await
}

async fn serve<L>(router: Router, listen: impl FnOnce(Counted) -> L) -> Server
where
    L: axum::serve::Listener<Addr = SocketAddr>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let listener = listen(Counted { listener, connections: Arc::clone(&connections) });
    let task = tokio::spawn(async move {
        let _ = axum::serve(listener, router).await;
    });
    Server { address, connections, task }
}

struct Counted {
    listener: TcpListener,
    connections: Arc<AtomicUsize>,
}

impl axum::serve::Listener for Counted {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let accepted = self.listener.accept().await.unwrap();
        self.connections.fetch_add(1, Ordering::SeqCst);
        accepted
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// An authority of the test's own, and a certificate of it for a name.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    pub(crate) fn root_pem(&self) -> String {
        self.issuer.pem()
    }

    /// Serves [`site`] over https with a certificate for `name`, of which `change` may change more.
    pub(crate) async fn https(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Server {
        self.https_of(site(), name, change).await
    }

    /// Serves a site of the test's own so.
    pub(crate) async fn https_of(
        &self,
        site: Router,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Server {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        serve(site, |tcp| Encrypted { tcp, acceptor }).await
    }
}

struct Encrypted {
    tcp: Counted,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, address) = self.tcp.accept().await;
            // A client that refuses the certificate ends the handshake: the next one is served.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// A server that answers every connection with these bytes, and closes it.
pub(crate) async fn raw(answer: &'static [u8]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let task = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer).await;
        }
    });
    Server { address, connections, task }
}

fn site() -> Router {
    Router::new()
        .route("/echo", any(echo))
        .route("/status", get(async |Query(query): Query<HashMap<String, u16>>| status(&query)))
        .route("/redirect", any(redirect))
        .route("/loop", any(async || Redirect::temporary("/loop")))
        .route(
            "/twice",
            get(async || (AppendHeaders([(header::SET_COOKIE, "a=1"), (header::SET_COOKIE, "b=2")]), "twice")),
        )
        .route("/huge", get(huge))
        .route("/announced", get(async || ([(header::CONTENT_LENGTH, "52428800")], Body::from_stream(megabytes(50)))))
        .route("/never", get(async || std::future::pending::<()>().await))
}

fn status(query: &HashMap<String, u16>) -> Response {
    StatusCode::from_u16(query["code"]).unwrap().into_response()
}

/// Says what it was sent: method, headers of the guest's (`x-…`), body.
async fn echo(method: Method, headers: HeaderMap, body: String) -> String {
    let mut own: Vec<_> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-"))
        .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
        .collect();
    own.sort();
    format!("{method} [{}] {body}", own.join(","))
}

async fn redirect(Query(query): Query<HashMap<String, String>>) -> Response {
    let code = StatusCode::from_u16(query["code"].parse().unwrap()).unwrap();
    (code, [(header::LOCATION, query["to"].clone())]).into_response()
}

/// 50 MiB without a length.
async fn huge() -> Body {
    Body::from_stream(megabytes(50))
}

fn megabytes(count: usize) -> impl stream::Stream<Item = Result<Vec<u8>, std::io::Error>> {
    stream::iter((0..count).map(|_| Ok(vec![b'x'; 1024 * 1024])))
}
