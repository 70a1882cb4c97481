//! A JSON-RPC endpoint in front of the node's, that holds calls where a scenario says.

use anyhow::Result;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use std::{
    future::IntoFuture,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// Which calls are held, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// None.
    Nothing,
    /// All, before the node sees them.
    Everything,
    /// Those of this method, before the node sees them.
    Calls(&'static str),
    /// The answers to those of this method: the node has seen them.
    Answers(&'static str),
}

/// Passes calls on to a node, but for those that it holds. A call whose caller goes away meanwhile is
/// dropped where it is held.
#[derive(Debug)]
pub struct RpcGate {
    address: SocketAddr,
    post: Arc<Post>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Post {
    node: String,
    http: reqwest::Client,
    hold: watch::Sender<Hold>,
    held: AtomicUsize,
}

impl RpcGate {
    /// In front of the node at `node`; holds nothing yet.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(node: &str) -> Result<Self> {
        let post = Arc::new(Post {
            node: node.to_owned(),
            http: reqwest::Client::builder().no_proxy().build()?,
            hold: watch::Sender::new(Hold::Nothing),
            held: AtomicUsize::new(0),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&post));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let serving = axum::serve(listener, router).into_future();
        let server = tokio::spawn(async move {
            // It ends with its guard alone.
            let _ = serving.await;
        });
        Ok(Self { address, post, server })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on these are held; what was held for another reason goes on.
    pub fn hold(&self, hold: Hold) {
        self.post.hold.send_replace(hold);
    }

    /// How many calls are held now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.post.held.load(Ordering::SeqCst)
    }
}

impl Drop for RpcGate {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Counts as held while it lives.
struct Held<'p>(&'p AtomicUsize);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Post {
    async fn wait_while(&self, held: impl Fn(Hold) -> bool) {
        let mut hold = self.hold.subscribe();
        if held(*hold.borrow_and_update()) {
            self.held.fetch_add(1, Ordering::SeqCst);
            let _held = Held(&self.held);
            // The sender lives as long as the post.
            let _ = hold.wait_for(|now| !held(*now)).await;
        }
    }
}

async fn pass(State(post): State<Arc<Post>>, body: Bytes) -> Response {
    let methods = methods(&body);
    let calls = |method: &str| methods.iter().any(|called| called == method);
    post.wait_while(|hold| match hold {
        Hold::Everything => true,
        Hold::Calls(method) => calls(method),
        Hold::Nothing | Hold::Answers(_) => false,
    })
    .await;
    let answer =
        match post.http.post(&post.node).header(header::CONTENT_TYPE, "application/json").body(body).send().await {
            Ok(answer) => answer.bytes().await,
            Err(error) => Err(error),
        };
    post.wait_while(|hold| match hold {
        Hold::Answers(method) => calls(method),
        Hold::Nothing | Hold::Everything | Hold::Calls(_) => false,
    })
    .await;
    match answer {
        Ok(answer) => ([(header::CONTENT_TYPE, "application/json")], answer).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

/// The methods that a call, or a batch of calls, names.
fn methods(body: &[u8]) -> Vec<String> {
    let method = |call: &Value| call["method"].as_str().map(str::to_owned);
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Array(calls)) => calls.iter().filter_map(method).collect(),
        Ok(call) => method(&call).into_iter().collect(),
        Err(_) => Vec::new(),
    }
}
