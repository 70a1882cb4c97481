use crate::{BlockRef, ChainError, Head, TxHash};
use async_trait::async_trait;
use phat_protocol::{Request, RequestId};
use std::{convert::Infallible, ops::RangeInclusive};
use tokio::sync::watch;

/// A request as the chain shows it. The id was recomputed from the content and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedRequest {
    /// The request's id.
    pub id: RequestId,
    /// Everything that the id binds.
    pub request: Request,
    /// What was asked; its hash is in the request.
    pub payload: Vec<u8>,
    /// The block that holds it.
    pub block: BlockRef,
    /// The transaction that made it.
    pub transaction: TxHash,
}

/// Where requests come from. Stage `watch` reads them; the API shows where the chain stands.
#[async_trait]
pub trait RequestSource: Send + Sync {
    /// The chain's head and the newest block that counts. `watch` calls it once a round.
    async fn head(&self) -> Result<Head, ChainError>;

    /// The canonical block at `number`; none when the chain is shorter. `watch` compares it with
    /// what it stored, to notice a reorganisation.
    async fn block(&self, number: u64) -> Result<Option<BlockRef>, ChainError>;

    /// The time of the canonical block at `number`, unix seconds; none when the chain is shorter. The API tells by
    /// it how far behind a chain was watched.
    async fn block_time(&self, number: u64) -> Result<Option<u64>, ChainError>;

    /// All requests made in `blocks`, in order. A log whose content doesn't hash to its id is
    /// dropped and reported as an event: it is a lie of the endpoint or no oracle of ours.
    async fn requests(&self, blocks: RangeInclusive<u64>) -> Result<Vec<ObservedRequest>, ChainError>;

    /// The most blocks of which one query is expected to tell all requests, as far as past queries showed; at
    /// least 1. More may be asked for, and take several queries. `watch` and `rescan` read no more at once, so
    /// that what was read is kept before more is asked for.
    fn reach(&self) -> u64 {
        u64::MAX
    }

    /// Rings `heads` with the height of every new block, until the connection fails. Nothing
    /// depends on it but latency. Where there is no subscription it never returns.
    async fn listen(&self, heads: &watch::Sender<u64>) -> Result<Infallible, ChainError>;
}
