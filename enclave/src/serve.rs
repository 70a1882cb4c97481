//! The process: opens everything, serves until it is told to stop, and ends in order.

use crate::{
    Config, DataDir, DataDirError, ListenError, ProviderError, StoreError,
    clock::{EnclaveTime, SystemClock, SystemRandomness},
    commit::{Committer, Upkeep},
    listener::Listener,
    provider::{Provider, Simulated},
    sealing::Sealer,
    server,
    store::Store,
    worker::{Concurrency, Parts, Worker},
};
use phat_enclave_api::Endpoint;
use phat_executor::{Clock, Executor, HostServices, SystemResolver, WorkerFacts};
use std::{path::Path, sync::Arc};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Why the enclave can't start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// What vouches for the enclave.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The socket.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Settings that the executor can't put into effect.
    #[error("the executor refuses its settings: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Executor(Vec<phat_executor::ConfigError>),
    /// The configuration has no canonical form.
    #[error("the configuration can't be hashed: {0}")]
    ConfigHash(#[from] serde_json::Error),
    /// A part of the process died.
    #[error("{task} died: {cause}")]
    TaskDied {
        /// Which.
        task: &'static str,
        /// How.
        cause: String,
    },
}

/// How long connections may take to close once every run has ended.
const CLOSE: std::time::Duration = std::time::Duration::from_secs(2);

/// An enclave that is open for calls.
#[derive(Debug)]
pub struct Enclave {
    endpoint: Endpoint,
    worker: Arc<Worker>,
    server: JoinHandle<std::io::Result<()>>,
    committer: JoinHandle<()>,
    /// No new calls.
    closing: CancellationToken,
    /// No more reports to seal.
    sealed: CancellationToken,
    shutdown: std::time::Duration,
    _directory: DataDir,
}

/// The JavaScript contract. It is a part of this program, as the host functions are, since answers depend on it.
const JAVASCRIPT: &[u8] = include_bytes!("../../phat-contracts/artifacts/js.wasm");

fn executor(config: &Config, clock: Arc<dyn Clock>, worker: WorkerFacts) -> Result<Executor, ServeError> {
    let host = HostServices {
        clock,
        randomness: Arc::new(SystemRandomness),
        resolver: Arc::new(SystemResolver::default()),
        worker,
        javascript: Some(Arc::from(JAVASCRIPT)),
    };
    Executor::new(&config.executor(), &config.machine(), host).map_err(ServeError::Executor)
}

impl Enclave {
    /// Opens the directory, the provider, the store and the executor, and listens.
    ///
    /// # Errors
    /// Why one of them can't be opened.
    pub async fn start(config: &Config, data_dir: &Path, listen: &Endpoint) -> Result<Self, ServeError> {
        let directory = DataDir::open(data_dir)?;
        let (randomness, clock) = (Arc::new(SystemRandomness), Arc::new(SystemClock));
        let store_exists = directory.store().exists();
        let provider = Arc::new(Simulated::open(directory.path(), store_exists, randomness.as_ref())?);
        let sealer = Sealer::new(&provider.sealing_key()?, Arc::clone(&randomness) as _);
        let (store, keys) = Store::open(directory.store(), Store::on_disk(), sealer, randomness.as_ref())?;
        let store = Arc::new(store);
        let time = Arc::new(EnclaveTime::new(clock, store.mark()));
        let public = keys.public();
        let facts = WorkerFacts { x25519: public.x25519.0, sgx_quote: provider.sgx_quote(&public) };
        let executor = executor(config, Arc::clone(&time) as _, facts)?;
        let upkeep = Upkeep {
            batch: in_memory(config.store.commit_batch),
            every: config.store.upkeep_interval,
            retry: config.store.retry_interval,
        };
        let (sealings, queue) = mpsc::channel(upkeep.batch);
        let committer = Committer { store: Arc::clone(&store), time: Arc::clone(&time), upkeep, queue };
        let worker = Worker::new(Parts {
            provider: Arc::clone(&provider) as Arc<dyn Provider>,
            config_hash: config.hash()?,
            config: config.answering()?,
            store,
            keys,
            time,
            runner: Arc::new(executor),
            sealings,
            concurrency: Concurrency {
                requests: in_memory(config.concurrency.requests),
                simulations: in_memory(config.concurrency.simulations),
                calls: in_memory(config.concurrency.calls),
                actions: in_memory(config.concurrency.actions),
                deployments: in_memory(config.concurrency.deployments),
            },
            log_bytes: config.store.log_bytes,
            secrets_bytes: config.limits.secrets_bytes,
            egress: config.egress.clone(),
        });
        let listener = Listener::open(listen).await?;
        let endpoint = listener.endpoint().map_err(|cause| ListenError::Io { endpoint: listen.clone(), cause })?;
        let (closing, sealed) = (CancellationToken::new(), CancellationToken::new());
        let router = server::router(
            Arc::clone(&worker),
            in_memory(config.limits.code_bytes),
            in_memory(config.limits.input_bytes),
        );
        let stop = closing.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            match listener {
                // The socket's file goes when the server ends.
                Listener::Unix(listener, _file) => axum::serve(listener, router).with_graceful_shutdown(stop).await,
                Listener::Loopback(listener) => axum::serve(listener, router).with_graceful_shutdown(stop).await,
            }
        });
        let committer = tokio::spawn(committer.run(sealed.clone()));
        let shutdown = config.shutdown.timeout;
        Ok(Self { endpoint, worker, server, committer, closing, sealed, shutdown, _directory: directory })
    }

    /// Where it listens, the port included where the system chose it.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Who the worker is.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn status(&self) -> Result<phat_enclave_api::Status, phat_enclave_api::EnclaveError> {
        Ok(self.worker.status().await?)
    }

    /// Serves until `stop` is cancelled: then takes no more calls, waits for the runs under way, drops
    /// unsigned what remains after the shutdown's time, and seals what is left to seal.
    ///
    /// # Errors
    /// When a part of the process died, before or meanwhile.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServeError> {
        let Self { endpoint: _, worker, mut server, mut committer, closing, sealed, shutdown, _directory } = self;
        let mut died = None;
        tokio::select! {
            () = stop.cancelled() => tracing::info!("stops: takes no more calls"),
            ended = &mut server => died = Some(death("the server", ended.map(|result| result.err()))),
            ended = &mut committer => died = Some(death("the committer", ended.map(|()| None))),
        }
        closing.cancel();
        if tokio::time::timeout(shutdown, worker.drained()).await.is_err() {
            tracing::warn!("drops the runs that have not ended; nothing of them is signed");
            worker.abandon();
            worker.drained().await;
        }
        sealed.cancel();
        if !committer.is_finished()
            && let Err(error) = committer.await
        {
            died = died.or_else(|| Some(death("the committer", Err(error))));
        }
        if !server.is_finished() && tokio::time::timeout(CLOSE, &mut server).await.is_err() {
            tracing::warn!("closes connections that the host keeps open");
            server.abort();
        }
        died.map_or(Ok(()), Err)
    }
}

fn death(task: &'static str, ended: Result<Option<std::io::Error>, tokio::task::JoinError>) -> ServeError {
    let cause = match ended {
        Ok(Some(error)) => error.to_string(),
        Ok(None) => "it ended by itself".to_owned(),
        Err(error) => error.to_string(),
    };
    ServeError::TaskDied { task, cause }
}

fn in_memory(quantity: u32) -> usize {
    usize::try_from(quantity).unwrap_or(usize::MAX)
}
