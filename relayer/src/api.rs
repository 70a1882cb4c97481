//! The HTTP API: what the relayer knows, for anyone who can reach it, and writes for those with the
//! token. Every answer is JSON; every error is a problem as RFC 9457 describes it.
//!
//! Loopback unless the operator says otherwise (`api.public`).

mod answer;
mod auth;
mod chain;
mod contract;
mod extract;
mod problem;
mod ready;
mod registrar;
mod request;
mod serve;
mod worker;

pub use answer::{
    ChainAnswer, ChainsAnswer, CodeAnswer, ContractAnswer, ContractsAnswer, DeployContract, Readiness,
    ReadinessComponent, RegisteredAnswer, RequestsAnswer, WorkerAnswer, WorkerOnChain,
};
pub use problem::{Problem, ProblemKind};
pub use registrar::{Registered, Registrar, RegistrarError};
pub use serve::serve;

use crate::{
    clock::SharedClock,
    config::ApiToken,
    health::Health,
    store::{CatalogueStore, ExecuteStore, ReadStore},
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{get, post, put},
};
use phat_connector::{OracleStatus, ReportSink, RequestSource};
use phat_enclave_api::Enclave;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// The longest body of any write but code, in bytes: hexadecimal init data of 64 KiB, and room.
const BODY_LIMIT: usize = 256 * 1024;
/// The longest code, in bytes: twice the enclave's default limit, which decides.
const CODE_LIMIT: usize = 4 * 1024 * 1024;
/// How long any one component may take to answer: an endpoint that hangs must not hang the API.
const COMPONENT_TIMEOUT: Duration = Duration::from_secs(2);

/// What the API speaks for.
#[derive(Clone)]
pub struct ApiState {
    /// What the database knows.
    pub read: Arc<dyn ReadStore>,
    /// The contracts deployed here.
    pub catalogue: Arc<dyn CatalogueStore>,
    /// Where ignored requests are looked at again once their contract is here.
    pub execute: Arc<dyn ExecuteStore>,
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
}

/// One chain, as the API looks at it.
#[derive(Clone)]
pub struct ApiChain {
    /// What the oracle says.
    pub status: Arc<dyn OracleStatus>,
    /// Where the chain stands.
    pub source: Arc<dyn RequestSource>,
    /// The wallet.
    pub sink: Arc<dyn ReportSink>,
    /// Who registers the worker there.
    pub registrar: Arc<dyn Registrar>,
    /// Rung when requests may wait for execution that did not before.
    pub doorbell: Arc<Notify>,
}

/// What every handler sees.
type Shared = Arc<Api>;

struct Api {
    state: ApiState,
    readiness: ready::Cache,
}

/// The API's routes.
pub fn router(state: ApiState) -> Router {
    let api = Arc::new(Api { state, readiness: ready::Cache::default() });
    let token = || from_fn_with_state(Arc::clone(&api), auth::require_token);
    Router::new()
        .route("/live", get(ready::live))
        .route("/ready", get(ready::ready))
        .route("/v1/requests", get(request::list))
        .route("/v1/requests/{id}", get(request::show))
        .route("/v1/code", put(contract::put_code).layer(DefaultBodyLimit::max(CODE_LIMIT)).route_layer(token()))
        .route("/v1/contracts", post(contract::deploy).route_layer(token()).get(contract::list))
        .route("/v1/contracts/{id}", get(contract::show))
        .route("/v1/chains", get(chain::list))
        .route("/v1/chains/{name}/worker", post(worker::register).route_layer(token()))
        .route("/v1/worker", get(worker::show))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(api)
}
