//! A source of prices on loopback, which does what it is told, well or badly.

use anyhow::Result;
use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use futures_util::stream;
use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::{IntoFuture, pending},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// The path of a price, as `http-json` takes it.
pub(crate) const PATH: &str = "/price/{base}/{quote}";
/// Where in a document the price is.
pub(crate) const POINTER: &str = "/price";

const CHUNK: usize = 64 * 1024;

/// What happens to who asks for a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// A document with this price.
    Price(String),
    /// This text, with status 200.
    Text(String),
    /// This status, and nothing else.
    Status(u16),
    /// A redirect to this URL.
    Redirect(String),
    /// So many bytes.
    Bytes(usize),
    /// No answer, ever.
    Never,
}

/// A running source. Pairs that it wasn't told of are answered with status 404.
#[derive(Debug)]
pub struct PriceSource {
    address: SocketAddr,
    desk: Arc<Desk>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Desk {
    behaviours: Mutex<BTreeMap<(String, String), Behaviour>>,
    fetches: Mutex<Vec<(String, String)>>,
    waiting: AtomicUsize,
    held: watch::Sender<bool>,
}

impl PriceSource {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start() -> Result<Self> {
        let desk = Arc::new(Desk {
            behaviours: Mutex::default(),
            fetches: Mutex::default(),
            waiting: AtomicUsize::new(0),
            held: watch::Sender::new(false),
        });
        let router = Router::new().route(PATH, get(answer)).with_state(Arc::clone(&desk));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let serving = axum::serve(listener, router).into_future();
        let server = tokio::spawn(async move {
            // It ends with its guard alone.
            let _ = serving.await;
        });
        Ok(Self { address, desk, server })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on a pair is answered so.
    pub fn behave(&self, base: &str, quote: &str, behaviour: Behaviour) {
        lock(&self.desk.behaviours).insert((base.to_owned(), quote.to_owned()), behaviour);
    }

    /// From now on a pair has this price.
    pub fn price(&self, base: &str, quote: &str, price: &str) {
        self.behave(base, quote, Behaviour::Price(price.to_owned()));
    }

    /// How many requests came.
    #[must_use]
    pub fn fetches(&self) -> usize {
        lock(&self.desk.fetches).len()
    }

    /// How many requests came for a pair.
    #[must_use]
    pub fn fetches_of(&self, base: &str, quote: &str) -> usize {
        lock(&self.desk.fetches).iter().filter(|pair| pair.0 == base && pair.1 == quote).count()
    }

    /// From now on nobody is answered until [`Self::release`].
    pub fn hold(&self) {
        self.desk.held.send_replace(true);
    }

    /// Answers those who wait, and whoever comes.
    pub fn release(&self) {
        self.desk.held.send_replace(false);
    }

    /// How many wait for [`Self::release`].
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.desk.waiting.load(Ordering::SeqCst)
    }
}

impl Drop for PriceSource {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Counts who waits, also when they hang up.
struct Waiting<'d>(&'d AtomicUsize);

impl<'d> Waiting<'d> {
    fn new(count: &'d AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn answer(State(desk): State<Arc<Desk>>, Path(pair): Path<(String, String)>) -> Response {
    lock(&desk.fetches).push(pair.clone());
    {
        let _waiting = Waiting::new(&desk.waiting);
        // The sender lives as long as the desk.
        let _ = desk.held.subscribe().wait_for(|held| !held).await;
    }
    let behaviour = lock(&desk.behaviours).get(&pair).cloned();
    match behaviour {
        None => (StatusCode::NOT_FOUND, axum::Json(serde_json::json!({"error": "unknown pair"}))).into_response(),
        Some(Behaviour::Price(price)) => {
            let (base, quote) = pair;
            axum::Json(serde_json::json!({"base": base, "quote": quote, "price": price})).into_response()
        }
        Some(Behaviour::Text(text)) => text.into_response(),
        Some(Behaviour::Status(status)) => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
        Some(Behaviour::Redirect(url)) => (StatusCode::FOUND, [(header::LOCATION, url)]).into_response(),
        Some(Behaviour::Bytes(length)) => {
            let chunk = Bytes::from_static(&[b'7'; CHUNK]);
            let chunks = (0..length.div_ceil(CHUNK)).map(move |_| Ok::<_, Infallible>(chunk.clone()));
            Body::from_stream(stream::iter(chunks)).into_response()
        }
        Some(Behaviour::Never) => pending().await,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
