//! Sends what is stored. Several transactions go out one after the other, while the stage prepares the
//! next ones.

use super::wallet::Troubles;
use crate::{
    clock::{Millis, SharedClock},
    pipeline::{ChainEnd, StageError},
    store::SubmitStore,
};
use phat_connector::{Acceptance, Account, PreparedTransaction, ReportSink, TxHash};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Sends stored transactions.
#[derive(Clone)]
pub(super) struct Broadcaster {
    pub(super) chain: ChainEnd,
    pub(super) store: Arc<dyn SubmitStore>,
    pub(super) clock: SharedClock,
}

impl Broadcaster {
    /// Sends one, and notes it.
    pub(super) async fn send(&self, sink: &dyn ReportSink, hash: TxHash, raw: &[u8]) -> Result<Acceptance, StageError> {
        let acceptance = sink.broadcast(raw).await?;
        self.store.sent(&[hash], Millis::now(&*self.clock)).await?;
        self.chain.doorbells.settle.notify_one();
        Ok(acceptance)
    }

    /// Sends all in their order, up to the first that can't be sent, and notes those that were.
    async fn send_all(
        self,
        sink: Arc<dyn ReportSink>,
        transactions: Vec<PreparedTransaction>,
    ) -> Result<(), StageError> {
        let mut sent = Vec::with_capacity(transactions.len());
        let mut failed = None;
        for transaction in &transactions {
            if let Err(error) = sink.broadcast(&transaction.raw).await {
                failed = Some(error);
                break;
            }
            self.chain.doorbells.settle.notify_one();
            sent.push(transaction.hash);
        }
        if !sent.is_empty() {
            self.store.sent(&sent, Millis::now(&*self.clock)).await?;
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// The transactions that are being sent at the moment. What is dropped here is sent again from its row.
#[derive(Default)]
pub(super) struct Sends {
    hashes: Vec<TxHash>,
    sending: JoinSet<(Account, Result<(), StageError>)>,
}

impl Sends {
    /// Whether the transaction is on its way.
    pub(super) fn contain(&self, hash: &TxHash) -> bool {
        self.hashes.contains(hash)
    }

    /// Begins to send what is stored, beside what other wallets send.
    pub(super) fn begin(
        &mut self,
        broadcaster: &Broadcaster,
        sink: &Arc<dyn ReportSink>,
        transactions: Vec<PreparedTransaction>,
    ) {
        self.hashes.extend(transactions.iter().map(|transaction| transaction.hash));
        let (broadcaster, sink) = (broadcaster.clone(), sink.clone());
        self.sending.spawn(async move { (sink.submitter(), broadcaster.send_all(sink, transactions).await) });
    }

    /// Waits for what was begun.
    pub(super) async fn end(&mut self, troubles: &mut Troubles) {
        while let Some(ended) = self.sending.join_next().await {
            match ended {
                Ok((_, Ok(()))) => {}
                Ok((account, Err(error))) => troubles.note(&account, error),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                // It was stopped with the process.
                Err(_stopped) => {}
            }
        }
        self.hashes.clear();
    }
}
