//! The composition root: with its folder, the one place that names concrete chains, stores and clients.

mod doctor;
mod evm;
mod greeting;
mod jobs;
mod opening;
mod signals;
mod substrate;
mod wrapping;

pub use doctor::examine;
pub use wrapping::{Bare, Wrapping};

use crate::{
    api::{self, ApiChain, ApiJobs, ApiState, Registrar},
    clock::{Millis, SharedClock, SystemClock},
    config::{ChainConfig, ChainKind, Config, EndpointConfig},
    enclave::VettedEnclave,
    health::Health,
    jobs::{JobChain, JobDoorbells},
    pipeline::{Beside, ChainEnd, ExecuteSettings, Pipeline, ProbeStage, RetrySettings, SubmitSettings, WatchSettings},
    store::{JobStore, sqlite::SqliteStore},
};
use anyhow::{Context, Result};
use doctor::Examiner;
use phat_connector::{EndpointPool, EventSource, rpc::EndpointSettings};
use phat_enclave_api::{Client, ClientSettings};
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

/// How many blocks below the cursor are read again.
const OVERLAP: u64 = 4;
/// How often endpoints are looked through for those that are due, at least.
const PROBE_SWEEP: Duration = Duration::from_secs(10);

/// Runs the relayer until SIGTERM or SIGINT, or until one of its tasks dies. The second signal ends
/// the process at once: every row survives that.
///
/// # Errors
/// When a part can't be opened, or a task died.
pub async fn run(config: Config, wrapping: &impl Wrapping) -> Result<()> {
    let cancel = CancellationToken::new();
    let signals = tokio::spawn(signals::stop(cancel.clone())?);
    let ran = run_until(config, wrapping, cancel).await;
    signals.abort();
    ran
}

async fn run_until(config: Config, wrapping: &impl Wrapping, cancel: CancellationToken) -> Result<()> {
    // Another part of the process may have chosen it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock: SharedClock = wrapping.clock(Arc::new(SystemClock));
    let health = Health::default();
    let retry = RetrySettings { initial: config.retry.initial, max: config.retry.max };
    let listener = bind(&config)?;
    let Some(store) = opening::open(&config.database, &listener, retry, &cancel).await? else { return Ok(()) };
    let store = Arc::new(store);
    let store_closing = SqliteStore::clone(&store);
    let enclave = Arc::new(open_enclave(&config)?);
    let (mut ends, mut probes) = (Vec::new(), Vec::new());
    let (mut api_chains, mut job_chains) = (BTreeMap::new(), Vec::new());
    for (name, chain) in &config.chains {
        let Opened { end, events, endpoints, registrar, .. } = open_chain(name, chain)?;
        job_chains.push((
            JobChain {
                name: end.name.clone(),
                chain: chain.kind.chain(),
                source: end.source.clone(),
                status: end.status.clone(),
                events,
                max_range: chain.max_range,
            },
            chain.poll_interval,
        ));
        let watch = WatchSettings { from_block: chain.from_block, max_range: chain.max_range.get(), overlap: OVERLAP };
        api_chains.insert(
            name.clone(),
            ApiChain {
                chain: chain.kind.chain(),
                status: end.status.clone(),
                source: end.source.clone(),
                submitters: end.submitters.clone(),
                endpoints: endpoints.clone(),
                finality: chain.finality(),
                registrar,
                doorbells: end.doorbells.clone(),
            },
        );
        let probe = Box::new(ProbeStage::new(end.name.clone(), endpoints));
        probes.push(Beside { stage: probe, doorbell: Arc::default(), interval: PROBE_SWEEP });
        ends.push((wrapping.chain(end), watch, chain.poll_interval));
    }
    let doorbells = JobDoorbells::of(config.chains.keys().cloned());
    store.configure_jobs(&config.jobs, Millis::now(&*clock)).await.context("can't store the configuration's jobs")?;
    let parts = jobs::Parts { store: store.clone(), enclave: enclave.clone(), clock: clock.clone() };
    let mut beside = jobs::stages(&config, parts, job_chains, &doorbells);
    beside.extend(probes);
    let pipeline = Pipeline {
        store: wrapping.store(store.clone()),
        enclave: wrapping.enclave(enclave.clone()),
        clock: clock.clone(),
        health: health.clone(),
        execute: ExecuteSettings { concurrency: config.execute.concurrency.get(), lease: config.execute.lease, retry },
        submit: SubmitSettings {
            batch: config.submit.batch.get(),
            max_open: config.submit.max_open.get(),
            rebroadcast: config.submit.rebroadcast,
            bump_after: config.submit.bump_after,
            max_bumps: config.submit.max_bumps,
            expiry_margin: config.submit.expiry_margin,
            retry,
        },
        retry,
    };
    let greeted = greeting::greet(&*enclave, config.retry.max, &cancel);
    let router = api::router(ApiState {
        read: store.clone(),
        figures: store.clone(),
        catalogue: store.clone(),
        execute: store.clone(),
        admin: store.clone(),
        jobs: ApiJobs { store: store.clone(), doorbells },
        events: store,
        enclave: enclave.clone(),
        chains: api_chains,
        health,
        clock,
        token: config.api.token.clone(),
        token_file: config.api.token_file.clone(),
        allow_simulated: config.enclave.allow_simulated,
        max_streams: config.api.max_streams,
        stopping: cancel.clone(),
        bounds: config.status,
    });
    let store_ended = closed(store_closing, &cancel);
    let served = api::serve(TcpListener::from_std(listener)?, router, cancel.clone());
    let piped = pipeline.run(ends, beside, cancel.clone());
    // Whichever ends first takes the other with it.
    let (served, piped, closed, ()) =
        tokio::join!(stopping(served, &cancel), stopping(piped, &cancel), stopping(store_ended, &cancel), greeted);
    closed?;
    piped?;
    served.context("the HTTP API failed")
}

