//! A task that dies takes the pipeline with it, so that whoever supervises the process starts it again.

use crate::{chain::TestChain, world::World};
use async_trait::async_trait;
use phat_connector::{BlockRef, ChainError, Head, ObservedRequest, RequestSource};
use phat_relayer::{
    health::Health,
    pipeline::{ChainEnd, ExecuteSettings, Pipeline, PipelineError, SubmitSettings, WatchSettings},
};
use std::{convert::Infallible, ops::RangeInclusive, sync::Arc, time::Duration};
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;

/// How a source kills the task that asks it.
#[derive(Clone, Copy)]
enum Poison {
    /// Stage `watch` dies of its requests.
    Requests,
    /// The listener dies of its subscription.
    Subscription,
}

struct PoisonedSource {
    inner: TestChain,
    poison: Poison,
}

#[async_trait]
impl RequestSource for PoisonedSource {
    async fn head(&self) -> Result<Head, ChainError> {
        self.inner.head().await
    }
    async fn block(&self, number: u64) -> Result<Option<BlockRef>, ChainError> {
        self.inner.block(number).await
    }
    async fn block_time(&self, number: u64) -> Result<Option<u64>, ChainError> {
        self.inner.block_time(number).await
    }
    async fn requests(&self, blocks: RangeInclusive<u64>) -> Result<Vec<ObservedRequest>, ChainError> {
        match self.poison {
            Poison::Requests => panic!("poison in the requests"),
            Poison::Subscription => self.inner.requests(blocks).await,
        }
    }
    async fn listen(&self, heads: &watch::Sender<u64>) -> Result<Infallible, ChainError> {
        match self.poison {
            Poison::Requests => self.inner.listen(heads).await,
            Poison::Subscription => panic!("poison in the subscription"),
        }
    }
}

/// Runs every stage until one dies or `cancel`.
async fn run(poison: Option<Poison>, cancel: CancellationToken) -> Result<(), PipelineError> {
    let world = World::new().await;
    world.chain.mine();
    let source: Arc<dyn RequestSource> = match poison {
        Some(poison) => Arc::new(PoisonedSource { inner: world.chain.clone(), poison }),
        None => world.end.source.clone(),
    };
    let end = ChainEnd { source, ..world.end.clone() };
    let pipeline = Pipeline {
        store: world.store.clone(),
        enclave: world.enclave.clone(),
        clock: world.clock.clone(),
        health: Health::default(),
        execute: ExecuteSettings { concurrency: 8, lease: Duration::from_secs(60), retry: World::RETRY },
        submit: SubmitSettings {
            batch: 5,
            max_open: 3,
            rebroadcast: Duration::from_secs(30),
            bump_after: Duration::from_secs(60),
            max_bumps: 3,
            expiry_margin: Duration::from_secs(5),
            retry: World::RETRY,
        },
        retry: World::RETRY,
    };
    let watch = WatchSettings { from_block: 0, max_range: 3, overlap: 2 };
    let running = pipeline.run(vec![(end, watch, Duration::from_millis(20))], Vec::new(), cancel);
    timeout(Duration::from_secs(60), running).await.expect("it goes on for ever")
}

#[tokio::test]
async fn a_task_that_dies_ends_the_pipeline_with_its_name_and_its_last_words() {
    for (poison, task, words) in [
        (Poison::Requests, "test/watch", "poison in the requests"),
        (Poison::Subscription, "test/listen", "poison in the subscription"),
    ] {
        let cancel = CancellationToken::new();
        let died = run(Some(poison), cancel.clone()).await.unwrap_err();
        assert_eq!(died.task, task);
        assert!(died.cause.contains(words), "{died}");
        assert!(cancel.is_cancelled(), "what else the process does goes on");
    }
}

#[tokio::test]
async fn a_pipeline_that_is_cancelled_ends_well() {
    let cancel = CancellationToken::new();
    cancel.cancel();
    run(None, cancel).await.unwrap();
}
