use super::Submitters;
use phat_connector::{OracleStatus, RequestSource};
use std::sync::{Arc, atomic::AtomicU64};
use tokio::sync::Notify;

/// One chain as the pipeline sees it. Clones share everything.
#[derive(Clone)]
pub struct ChainEnd {
    /// Its configured name.
    pub name: Arc<str>,
    /// Where its requests come from.
    pub source: Arc<dyn RequestSource>,
    /// Where its reports go.
    pub submitters: Submitters,
    /// What became of both.
    pub status: Arc<dyn OracleStatus>,
    /// What wakes its stages.
    pub doorbells: Doorbells,
}

impl std::fmt::Debug for ChainEnd {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ChainEnd").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What wakes the stages of one chain before their interval is over. A ring that nobody hears costs
/// latency alone: the rows are the queue.
#[derive(Clone, Debug, Default)]
pub struct Doorbells {
    /// A new block may be there.
    pub watch: Arc<Notify>,
    /// An operator may have ordered old blocks to be gone over again.
    pub rescan: Arc<Notify>,
    /// A request may wait to be executed.
    pub execute: Arc<Notify>,
    /// A report may wait to be submitted.
    pub submit: Arc<Notify>,
    /// A transaction may have been mined.
    pub settle: Arc<Notify>,
    /// The highest block that a subscription announced.
    pub announced: Arc<AtomicU64>,
}