async fn stopping<Output>(part: impl Future<Output = Output>, cancel: &CancellationToken) -> Output {
    let output = part.await;
    cancel.cancel();
    output
}

/// Fails when the database's writing task dies before the process is asked to stop.
async fn closed(store: SqliteStore, cancel: &CancellationToken) -> Result<()> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Ok(()),
        () = store.ended() => anyhow::bail!("the database's writing task died"),
    }
}

fn open_enclave(config: &Config) -> Result<VettedEnclave<Client>> {
    let settings = ClientSettings {
        connect_timeout: config.enclave.connect_timeout,
        call_timeout: config.enclave.call_timeout,
        run_timeout: config.enclave.run_timeout,
    };
    let client = Client::new(config.enclave.endpoint.clone(), settings)
        .context("can't make the enclave's client")?
        .traced(phat_telemetry::traceparent);
    Ok(VettedEnclave::new(client, config.enclave.allow_simulated))
}

/// Listens from now on. Whoever calls waits until there is an API.
fn bind(config: &Config) -> Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(config.api.listen)
        .with_context(|| format!("can't listen on {} (api.listen)", config.api.listen))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr().context("can't read the bound address")?;
    if let Some(file) = &config.api.addr_file {
        write_whole(file, &address.to_string())?;
    }
    info!(%address, "HTTP API listens");
    Ok(listener)
}

/// Writes a file so that no reader sees half of it.
fn write_whole(path: &Path, text: &str) -> Result<()> {
    let temporary = path.with_extension("tmp");
    std::fs::write(&temporary, text)
        .and_then(|()| std::fs::rename(&temporary, path))
        .with_context(|| format!("can't write {}", path.display()))
}

/// One chain's end, what it tells, its endpoints, who registers the worker there, and who looks at it all.
struct Opened {
    end: ChainEnd,
    events: Arc<dyn EventSource>,
    endpoints: Arc<dyn EndpointPool>,
    registrar: Arc<dyn Registrar>,
    examiner: Arc<dyn Examiner>,
}

fn open_chain(name: &str, config: &ChainConfig) -> Result<Opened> {
    let opened = match &config.kind {
        ChainKind::Evm(config) => evm::open(name, config),
        ChainKind::Substrate(config) => substrate::open(name, config),
    };
    opened.with_context(|| format!("chains.{name}"))
}

fn endpoint_settings(config: &EndpointConfig) -> EndpointSettings {
    let EndpointConfig { name, url, ws_url, priority } = config.clone();
    EndpointSettings { name, url, ws_url, priority }
}
