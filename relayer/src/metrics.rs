//! What the process counts and measures, as Prometheus reads it.
//!
//! Like the log, the counters belong to the process and are written from wherever something happens:
//! [`recorded`] is the one place. What can be looked up is not counted but read when it is asked for
//! ([`figures`]), so that it is right after a restart. Label values are names of the configuration or
//! of closed sets, the relayer's own accounts among them; no request, contract, account or text from
//! outside is one, since those are without bound.

pub(crate) mod behind;
mod calls;
mod commits;
mod exposition;
pub(crate) mod figures;
mod http;
mod jobs;
mod life;
mod stages;

pub(crate) use calls::CallsOf;
pub(crate) use exposition::Exposition;
pub(crate) use stages::{ErrorKind, Fate};

use calls::Calls;
use commits::Commits;
use http::Http;
use jobs::Jobs;
use life::Life;
use stages::Stages;
use std::sync::LazyLock;

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    exposition: Exposition,
    /// The stages' work.
    pub(crate) stages: Stages,
    /// The ways of requests through their states.
    pub(crate) life: Life,
    /// Calls to the chains' endpoints.
    pub(crate) calls: Calls,
    /// Commits to the database.
    pub(crate) commits: Commits,
    /// Calls of the HTTP API.
    pub(crate) http: Http,
    /// What jobs did.
    pub(crate) jobs: Jobs,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let mut exposition = Exposition::default();
    let (stages, life) = (Stages::new(&mut exposition), Life::new(&mut exposition));
    let (calls, commits) = (Calls::new(&mut exposition), Commits::new(&mut exposition));
    let (http, jobs) = (Http::new(&mut exposition), Jobs::new(&mut exposition));
    Metrics { exposition, stages, life, calls, commits, http, jobs }
});

/// What this process counted so far.
pub(crate) fn recorded() -> &'static Metrics {
    &METRICS
}

impl Metrics {
    /// All of it in Prometheus' text format.
    pub(crate) fn text(&self) -> String {
        self.exposition.text()
    }
}

#[cfg(test)]
mod tests;
