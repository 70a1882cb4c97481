//! A source on loopback that counts who asks, and answers when it is told to.

use axum::{Router, extract::State, routing::get};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub(crate) struct Source {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    asked: AtomicU64,
    open: watch::Sender<bool>,
}

impl Source {
    /// Starts a source that answers at once.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { asked: AtomicU64::new(0), open: watch::Sender::new(true) });
        let router = Router::new().route("/number", get(number)).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, shared, server }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> u64 {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// Lets those who ask wait, or answers them.
    pub(crate) fn answer(&self, at_once: bool) {
        self.shared.open.send_replace(at_once);
    }

    /// Waits until it was asked so often.
    pub(crate) async fn wait_for_asked(&self, times: u64) {
        let asked = async {
            while self.asked() < times {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(super::PATIENCE, asked).await.expect("the source was never asked");
    }

    /// What opens its port to contracts.
    pub(crate) fn allowed(&self) -> String {
        format!(r#"[{{ host = "127.0.0.1", port = {}, http = true }}]"#, self.port)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn number(State(shared): State<Arc<Shared>>) -> &'static str {
    shared.asked.fetch_add(1, Ordering::SeqCst);
    let mut open = shared.open.subscribe();
    // The sender is in `shared`, so it isn't gone.
    let _ = open.wait_for(|open| *open).await;
    "7"
}
