//! From reports to transactions: which of them the oracle would take, and how many one transaction
//! carries.

use super::{SubmitStage, wallet::Wallet};
use crate::{
    clock::Millis,
    pipeline::{StageError, observe},
    store::{NewAttempt, ReadyReport, RefusedReport, Suspect},
};
use futures_util::future::join_all;
use phat_connector::{ChainError, Entry, EntryRefusal, Head, PreparedTransaction};
use phat_protocol::{OracleChain, RequestId};

/// Reports that go into one transaction.
pub(super) struct Batch {
    requests: Vec<RequestId>,
    entries: Vec<Entry>,
    /// How often the first of them was tried before.
    tries: u32,
}

/// What was made of batches.
pub(super) struct Signed {
    /// For the batches from the first on, with nonces in their order.
    pub(super) attempts: Vec<NewAttempt>,
    /// What stopped it.
    pub(super) stopped: Option<StageError>,
}

impl SubmitStage {
    /// The reports that the oracle would take now, and those that may be over. The others wait.
    pub(super) async fn admitted(
        &self,
        ready: Vec<ReadyReport>,
    ) -> Result<(Vec<ReadyReport>, Vec<Suspect>, Head), StageError> {
        let entries: Vec<Entry> = ready.iter().map(|report| report.entry.clone()).collect();
        let (head, refusals) = tokio::try_join!(self.chain.source.head(), self.chain.status.refusals(&entries))?;
        let deadline = head.timestamp.saturating_add(self.settings.expiry_margin.as_secs());
        let (mut admitted, mut refused, mut over) = (Vec::new(), Vec::new(), Vec::new());
        for (report, refusal) in ready.into_iter().zip(refusals) {
            let expires_at = report.entry.request.expires_at();
            if refusal == Some(EntryRefusal::NotPending) {
                over.push(Suspect { id: report.id, block: report.block, expires_at });
            }
            match refusal.or((expires_at <= deadline).then_some(EntryRefusal::Expired)) {
                None => admitted.push(report),
                Some(refusal) => refused.push((report.id, report.tries, refusal)),
            }
        }
        self.put_off(&refused).await?;
        Ok((admitted, over, head))
    }

    /// Parts the reports into at most `room` transactions, in one pass.
    pub(super) fn batches(&self, admitted: &[ReadyReport], room: usize, gas_limit: u64) -> Vec<Batch> {
        let most = usize::try_from(self.settings.batch.max(1)).unwrap_or(usize::MAX);
        let mut batches = Vec::new();
        let mut rest = admitted;
        while !rest.is_empty() && batches.len() < room {
            let mut entries: Vec<Entry> = rest.iter().take(most).map(|report| report.entry.clone()).collect();
            entries.truncate(self.chain.submitters.first().fitting(&entries, gas_limit).max(1));
            let (batch, later) = rest.split_at(entries.len());
            let tries = batch.first().map_or(0, |report| report.tries);
            batches.push(Batch { requests: batch.iter().map(|report| report.id).collect(), entries, tries });
            rest = later;
        }
        batches
    }

    /// Signs a transaction for each batch, all at once. The attempts end before the first batch for
    /// which there is none, so that no nonce is left out.
    pub(super) async fn sign(&self, wallet: &Wallet<'_>, batches: Vec<Batch>) -> Signed {
        let fees = wallet.outlook.fees;
        let signing = batches.into_iter().zip(wallet.free_nonces()).map(|(batch, nonce)| async move {
            let prepared = wallet.sink.prepare(&batch.entries, nonce, fees).await;
            (batch, nonce, prepared)
        });
        let mut attempts = Vec::new();
        for (batch, nonce, prepared) in join_all(signing).await {
            match prepared {
                Ok(prepared) => attempts.push(self.attempt(wallet, batch.requests, prepared)),
                Err(error) => {
                    let stopped = match declined(&error) {
                        Some(reason) => self.sign_first(wallet, batch, nonce, reason, &mut attempts).await,
                        None => Err(error.into()),
                    };
                    return Signed { attempts, stopped: stopped.err() };
                }
            }
        }
        Signed { attempts, stopped: None }
    }

    /// The batch would revert as a whole, which no entry of it should be able to bring about: the
    /// first goes alone, or waits, so that the others get on.
    async fn sign_first(
        &self,
        wallet: &Wallet<'_>,
        batch: Batch,
        nonce: u64,
        reason: String,
        attempts: &mut Vec<NewAttempt>,
    ) -> Result<(), StageError> {
        let (Some(first), Some(id)) = (batch.entries.get(..1), batch.requests.first()) else { return Ok(()) };
        let reason = if batch.entries.len() == 1 {
            reason
        } else {
            match wallet.sink.prepare(first, nonce, wallet.outlook.fees).await {
                Ok(prepared) => {
                    attempts.push(self.attempt(wallet, vec![*id], prepared));
                    return Ok(());
                }
                Err(error) => match declined(&error) {
                    Some(reason) => reason,
                    None => return Err(error.into()),
                },
            }
        };
        self.put_off(&[(*id, batch.tries, EntryRefusal::Other(reason))]).await
    }

    pub(super) fn attempt(
        &self,
        wallet: &Wallet<'_>,
        requests: Vec<RequestId>,
        transaction: PreparedTransaction,
    ) -> NewAttempt {
        NewAttempt { chain: self.chain.name.to_string(), submitter: wallet.account.clone(), requests, transaction }
    }

    /// Puts reports off, each for longer the more often it was tried.
    async fn put_off(&self, refused: &[(RequestId, u32, EntryRefusal)]) -> Result<(), StageError> {
        let now = Millis::now(&*self.clock);
        let mut put_off = Vec::with_capacity(refused.len());
        for (id, tries, refusal) in refused {
            observe::refused(&self.chain.name, *id, refusal);
            let next_try_at = now.after(self.settings.retry.after_tries(*tries));
            put_off.push(RefusedReport { id: *id, refusal: refusal.clone(), next_try_at });
        }
        self.store.put_off(&put_off, now).await?;
        Ok(())
    }
}

/// The words with which the chain declined to run a transaction. Nodes that show no revert's data
/// answer an error of their own.
fn declined(error: &ChainError) -> Option<String> {
    match error {
        ChainError::Reverted { reason } => Some(reason.clone()),
        ChainError::Node { transient: true, message, .. } => Some(message.clone()),
        ChainError::Node { transient: false, .. }
        | ChainError::Unreachable { .. }
        | ChainError::RateLimited { .. }
        | ChainError::WrongChain { .. }
        | ChainError::Behind { .. }
        | ChainError::Disagreement { .. }
        | ChainError::NoOracle { .. }
        | ChainError::Malformed { .. }
        | ChainError::NotSigned { .. }
        | ChainError::InsufficientFunds { .. } => None,
    }
}
