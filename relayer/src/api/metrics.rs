//! `GET /metrics`: what the process counted, and what the components say now.

use super::{
    ApiState, COMPONENT_TIMEOUT, Shared,
    chain::{balances, in_time},
};
use crate::{
    clock::Millis,
    health::Component,
    metrics::{
        ErrorKind,
        behind::Behind,
        figures::{ChainFigures, Figures, WalletFigures},
        recorded,
    },
    store::{Steps, StoreError},
};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::future::join_all;
use std::{collections::BTreeMap, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// How long what the components said stands, so that scrapers cost them little.
const FRESH: Duration = Duration::from_secs(5);
/// Steps that are counted in one query.
const STEPS: u32 = 1_000;
/// What Prometheus calls its text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What one scrape leaves to the next. Whoever asks while one is made waits for that one.
pub(super) struct Scrapes {
    started: Duration,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    figures: Option<(Instant, String)>,
    /// How far the steps of requests were counted.
    place: Option<i64>,
    /// What each chain's watching is measured by.
    behind: BTreeMap<String, Behind>,
}

impl Scrapes {
    /// Counts what happens from `started` on, time since the Unix epoch.
    pub(super) fn since(started: Duration) -> Self {
        Self { started, last: Mutex::default() }
    }
}

/// What the process counted and measured, and what its components say now.
///
/// Prometheus' text format, version 0.0.4. What components say stands for five seconds.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = "health",
    responses((status = 200, description = "The metrics.", body = String, content_type = "text/plain"))
)]
pub(super) async fn show(State(api): State<Shared>) -> Response {
    let mut last = api.scrapes.last.lock().await;
    // Time may run out in the middle: what was counted is counted, and the rest comes next time.
    if let Ok(Err(error)) = timeout(COMPONENT_TIMEOUT, count(&api.state, &api.scrapes, &mut last.place)).await {
        tracing::warn!(%error, "the steps of requests can't be counted");
    }
    let fresh = last.figures.as_ref().filter(|(made, _)| made.elapsed() < FRESH).map(|(_, text)| text.clone());
    let figures = match fresh {
        Some(text) => text,
        None => {
            let text = look(&api.state, api.scrapes.started, &mut last.behind).await.exposition().text();
            last.figures = Some((Instant::now(), text.clone()));
            text
        }
    };
    drop(last);
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], recorded().text() + &figures).into_response()
}

/// Counts the steps that were committed since the last time.
async fn count(state: &ApiState, scrapes: &Scrapes, place: &mut Option<i64>) -> Result<(), StoreError> {
    let started = Millis(i64::try_from(scrapes.started.as_millis()).unwrap_or(i64::MAX));
    let mut after = match *place {
        Some(place) => place,
        None => state.figures.place(started).await?,
    };
    loop {
        *place = Some(after);
        let Steps { steps, reached } = state.figures.steps(after, STEPS).await?;
        let Some(reached) = reached else { return Ok(()) };
        after = reached;
        for (chain, step) in steps {
            match step {
                Ok(step) => recorded().life.stepped(&step),
                Err(error) => {
                    tracing::error!(chain, %error, "a step can't be counted");
                    let kind = ErrorKind { component: "database", kind: error.kind() };
                    recorded().stages.met(&chain, "metrics", kind);
                }
            }
        }
    }
}

/// Asks every component, each within its own time.
async fn look(state: &ApiState, started: Duration, behind: &mut BTreeMap<String, Behind>) -> Figures {
    let now = state.clock.now();
    let enclave = async { timeout(COMPONENT_TIMEOUT, state.enclave.status()).await.ok()?.ok() };
    let chains = join_all(state.chains.keys().map(|name| look_at_chain(state, name)));
    let pauses = async { timeout(COMPONENT_TIMEOUT, state.admin.pauses()).await.ok()?.ok() };
    let (enclave, chains, pauses) = tokio::join!(enclave, chains, pauses);
    let mut chains: BTreeMap<String, ChainFigures> = chains.into_iter().collect();
    for (name, figures) in &mut chains {
        figures.paused = pauses.as_ref().map(|pauses| pauses.chains.contains_key(name));
        let (Some(head), Some(queues)) = (&figures.head, &figures.queues) else { continue };
        figures.behind = Some(behind.entry(name.clone()).or_default().seen(queues.watched, head, now));
    }
    let mut components = vec![Component::Database, Component::Enclave];
    components.extend(state.chains.keys().cloned().map(Component::Chain));
    let troubles = components.into_iter().map(|component| {
        let count = state.health.troubles(&component, &[]).len();
        (component.to_string(), count)
    });
    Figures { now, started, chains, enclave, troubles: troubles.collect() }
}

async fn look_at_chain(state: &ApiState, name: &str) -> (String, ChainFigures) {
    let Some(chain) = state.chains.get(name) else { return (name.to_owned(), ChainFigures::default()) };
    let queues = async { timeout(COMPONENT_TIMEOUT, state.figures.queues(name)).await.ok()?.ok() };
    let (queues, head, balances) = tokio::join!(queues, in_time(chain.source.head()), balances(chain));
    let wallets = balances.into_iter().map(|(submitter, balance)| WalletFigures {
        account: submitter.account(),
        balance: balance.ok(),
        min_balance: submitter.min_balance,
    });
    let wallets = wallets.collect();
    let (head, endpoints) = (head.ok(), chain.endpoints.endpoints());
    (name.to_owned(), ChainFigures { queues, head, wallets, endpoints, ..ChainFigures::default() })
}

/// Counts every answer of the API by the template of its route.
pub(super) async fn observe(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let method = known(request.method());
    let began = Instant::now();
    let response = next.run(request).await;
    let route = path.as_ref().map_or("none", MatchedPath::as_str);
    recorded().http.answered(route, method, response.status().as_u16(), began.elapsed());
    response
}

/// HTTP's own methods by name: anyone can send any other.
fn known(method: &Method) -> &'static str {
    const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}
