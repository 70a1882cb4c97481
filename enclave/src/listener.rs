use phat_enclave_api::Endpoint;
use std::{
    fs::{DirBuilder, Permissions},
    io,
    os::unix::{
        fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt},
        net::{SocketAddr, UnixListener as StdUnixListener},
    },
    path::{Path, PathBuf},
};
use tokio::net::{TcpListener, UnixListener, UnixStream};

/// Where the enclave listens: for the host alone.
#[derive(Debug)]
pub(crate) enum Listener {
    Unix(UnixListener, SocketFile),
    Loopback(TcpListener),
}

/// Why the enclave can't listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Somebody answers there already.
    #[error("another process listens on {endpoint}")]
    InUse {
        /// The place.
        endpoint: Endpoint,
    },
    /// There is a file, and it is no socket.
    #[error("{path} is not a socket: remove it, or listen somewhere else")]
    NotASocket {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("can't listen on {endpoint}: {cause}")]
    Io {
        /// The place.
        endpoint: Endpoint,
        /// What the system said.
        cause: io::Error,
    },
}

impl Listener {
    /// Listens. A Unix socket is its owner's alone (0600) from the moment it can be reached, and takes
    /// the place of one that nobody listens on any more.
    ///
    /// # Errors
    /// When somebody else listens there, the path is some other file, or the system refuses.
    pub(crate) async fn open(endpoint: &Endpoint) -> Result<Self, ListenError> {
        let io = |cause| ListenError::Io { endpoint: endpoint.clone(), cause };
        match endpoint {
            Endpoint::Loopback(address) => match TcpListener::bind(address).await {
                Ok(listener) => Ok(Self::Loopback(listener)),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    Err(ListenError::InUse { endpoint: endpoint.clone() })
                }
                Err(error) => Err(io(error)),
            },
            Endpoint::Unix(path) => {
                // A longer path could be moved to, and never be connected to.
                SocketAddr::from_pathname(path).map_err(io)?;
                match std::fs::symlink_metadata(path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(io(error)),
                    Ok(metadata) if !metadata.file_type().is_socket() => {
                        return Err(ListenError::NotASocket { path: path.clone() });
                    }
                    Ok(_) => match UnixStream::connect(path).await {
                        Ok(_) => return Err(ListenError::InUse { endpoint: endpoint.clone() }),
                        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                            tracing::info!(path = %path.display(), "takes the place of a socket that nobody listens on");
                        }
                        Err(error) => return Err(io(error)),
                    },
                }
                let listener = bind_closed(path).map_err(io)?;
                let file = SocketFile::of(path).map_err(io)?;
                listener.set_nonblocking(true).map_err(io)?;
                Ok(Self::Unix(UnixListener::from_std(listener).map_err(io)?, file))
            }
        }
    }

    /// Where it listens, the port included where the system chose it.
    pub(crate) fn endpoint(&self) -> io::Result<Endpoint> {
        match self {
            Self::Unix(_, file) => Ok(Endpoint::Unix(file.path.clone())),
            Self::Loopback(listener) => Ok(Endpoint::Loopback(listener.local_addr()?)),
        }
    }
}

/// Binds in a directory that is closed to others, closes the socket too, and moves it to its place:
/// `bind` itself gives it the mode that the process's mask leaves.
fn bind_closed(path: &Path) -> io::Result<StdUnixListener> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let directory = parent.join(format!(".{}", std::process::id()));
    match std::fs::remove_dir_all(&directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    DirBuilder::new().mode(0o700).create(&directory)?;
    let draft = directory.join("s");
    let bound = StdUnixListener::bind(&draft).and_then(|listener| {
        std::fs::set_permissions(&draft, Permissions::from_mode(0o600))?;
        std::fs::rename(&draft, path)?;
        Ok(listener)
    });
    std::fs::remove_dir_all(&directory)?;
    bound
}

/// The socket's file, removed at the end if it is still ours.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), inode: std::fs::symlink_metadata(path)?.ino() })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if std::fs::symlink_metadata(&self.path).is_ok_and(|metadata| metadata.ino() == self.inode)
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the socket stays behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket() -> (tempfile::TempDir, PathBuf, Endpoint) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("enclave.sock");
        let endpoint = Endpoint::Unix(path.clone());
        (directory, path, endpoint)
    }

    #[tokio::test]
    async fn a_socket_is_its_owners_alone_and_goes_with_its_listener() {
        let (directory, path, endpoint) = socket();
        let listener = Listener::open(&endpoint).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "something else stays behind");
        UnixStream::connect(&path).await.unwrap();
        drop(listener);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_socket_that_somebody_listens_on_is_refused_and_a_stale_one_replaced() {
        let (_directory, path, endpoint) = socket();
        let other = StdUnixListener::bind(&path).unwrap();
        let refused = Listener::open(&endpoint).await.unwrap_err();
        assert!(matches!(refused, ListenError::InUse { .. }), "{refused}");
        drop(other);
        assert!(path.exists(), "the file of a dead listener stays");
        let _listener = Listener::open(&endpoint).await.unwrap();
        UnixStream::connect(&path).await.unwrap();
    }

    #[tokio::test]
    async fn a_path_that_nobody_could_connect_to_is_refused() {
        let (_directory, path, _) = socket();
        let long = path.with_file_name("s".repeat(120));
        let refused = Listener::open(&Endpoint::Unix(long.clone())).await.unwrap_err();
        assert!(matches!(refused, ListenError::Io { .. }), "{refused}");
        assert!(!long.exists());
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_left_alone() {
        let (_directory, path, endpoint) = socket();
        std::fs::write(&path, b"precious").unwrap();
        let refused = Listener::open(&endpoint).await.unwrap_err();
        assert!(matches!(refused, ListenError::NotASocket { .. }), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    }
}
