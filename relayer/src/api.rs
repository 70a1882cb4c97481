//! The HTTP API: what the relayer knows, for anyone who can reach it, and writes for those with the
//! token. Every answer is JSON; every error is a problem as RFC 9457 describes it.
//!
//! Loopback unless the operator says otherwise (`api.public`).

mod action;
mod admin;
mod answer;
mod auth;
mod call;
mod chain;
mod contract;
mod docs;
mod endpoint;
mod events;
mod extract;
mod finding;
mod job;
mod metadata;
mod metrics;
mod openapi;
mod problem;
mod ready;
mod registrar;
mod request;
mod serve;
mod simulate;
mod stall;
mod status;
mod unopened;
mod wallet;
mod worker;

pub(crate) use answer::whole_number;
pub use answer::{
    ActOrder, ActedAnswer, CallAnswer, CallContract, ChainAnswer, ChainsAnswer, CodeAnswer, ContractAnswer,
    ContractSummary, ContractsAnswer, DeployContract, EndpointAnswer, FailedRunAnswer, JobAnswer, JobOrder, JobResult,
    JobRunAnswer, JobRunOrdered, JobRunState, JobRunsAnswer, JobSkip, JobsAnswer, Liveness, MetadataAnswer,
    PauseAnswer, PauseOrder, QuoteAnswer, Readiness, ReadinessComponent, RecentRunsAnswer, RegisteredAnswer,
    ReportAnswer, RequestAnswer, RequestCounts, RequestsAnswer, RescanAnswer, RescanCancelledAnswer, RescanOrder,
    ResumeAnswer, RetryAnswer, SimulateContract, SimulationAnswer, StateSpan, StatusAnswer, StatusReason, Verdict,
    WaitingAnswer, WalletAnswer, WorkerAnswer, WorkerOnChain,
};
pub use job::ApiJobs;
pub use openapi::openapi;
use problem::PROBLEM;
pub use problem::{Problem, ProblemKind};
pub use registrar::{Registered, Registrar, RegistrarError};
pub(crate) use request::rfc3339;
pub use serve::serve;
pub use unopened::unopened;

use crate::{
    clock::{Millis, SharedClock},
    config::{ApiToken, StatusConfig},
    health::Health,
    pipeline::{Doorbells, Submitters},
    store::{AdminStore, CatalogueStore, EventStore, ExecuteStore, FigureStore, ReadStore},
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    middleware::{from_fn, from_fn_with_state, map_response},
    response::Response,
};
use bytes::Bytes;
use phat_connector::{EndpointPool, Finality, OracleStatus, RequestSource};
use phat_enclave_api::Enclave;
use phat_protocol::Chain;
use std::{collections::BTreeMap, num::NonZeroU32, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt as _},
    routes,
};

/// The longest body of any write but code, in bytes: hexadecimal init data of 64 KiB, and room.
const BODY_LIMIT: usize = 256 * 1024;
/// The longest code, and the longest call with its hexadecimal input, in bytes: what the enclave takes
/// at its default limits, which decide, is half of it.
const CODE_LIMIT: usize = 4 * 1024 * 1024;
/// How long any one component may take to answer: an endpoint that hangs must not hang the API.
const COMPONENT_TIMEOUT: Duration = Duration::from_secs(2);

/// What the API speaks for.
#[derive(Clone)]
pub struct ApiState {
    /// What the database knows.
    pub read: Arc<dyn ReadStore>,
    /// What the metrics read.
    pub figures: Arc<dyn FigureStore>,
    /// The contracts deployed here.
    pub catalogue: Arc<dyn CatalogueStore>,
    /// Where ignored requests are looked at again once their contract is here.
    pub execute: Arc<dyn ExecuteStore>,
    /// What the operator's orders are written to.
    pub admin: Arc<dyn AdminStore>,
    /// What happened.
    pub events: Arc<dyn EventStore>,
    /// The jobs.
    pub jobs: ApiJobs,
    /// The enclave.
    pub enclave: Arc<dyn Enclave>,
    /// The chains, by their configured names.
    pub chains: BTreeMap<String, ApiChain>,
    /// What the pipeline's tasks met last.
    pub health: Health,
    /// The time.
    pub clock: SharedClock,
    /// What writes must carry; none refuses them all.
    pub token: Option<ApiToken>,
    /// Where the token would be read from, to say so.
    pub token_file: PathBuf,
    /// Whether a worker that nothing vouches for is accepted.
    pub allow_simulated: bool,
    /// The most streams of events that are open at once.
    pub max_streams: NonZeroU32,
    /// Ends the streams when the relayer stops.
    pub stopping: CancellationToken,
    /// From where on `/v1/status` complains.
    pub bounds: StatusConfig,
}

