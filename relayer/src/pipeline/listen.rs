//! Rings `watch` on every new block that a subscription shows. Nothing depends on it but latency.

use super::{ChainEnd, observe, retry::RetrySettings};
use std::sync::atomic::Ordering;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(super) async fn run(chain: ChainEnd, retry: RetrySettings, cancel: CancellationToken) {
    let (heads, mut seen) = watch::channel(0);
    let mut waits = retry.waits();
    loop {
        let listened = async {
            let rung = async {
                while seen.changed().await.is_ok() {
                    chain.doorbells.announced.fetch_max(*seen.borrow_and_update(), Ordering::Relaxed);
                    chain.doorbells.watch.notify_one();
                    chain.doorbells.settle.notify_one();
                }
            };
            tokio::select! {
                listened = chain.source.listen(&heads) => listened.map(|never| match never {}),
                () = rung => Ok(()),
            }
        };
        let before = *heads.borrow();
        tokio::select! {
            () = cancel.cancelled() => return,
            listened = listened => if let Err(cause) = listened {
                if *heads.borrow() != before {
                    waits.reset();
                }
                let wait = waits.next();
                observe::listening_failed(&chain.name, &cause, wait);
                tokio::select! {
                    () = cancel.cancelled() => return,
                    () = tokio::time::sleep(wait) => {}
                }
            }
        }
    }
}
