//! A proxy in front of a node: it freezes, cuts connections, or counts what is asked.

use phat_connector::rpc::EndpointUrl;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Passing,
    /// Connections stay open, and nothing passes.
    Frozen,
    /// All connections are closed.
    Dead,
    /// Each fourth thing that a client says closes its connection.
    Flaky,
}

pub(crate) struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
    /// Everything that clients said, as they said it.
    heard: Arc<Mutex<Vec<u8>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Passes everything on to `upstream`.
    pub(crate) async fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, modes) = watch::channel(Mode::Passing);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hearing = heard.clone();
        let said = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (modes, heard, said) = (modes.clone(), hearing.clone(), said.clone());
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)).await {
                        pass(client, server, modes, &heard, &said).await;
                    }
                });
            }
        });
        Self { port, mode, heard, task }
    }

    pub(crate) fn http(&self) -> EndpointUrl {
        format!("http://127.0.0.1:{}", self.port).parse().unwrap()
    }

    pub(crate) fn web_socket(&self) -> EndpointUrl {
        format!("ws://127.0.0.1:{}", self.port).parse().unwrap()
    }

    /// The calls of one method so far.
    pub(crate) fn asked_for(&self, method: &str) -> usize {
        let words = format!("\"method\":\"{method}\"");
        String::from_utf8_lossy(&self.heard.lock().unwrap()).matches(&words).count()
    }

    pub(crate) fn freeze(&self) {
        self.mode.send_replace(Mode::Frozen);
    }

    pub(crate) fn break_now_and_then(&self) {
        self.mode.send_replace(Mode::Flaky);
    }

    pub(crate) fn die(&self) {
        self.mode.send_replace(Mode::Dead);
    }

    pub(crate) fn revive(&self) {
        self.mode.send_replace(Mode::Passing);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(
    client: TcpStream,
    server: TcpStream,
    mut modes: watch::Receiver<Mode>,
    heard: &Mutex<Vec<u8>>,
    said: &AtomicU64,
) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut asked, mut answered) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        let mode = *modes.borrow_and_update();
        match mode {
            Mode::Dead => return,
            Mode::Frozen => {
                if modes.changed().await.is_err() {
                    return;
                }
                continue;
            }
            Mode::Passing | Mode::Flaky => {}
        }
        tokio::select! {
            changed = modes.changed() => if changed.is_err() { return },
            read = from_client.read(&mut asked) => match read {
                Ok(length) if length > 0 => {
                    heard.lock().unwrap().extend(&asked[..length]);
                    if mode == Mode::Flaky && said.fetch_add(1, Ordering::Relaxed) % 4 == 3 { return }
                    if to_server.write_all(&asked[..length]).await.is_err() { return }
                }
                _ => return,
            },
            read = from_server.read(&mut answered) => match read {
                Ok(length) if length > 0 => if to_client.write_all(&answered[..length]).await.is_err() { return },
                _ => return,
            },
        }
    }
}
