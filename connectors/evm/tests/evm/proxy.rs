//! A proxy in front of a node: it ends TLS, freezes, cuts connections, or counts what is asked.

use std::{
    ops::Sub,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Passing,
    /// Connections stay open, and nothing passes.
    Frozen,
    /// The connections of this count and before are closed.
    Cut(u64),
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    mode: watch::Sender<Mode>,
    accepted: watch::Receiver<u64>,
    /// Everything that clients said, as they said it.
    heard: Arc<Mutex<Vec<u8>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Passes everything on to `upstream`, over TLS where there is a configuration for it.
    pub(crate) async fn start(upstream: u16, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, modes) = watch::channel(Mode::Passing);
        let (counter, accepted) = watch::channel(0);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hearing = heard.clone();
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                counter.send_modify(|count| *count += 1);
                let count = *counter.borrow();
                let (acceptor, modes, heard) = (acceptor.clone(), modes.clone(), hearing.clone());
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)).await else { return };
                    match acceptor {
                        // A client that refuses the certificate hangs up.
                        Some(acceptor) => match acceptor.accept(client).await {
                            Ok(client) => pass(client, server, modes, count, &heard).await,
                            Err(_refused) => {}
                        },
                        None => pass(client, server, modes, count, &heard).await,
                    }
                });
            }
        });
        Self { port, mode, accepted, heard, task }
    }

    /// The HTTP requests and the JSON-RPC calls so far.
    pub(crate) fn asked(&self) -> Asked {
        Asked(self.count("POST / HTTP/1.1\r\n"), self.count("\"method\":"))
    }

    /// The calls of one method so far.
    pub(crate) fn asked_for(&self, method: &str) -> usize {
        self.count(&format!("\"method\":\"{method}\""))
    }

    fn count(&self, words: &str) -> usize {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).matches(words).count()
    }

    pub(crate) fn freeze(&self) {
        self.mode.send_replace(Mode::Frozen);
    }

    /// Closes the connections that there are; new ones pass.
    pub(crate) fn cut(&self) {
        self.mode.send_replace(Mode::Cut(*self.accepted.borrow()));
    }
}

/// HTTP requests, and the calls in them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked(usize, usize);

impl Sub for Asked {
    type Output = (usize, usize);

    fn sub(self, before: Self) -> (usize, usize) {
        (self.0 - before.0, self.1 - before.1)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass<C>(client: C, server: TcpStream, mut modes: watch::Receiver<Mode>, count: u64, heard: &Mutex<Vec<u8>>)
where
    C: AsyncRead + AsyncWrite,
{
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = server.into_split();
    let (mut asked, mut answered) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        let mode = *modes.borrow_and_update();
        match mode {
            Mode::Cut(last) if count <= last => return,
            Mode::Frozen => {
                if modes.changed().await.is_err() {
                    return;
                }
                continue;
            }
            Mode::Passing | Mode::Cut(_) => {}
        }
        tokio::select! {
            changed = modes.changed() => if changed.is_err() { return },
            read = from_client.read(&mut asked) => match read {
                Ok(length) if length > 0 => {
                    heard.lock().unwrap().extend(&asked[..length]);
                    if to_server.write_all(&asked[..length]).await.is_err() { return }
                }
                _ => return,
            },
            read = from_server.read(&mut answered) => match read {
                Ok(length) if length > 0 => {
                    let sent = to_client.write_all(&answered[..length]).await.is_ok() && to_client.flush().await.is_ok();
                    if !sent { return }
                }
                _ => return,
            },
        }
    }
}
