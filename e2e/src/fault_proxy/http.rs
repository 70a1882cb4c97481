//! As much of HTTP/1.1 (RFC 9112) as JSON-RPC clients use, byte for byte: what a server's library would keep whole is
//! to be broken here.

use std::io::{self, ErrorKind};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// The longest head that is read, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// The longest body that is read, in bytes.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// A request.
pub(super) struct Message {
    /// Request line and fields, as they came.
    pub(super) head: Vec<u8>,
    pub(super) body: Vec<u8>,
    /// Whether the connection is to become a websocket.
    pub(super) upgrades: bool,
}

/// The next request; none when the client is done.
pub(super) async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Message>> {
    let mut head = Vec::new();
    let (mut length, mut upgrades) = (0, false);
    loop {
        let start = head.len();
        if stream.read_until(b'\n', &mut head).await? == 0 {
            return if start == 0 { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
        }
        if head.len() > MAX_HEAD {
            return Err(ErrorKind::InvalidData.into());
        }
        let line = String::from_utf8_lossy(&head[start..]).trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        match line.split_once(':').map(|(name, value)| (name, value.trim())) {
            Some(("content-length", value)) => {
                length = value.parse().map_err(|_| io::Error::from(ErrorKind::InvalidData))?;
            }
            Some(("upgrade", "websocket")) => upgrades = true,
            Some(_) | None => {}
        }
    }
    if length > MAX_BODY {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Message { head, body, upgrades }))
}

/// A response, whole or not.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) retry_after: Option<u32>,
    pub(super) body: Vec<u8>,
    /// Only half of the body is sent.
    pub(super) truncated: bool,
}

impl Response {
    pub(super) const fn json(body: Vec<u8>) -> Self {
        Self { status: 200, retry_after: None, body, truncated: false }
    }

    /// One for people.
    pub(super) fn page(status: u16, retry_after: Option<u32>) -> Self {
        Self { status, retry_after, body: format!("<html>{status}</html>").into_bytes(), truncated: false }
    }

    pub(super) async fn write(&self, stream: &mut BufReader<TcpStream>) -> io::Result<()> {
        let kind = if self.status == 200 { "application/json" } else { "text/html" };
        let retry_after = self.retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
        let head = format!(
            "HTTP/1.1 {} status\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{retry_after}\r\n",
            self.status,
            self.body.len()
        );
        let sent = if self.truncated { self.body.len() / 2 } else { self.body.len() };
        stream.write_all(&[head.as_bytes(), self.body.get(..sent).unwrap_or_default()].concat()).await?;
        stream.flush().await
    }
}

/// Ends when the client has closed the connection.
pub(super) async fn closed(stream: &mut BufReader<TcpStream>) {
    match stream.fill_buf().await {
        Ok([]) | Err(_) => {}
        // It asks the next thing without waiting for this one's answer.
        Ok(_) => std::future::pending().await,
    }
}
