//! A loopback port in front of another one: to end TLS there, or to cut it.

use anyhow::Result;
use rustls::ServerConfig;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Passes connections on until it is cut or dropped.
#[derive(Debug)]
pub struct Forwarder {
    address: SocketAddr,
    cut: CancellationToken,
    tasks: TaskTracker,
    connections: Arc<AtomicUsize>,
}

impl Forwarder {
    /// Passes bytes on as they are.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn plain(target: SocketAddr) -> Result<Self> {
        Self::start(target, None).await
    }

    /// Ends TLS, and passes on what was in it.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn tls(target: SocketAddr, server: Arc<ServerConfig>) -> Result<Self> {
        Self::start(target, Some(TlsAcceptor::from(server))).await
    }

    async fn start(target: SocketAddr, tls: Option<TlsAcceptor>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (cut, tasks, connections) = (CancellationToken::new(), TaskTracker::new(), Arc::new(AtomicUsize::new(0)));
        let accepting = {
            let (cut, tasks, connections) = (cut.clone(), tasks.clone(), Arc::clone(&connections));
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let passing = pass_on(client, target, tls.clone(), Arc::clone(&connections));
                    tasks.spawn(cut.clone().run_until_cancelled_owned(passing));
                }
            }
        };
        tasks.spawn(cut.clone().run_until_cancelled_owned(accepting));
        Ok(Self { address, cut, tasks, connections })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were passed on so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Closes every connection, and the port, for good.
    pub async fn cut(&self) {
        self.cut.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.cut.cancel();
    }
}

/// A connection that fails is one that its client sees fail: there is no one else to tell.
async fn pass_on(client: TcpStream, target: SocketAddr, tls: Option<TlsAcceptor>, connections: Arc<AtomicUsize>) {
    match tls {
        None => join(client, target, &connections).await,
        Some(acceptor) => {
            if let Ok(client) = acceptor.accept(client).await {
                join(client, target, &connections).await;
            }
        }
    }
}

async fn join(mut client: impl AsyncRead + AsyncWrite + Unpin, target: SocketAddr, connections: &AtomicUsize) {
    if let Ok(mut server) = TcpStream::connect(target).await {
        connections.fetch_add(1, Ordering::SeqCst);
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
