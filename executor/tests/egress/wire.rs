//! A server that keeps every byte it was sent, and answers as the test says.

use phat_executor::{AllowEntry, ExecutorConfig};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<u8>>>,
    task: JoinHandle<()>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Wire {
    /// Has `speak` answer each connection, once a whole request was read from it.
    pub(crate) async fn speaking<F>(speak: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, heard) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<u8>>>::default());
        let (counter, record) = (Arc::clone(&connections), Arc::clone(&heard));
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                let request = request(&mut stream).await;
                record.lock().unwrap().extend_from_slice(&request);
                tokio::spawn(speak(stream));
            }
        });
        Self { address, connections, heard, task }
    }

    /// Answers each connection with these bytes, and closes it.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::speaking(move |mut stream| {
            let answer = Arc::clone(&answer);
            async move {
                // Who has heard enough hangs up.
                let _ = stream.write_all(&answer).await;
            }
        })
        .await
    }

    /// Answers each connection with these bytes, and then with these for ever.
    pub(crate) async fn flooding(beginning: &'static str, flood: &'static str) -> Self {
        Self::speaking(move |mut stream| async move {
            let flood = flood.repeat(64 * 1024 / flood.len());
            let mut sent = stream.write_all(beginning.as_bytes()).await;
            while sent.is_ok() {
                sent = stream.write_all(flood.as_bytes()).await;
            }
        })
        .await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn config(&self) -> ExecutorConfig {
        let (host, port) = (self.address.ip().to_string(), self.address.port());
        let mut config = ExecutorConfig::default();
        config.egress.allow.push(AllowEntry { host, port, http: true, root_pem: None });
        config
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn heard(&self) -> String {
        String::from_utf8(self.heard.lock().unwrap().clone()).unwrap()
    }
}

/// A request's head, and as much of a body as it announces.
async fn request(stream: &mut TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    let end = loop {
        let at = heard.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(at) = at {
            break at + 4;
        }
        if stream.read_buf(&mut heard).await.unwrap_or(0) == 0 {
            return heard;
        }
    };
    let head = String::from_utf8_lossy(&heard[..end]).to_lowercase();
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    while heard.len() < end + announced.unwrap_or(0) {
        if stream.read_buf(&mut heard).await.unwrap_or(0) == 0 {
            break;
        }
    }
    heard
}