/// One chain, as the API looks at it.
#[derive(Clone)]
pub struct ApiChain {
    /// The chain, as its oracle's requests name it.
    pub chain: Chain,
    /// What the oracle says.
    pub status: Arc<dyn OracleStatus>,
    /// Where the chain stands.
    pub source: Arc<dyn RequestSource>,
    /// Its endpoints.
    pub endpoints: Arc<dyn EndpointPool>,
    /// When a block counts, as it was configured.
    pub finality: Finality,
    /// The wallets.
    pub submitters: Submitters,
    /// Who registers the worker there.
    pub registrar: Arc<dyn Registrar>,
    /// What wakes its stages when a write gives them something to do.
    pub doorbells: Doorbells,
}

/// What every handler sees.
type Shared = Arc<Api>;

struct Api {
    state: ApiState,
    readiness: ready::Cache,
    scrapes: metrics::Scrapes,
    status: status::Cache,
    /// When the API began to serve.
    started: Millis,
    /// What `/openapi.json` answers.
    description: Bytes,
    /// One permit for each stream of events.
    streams: Arc<Semaphore>,
}

impl Api {
    /// The chain that is configured under the name.
    fn chain(&self, name: &str) -> Result<&ApiChain, Problem> {
        self.state.chains.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.state.chains.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Problem::new(ProblemKind::NotFound, format!("no chain is called {name:?}; configured: {known}"))
        })
    }
}

/// The API's routes.
pub fn router(state: ApiState) -> Router {
    let streams = Semaphore::new(usize::try_from(state.max_streams.get()).unwrap_or(Semaphore::MAX_PERMITS));
    let scrapes = metrics::Scrapes::since(state.clock.now());
    let started = Millis::now(&*state.clock);
    let api = Arc::new(Api {
        state,
        scrapes,
        readiness: ready::Cache::default(),
        status: status::Cache::default(),
        started,
        description: openapi::rendered(),
        streams: Arc::new(streams),
    });
    let token = from_fn_with_state(Arc::clone(&api), auth::require_token);
    Router::from(reads())
        .merge(Router::from(writes()).route_layer(token))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(map_response(no_sniffing))
        .layer(from_fn(metrics::observe))
        .with_state(api)
}

/// Has browsers take an answer for what it says that it is.
async fn no_sniffing(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// What anyone may call. Routes are made of handlers that describe themselves alone, so that none is
/// missing in the description.
fn reads() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(ready::live))
        .routes(routes!(ready::ready))
        .routes(routes!(metrics::show))
        .routes(routes!(status::status))
        .routes(routes!(request::list))
        .routes(routes!(request::counts))
        .routes(routes!(request::show))
        .routes(routes!(contract::list))
        .routes(routes!(contract::show))
        .routes(routes!(metadata::show))
        .routes(routes!(chain::list))
        .routes(routes!(chain::show))
        .routes(routes!(job::list))
        .routes(routes!(job::show))
        .routes(routes!(job::runs))
        .routes(routes!(worker::show))
        .routes(routes!(worker::quote))
        .routes(routes!(events::stream))
        .routes(routes!(openapi::show))
        .routes(routes!(docs::enter))
        .routes(routes!(docs::page))
        .routes(routes!(docs::asset))
}

/// What needs the token.
fn writes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(contract::put_code).layer(DefaultBodyLimit::max(CODE_LIMIT)))
        .routes(routes!(metadata::put).layer(DefaultBodyLimit::max(CODE_LIMIT)))
        .routes(routes!(contract::deploy))
        .routes(routes!(simulate::simulate))
        .routes(routes!(call::call).layer(DefaultBodyLimit::max(CODE_LIMIT)))
        .routes(routes!(action::act).layer(DefaultBodyLimit::max(CODE_LIMIT)))
        .routes(routes!(job::add))
        .routes(routes!(job::remove))
        .routes(routes!(job::pause))
        .routes(routes!(job::resume))
        .routes(routes!(job::run))
        .routes(routes!(worker::register))
        .routes(routes!(admin::retry))
        .routes(routes!(admin::pause_chain))
        .routes(routes!(admin::resume_chain))
        .routes(routes!(admin::rescan, admin::cancel_rescan))
        .routes(routes!(admin::pause_contract))
        .routes(routes!(admin::resume_contract))
}
